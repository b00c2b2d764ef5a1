//! Crashes as soon as it is asked what it is.

use wharf_provider_sdk::{Capabilities, Error, Manifest, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct FailsDescribe;

wharf_provider_sdk::provider!(FailsDescribe);

impl Provider for FailsDescribe {
    wharf_test_guests::streams_its_answer!();

    fn describe() -> Manifest {
        panic!("this provider does not know what it is")
    }

    fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> {
        Ok(Capabilities::default())
    }

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("nobody gets here"))
    }
}
