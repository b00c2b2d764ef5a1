//! Calls itself until the stack ends.

use std::hint::black_box;

use wharf_provider_sdk::{Error, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct Recurses;

wharf_provider_sdk::provider!(Recurses);

impl Provider for Recurses {
    wharf_test_guests::plain!("recurses");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text(deeper(0).to_string()))
    }
}

/// What follows the inner call keeps the compiler from making a loop of it; its end is never reached.
fn deeper(depth: u64) -> u64 {
    if black_box(depth) == u64::MAX {
        return 0;
    }
    deeper(depth + 1).wrapping_add(black_box(depth))
}
