//! Streams text for ever, without ever waiting for anything.

use wharf_provider_sdk::{Error, Event, EventStream, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct NeverEndsStream;

wharf_provider_sdk::provider!(NeverEndsStream);

impl Provider for NeverEndsStream {
    type Stream = Endless;

    wharf_test_guests::plain!("never-ends-stream");

    fn generate(_request: Request) -> Result<Response, Error> {
        Ok(Response::text("a whole answer does end"))
    }

    fn stream(_request: Request) -> Result<Endless, Error> {
        Ok(Endless)
    }
}

/// A stream without an end.
#[derive(Debug)]
pub struct Endless;

impl EventStream for Endless {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        Ok(vec![Event::Text("more ".to_owned())])
    }
}
