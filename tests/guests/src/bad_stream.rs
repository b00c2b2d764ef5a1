//! A stream that begins well and then breaks off with an error.

use wharf_provider_sdk::{Error, ErrorKind, Event, EventStream, Provider, Request, Response, Start};

/// The provider.
#[derive(Debug)]
pub struct BadStream;

wharf_provider_sdk::provider!(BadStream);

impl Provider for BadStream {
    type Stream = BreaksOff;

    wharf_test_guests::plain!("bad-stream");

    fn generate(_request: Request) -> Result<Response, Error> {
        Err(overloaded())
    }

    fn stream(_request: Request) -> Result<BreaksOff, Error> {
        Ok(BreaksOff { started: false })
    }
}

fn overloaded() -> Error {
    Error {
        retry_after_ms: Some(1500),
        sent: true,
        ..Error::new(ErrorKind::Overloaded, "no capacity left")
    }
}

/// A stream of one batch.
#[derive(Debug)]
pub struct BreaksOff {
    started: bool,
}

impl EventStream for BreaksOff {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        if std::mem::replace(&mut self.started, true) {
            return Err(overloaded());
        }
        Ok(vec![
            Event::Start(Start::default()),
            Event::Text("a beginning".to_owned()),
        ])
    }
}
