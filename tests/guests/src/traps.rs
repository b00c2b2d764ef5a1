//! Crashes: in `generate` unless the request has the option `behave`, in a stream at its second step.

use wharf_provider_sdk::{Error, Event, EventStream, Provider, Request, Response};

/// The provider.
#[derive(Debug)]
pub struct Traps;

wharf_provider_sdk::provider!(Traps);

impl Provider for Traps {
    type Stream = Breaking;

    wharf_test_guests::plain!("traps");

    fn generate(request: Request) -> Result<Response, Error> {
        assert!(
            request.option("behave").is_some(),
            "this provider crashes unless it is asked to behave"
        );
        Ok(Response::text("well behaved"))
    }

    fn stream(_request: Request) -> Result<Breaking, Error> {
        Ok(Breaking { steps: 0 })
    }
}

/// A stream of one step.
#[derive(Debug)]
pub struct Breaking {
    steps: u32,
}

impl EventStream for Breaking {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        self.steps += 1;
        assert!(self.steps < 2, "this stream crashes at its second step");
        Ok(vec![Event::Text("one".to_owned())])
    }
}
