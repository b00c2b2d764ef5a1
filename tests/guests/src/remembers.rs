//! Keeps what it is told: each answer lists the texts of all requests that this memory has seen.

use std::sync::{Mutex, PoisonError};

use wharf_provider_sdk::{Error, Part, Provider, Request, Response};

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The provider.
#[derive(Debug)]
pub struct Remembers;

wharf_provider_sdk::provider!(Remembers);

impl Provider for Remembers {
    wharf_test_guests::plain!("remembers");
    wharf_test_guests::streams_its_answer!();

    fn generate(request: Request) -> Result<Response, Error> {
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        for message in request.messages {
            for part in message.parts {
                if let Part::Text(text) = part {
                    heard.push(text.text);
                }
            }
        }
        Ok(Response::text(heard.join(",")))
    }
}
