//! Takes handles to things of the host and forgets them.

use wharf_provider_sdk::bindings::wasi::http::types::Fields;
use wharf_provider_sdk::{Error, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct LeaksHandles;

wharf_provider_sdk::provider!(LeaksHandles);

impl Provider for LeaksHandles {
    wharf_test_guests::plain!("leaks-handles");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        loop {
            std::mem::forget(Fields::new());
        }
    }
}
