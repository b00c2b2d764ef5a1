//! Gives itself a name that no provider may have.

use wharf_provider_sdk::{Capabilities, Error, Manifest, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct BadManifest;

wharf_provider_sdk::provider!(BadManifest);

impl Provider for BadManifest {
    wharf_test_guests::streams_its_answer!();

    fn describe() -> Manifest {
        wharf_test_guests::manifest("My Great Provider")
    }

    fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> {
        Ok(Capabilities::default())
    }

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("nobody gets here"))
    }
}
