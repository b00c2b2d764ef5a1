//! Pulls a model for ever, without ever waiting for anything.

use wharf_provider_sdk::{
    Capabilities, Error, ErrorKind, Model, Models, Provider, PullProgress, PullStream, Request, Response,
};

/// The provider.
#[derive(Debug)]
pub struct NeverEndsPull;

wharf_provider_sdk::provider!(NeverEndsPull: Models);

impl Provider for NeverEndsPull {
    wharf_test_guests::plain!("never-ends-pull");
    wharf_test_guests::streams_its_answer!();

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("a whole answer does end"))
    }
}

impl Models for NeverEndsPull {
    type Pull = Endless;

    fn list() -> Result<Vec<Model>, Error> {
        Ok(Vec::new())
    }

    fn show(_id: String) -> Result<(Model, Capabilities), Error> {
        Err(Error::new(ErrorKind::NotFound, "no model is there yet"))
    }

    fn pull(_id: String) -> Result<Endless, Error> {
        Ok(Endless)
    }
}

/// A pull without an end, with a status that is far too long.
#[derive(Debug)]
pub struct Endless;

impl PullStream for Endless {
    fn next(&mut self) -> Result<Vec<PullProgress>, Error> {
        Ok(vec![PullProgress::new("fetching ".repeat(1000))])
    }
}
