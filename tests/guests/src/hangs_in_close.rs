//! Answers, and then does not let go: `close` never returns.

use wharf_provider_sdk::{Error, Provider, Request, Response, config};

/// The provider.
#[derive(Debug)]
pub struct HangsInClose;

wharf_provider_sdk::provider!(HangsInClose);

impl Provider for HangsInClose {
    wharf_test_guests::plain!("hangs-in-close");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("here it is"))
    }

    /// Busy, with calls to the host in between, which no sleep could be.
    fn close() {
        while config::get::<String>("never set").is_ok() {}
    }
}
