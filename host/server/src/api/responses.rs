//! OpenAI's Responses API without its state: every request brings the whole conversation, and nothing is kept.

mod answer;
mod echo;
mod events;
mod input;
mod item;
mod object;
mod output;
mod part;
mod request;
mod tools;
mod usage;
#[cfg(test)]
mod wire_samples;
mod writer;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use wharf::{CallOptions, Error, Event, Request};

use self::events::Events;
use self::object::Head;
use self::request::ResponsesRequest;
use super::answering::EventWriter;
use super::leftover::Leftover;
use super::openai::refuse_body;
use super::request_log::RequestLog;
use super::{App, answering, body, fields, headers, timeout};

/// The dialect of this API; see `wit/types.wit`, `extension`. It is not that of chat completions: the fields have
/// other places and other meanings.
const DIALECT: &str = "openai.responses";
/// What this API calls the host's fields.
const WORDS: [(&str, &str); 2] = [("output", "text.format"), ("thinking", "reasoning")];
/// The path.
pub(super) const PATH: &str = "/v1/responses";

/// `POST /v1/responses`
pub(super) async fn create(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let body = match body::read(&headers_in, body, app.max_body, &app.body_memory).await {
        Ok(body) => body,
        Err(error) => return refuse_body(error, &id),
    };
    let parsed = request::parse(&body.bytes).and_then(|asked| Ok((asked, timeout::options(&headers_in)?)));
    // The text is gone once it is parsed; its place in memory is taken by the request until that is answered.
    let _memory = body.memory;
    drop(body.bytes);
    let (asked, options) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            RequestLog::new(&id, "", false).failed(&error);
            return headers::failure(&error, &id);
        }
    };
    let ResponsesRequest { request, stream, echo } = asked;
    let mut log = RequestLog::new(&id, &request.model, stream);
    let answered = if stream {
        streamed(&app, &request, echo, &options, &id, log).await
    } else {
        whole(&app, &request, &echo, &options, &id, &mut log).await
    };
    answered.unwrap_or_else(|error| headers::failure(&fields::in_words(error, &WORDS), &id))
}

async fn whole(
    app: &App,
    request: &Request,
    echo: &Leftover,
    options: &CallOptions,
    id: &str,
    log: &mut RequestLog,
) -> Result<Response, Error> {
    let head = Head::new(id, &request.model, headers::unix_time());
    let answered = app.host.generate(request, options).await;
    answering::whole(answered, log, id, |answered| {
        answer::render(&answered.value, head, echo)
    })
}

async fn streamed(
    app: &App,
    request: &Request,
    echo: Leftover,
    options: &CallOptions,
    id: &str,
    log: RequestLog,
) -> Result<Response, Error> {
    let head = Head::new(id, &request.model, headers::unix_time());
    let answered = app.host.stream(request, options).await;
    answering::streamed(answered, log, id, Events::new(head, echo))
}

impl EventWriter for Events {
    fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error> {
        Events::event(self, event, out);
        Ok(())
    }

    fn end(&mut self, out: &mut String) {
        Events::end(self, out);
    }

    fn failure(&mut self, error: &Error) -> String {
        Events::failure(self, error)
    }

    fn expired(error: &Error) -> String {
        writer::failure(error, None)
    }
}
