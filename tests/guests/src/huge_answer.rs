//! Answers with as many bytes as the request's option `bytes` says.

use wharf_provider_sdk::{Error, Provider, Request, Response};
use wharf_test_guests::number_option;

/// The provider.
#[derive(Debug)]
pub struct HugeAnswer;

wharf_provider_sdk::provider!(HugeAnswer);

impl Provider for HugeAnswer {
    wharf_test_guests::plain!("huge-answer");
    wharf_test_guests::streams_its_answer!();

    fn generate(request: Request) -> Result<Response, Error> {
        Ok(Response::text(
            "x".repeat(number_option(&request, "bytes").unwrap_or(0)),
        ))
    }
}
