//! Asks whatever address the request's option `url` names, whether or not the deployment may, and tells what came
//! back: `STATUS BODY`, or in a stream the body piece by piece.

use wharf_provider_sdk::http::{Body, Chunks as _};
use wharf_provider_sdk::{
    Error, ErrorKind, Event, EventStream, FinishReason, Provider, Request, Response, Usage, http,
};
use wharf_test_guests::text_option;

/// The provider.
#[derive(Debug)]
pub struct CallsForbiddenHost;

wharf_provider_sdk::provider!(CallsForbiddenHost);

impl Provider for CallsForbiddenHost {
    type Stream = Arriving;

    wharf_test_guests::plain!("calls-forbidden-host");

    fn generate(request: Request) -> Result<Response, Error> {
        let mut answer = ask(&request)?;
        let (status, body) = (answer.status(), answer.text()?);
        Ok(Response::text(format!("{status} {body}")))
    }

    fn stream(request: Request) -> Result<Arriving, Error> {
        Ok(Arriving {
            body: Some(ask(&request)?.into_body()),
        })
    }
}

fn ask(request: &Request) -> Result<http::Response, Error> {
    let missing = || Error::new(ErrorKind::InvalidRequest, "the option `url` is missing");
    http::Request::get(&text_option(request, "url").ok_or_else(missing)?).send()
}

/// The body of an answer as it arrives; none once it has ended.
#[derive(Debug)]
pub struct Arriving {
    body: Option<Body>,
}

impl EventStream for Arriving {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        let Some(body) = &mut self.body else {
            return Ok(Vec::new());
        };
        if let Some(chunk) = body.next_chunk()? {
            return Ok(vec![Event::Text(String::from_utf8_lossy(&chunk).into_owned())]);
        }
        self.body = None;
        Ok(Event::end(FinishReason::Stop, Usage::default()).into())
    }
}
