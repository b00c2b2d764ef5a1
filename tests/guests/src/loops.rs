//! Never returns and never waits. With the option `host_calls` every turn makes a cheap call of the host, so that
//! most interruptions find the guest just back from one.

use std::hint::black_box;

use serde_json::Value;
use wharf_provider_sdk::{Error, Provider, Request, Response, config};

/// The provider.
#[derive(Debug)]
pub struct Loops;

wharf_provider_sdk::provider!(Loops);

impl Provider for Loops {
    wharf_test_guests::plain!("loops");
    wharf_test_guests::streams_its_answer!();

    fn generate(request: Request) -> Result<Response, Error> {
        let host_calls = request.option("host_calls").is_some();
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
            if host_calls {
                black_box(config::get::<Value>("no such setting").is_ok());
            }
        }
    }
}
