//! OpenAI's Responses API without its state: every request brings the whole conversation, and nothing is kept.

mod answer;
mod echo;
mod events;
mod input;
mod item;
mod object;
mod output;
mod part;
mod places;
mod relay;
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
use self::relay::Relay;
use self::request::ResponsesRequest;
use super::answering::EventWriter;
use super::leftover::Leftover;
use super::openai::refuse_body;
use super::request_log::RequestLog;
use super::words::Words;
use super::{App, answering, body, headers, timeout};

/// The dialect of this API; see `wit/types.wit`, `extension`. It is not that of chat completions: the fields have
/// other places and other meanings.
const DIALECT: &str = "openai.responses";
/// What this API calls the host's fields.
const WORDS: [(&str, &str); 4] = [
    ("output", "text.format"),
    ("response_format", "text.format"),
    ("thinking", "reasoning"),
    ("messages", "input"),
];
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
    let ResponsesRequest {
        request,
        stream,
        echo,
        places,
    } = asked;
    let mut log = RequestLog::new(&id, &request.model, stream);
    let answered = if stream {
        streamed(&app, &request, echo, &options, &id, log).await
    } else {
        whole(&app, &request, &echo, &options, &id, &mut log).await
    };
    let words = Words {
        fields: &WORDS,
        answer: Some("output"),
        place: |message: usize, part: Option<usize>| places.of(message, part),
    };
    answered.unwrap_or_else(|error| headers::failure(&words.of(error), &id))
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
    answering::streamed(answered, log, id, Written::Made(Box::new(Events::new(head, echo))))
}

/// A stream on its way to the client.
enum Written {
    /// Of a vendor of another dialect, or of nobody knows whom yet.
    Made(Box<Events>),
    /// Of a vendor of this one.
    Relayed(Relay),
}

impl EventWriter for Written {
    fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error> {
        if relay::own(event).is_some() && !matches!(self, Self::Relayed(_)) {
            *self = Self::Relayed(Relay::default());
        }
        match self {
            Self::Made(events) => events.event(event, out),
            Self::Relayed(relay) => relay.event(event, out),
        }
        Ok(())
    }

    fn end(&mut self, out: &mut String) {
        match self {
            Self::Made(events) => events.end(out),
            // The vendor has said how it ended.
            Self::Relayed(relay) => relay.flush(out),
        }
    }

    fn failure(&mut self, error: &Error) -> String {
        match self {
            Self::Made(events) => events.failure(error),
            Self::Relayed(relay) => relay.failure(error),
        }
    }

    fn expired(error: &Error) -> String {
        writer::failure(error, None)
    }
}
