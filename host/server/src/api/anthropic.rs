//! Anthropic's API: messages, their tokens, and the list of models.

mod answer;
mod block;
mod block_events;
mod calls;
mod error;
mod events;
mod json_end;
mod message;
mod request;
mod residual;
mod tokens;
mod usage;
#[cfg(test)]
mod wire_samples;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use wharf::{CallOptions, Error, ErrorKind, Event, ModelEntry};

use self::answer::Identity;
use self::events::Events;
use self::request::MessagesRequest;
use super::answering::EventWriter;
use super::request_log::RequestLog;
use super::words::Words;
use super::{App, answering, body, headers, timeout};

/// The dialect of this API; see `wit/types.wit`, `extension`.
const DIALECT: &str = "anthropic.messages";
/// What this API calls the host's fields.
const WORDS: [(&str, &str); 4] = [
    ("output", "output_config.format"),
    ("thinking.effort", "output_config.effort"),
    ("max_output_tokens", "max_tokens"),
    ("stop", "stop_sequences"),
];
/// The path of messages.
pub(super) const PATH: &str = "/v1/messages";
/// The path that counts what a message would cost.
pub(super) const COUNT_PATH: &str = "/v1/messages/count_tokens";
/// The header in which Anthropic names a request, beside the host's own.
const REQUEST_ID: &str = "request-id";
/// The header that every client of this API sends. Its value changes nothing here.
const VERSION: &str = "anthropic-version";
/// What Anthropic writes itself for a model whose date it does not know.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

/// Whether a client speaks this API where the path alone does not say so.
pub(super) fn is_spoken(headers: &HeaderMap) -> bool {
    headers.contains_key(VERSION)
}

/// Whether a path is this API's and no other's.
pub(super) fn owns(path: &str) -> bool {
    path.strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a client asks, as far as it has been read.
struct Asked {
    message: MessagesRequest,
    options: CallOptions,
    /// The place in memory of the body's text. That is gone once it is parsed; its place is taken by the request until
    /// that is answered.
    _memory: OwnedSemaphorePermit,
}

impl Asked {
    /// An error as the client of this API should hear it.
    fn in_words(&self, error: Error) -> Error {
        let before = self.message.before;
        let words = Words {
            fields: &WORDS,
            answer: None,
            // The system prompt stands apart.
            place: |message: usize, part: Option<usize>| {
                let part = part.map(|part| format!(".content[{part}]")).unwrap_or_default();
                Some(match message.checked_sub(before) {
                    Some(message) => format!("messages[{message}]{part}"),
                    None => "system".to_owned(),
                })
            },
        };
        words.of(error)
    }
}

/// Reads a request, or refuses it.
async fn read(app: &App, headers_in: &HeaderMap, body: Body, id: &str) -> Result<Asked, Response> {
    let refuse = |status: Option<StatusCode>, error: &Error| {
        RequestLog::new(id, "", false).failed(error);
        match status {
            Some(status) => error::failure_with(status, error, id),
            None => error::failure(error, id),
        }
    };
    let body = body::read(headers_in, body, app.max_body, &app.body_memory).await;
    let body = body.map_err(|error| refuse(Some(error.status()), &error.into_error()))?;
    let message = request::parse(&body.bytes, request::beta(headers_in));
    let parsed = message.and_then(|message| Ok((message, timeout::options(headers_in)?)));
    let (message, options) = parsed.map_err(|error| refuse(None, &error))?;
    Ok(Asked {
        message,
        options,
        _memory: body.memory,
    })
}

/// `POST /v1/messages`
pub(super) async fn messages(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let asked = match read(&app, &headers_in, body, &id).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let (request, stream) = (&asked.message.request, asked.message.stream);
    let mut log = RequestLog::new(&id, &request.model, stream);
    let answered = if stream {
        streamed(&app, request, &asked.options, &id, log).await
    } else {
        whole(&app, request, &asked.options, &id, &mut log).await
    };
    answered.unwrap_or_else(|error| error::failure(&asked.in_words(error), &id))
}

/// `POST /v1/messages/count_tokens`: the same request, and what it would cost.
pub(super) async fn count_tokens(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let asked = match read(&app, &headers_in, body, &id).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let request = &asked.message.request;
    let mut log = RequestLog::new(&id, &request.model, false);
    let answered = app.host.count_tokens(request, &asked.options).await;
    let response = answering::whole(answered, &mut log, &id, |answered| tokens::render(&answered.value));
    response.map_or_else(
        |error| error::failure(&asked.in_words(error), &id),
        |response| with_id(response, &id),
    )
}

async fn whole(
    app: &App,
    request: &wharf::Request,
    options: &CallOptions,
    id: &str,
    log: &mut RequestLog,
) -> Result<Response, Error> {
    let answered = app.host.generate(request, options).await;
    let own = Identity {
        id,
        model: &request.model,
    };
    let response = answering::whole(answered, log, id, |answered| answer::render(&answered.value, &own));
    response.map(|response| with_id(response, id))
}

async fn streamed(
    app: &App,
    request: &wharf::Request,
    options: &CallOptions,
    id: &str,
    log: RequestLog,
) -> Result<Response, Error> {
    let answered = app.host.stream(request, options).await;
    let own = Identity {
        id,
        model: &request.model,
    };
    let written = Written {
        id: id.to_owned(),
        events: Events::new(&own),
    };
    answering::streamed(answered, log, id, written).map(|response| with_id(response, id))
}

/// The events of a stream, and the name of the request, which its errors repeat.
struct Written {
    id: String,
    events: Events,
}

impl EventWriter for Written {
    fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error> {
        self.events.event(event, out)
    }

    fn end(&mut self, out: &mut String) {
        self.events.end(out);
    }

    fn failure(&mut self, error: &Error) -> String {
        error::event(error, Some(&self.id))
    }

    fn expired(error: &Error) -> String {
        error::event(error, None)
    }
}

/// Says which request this answers, in both words for it.
fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    headers::with_id(response, id)
}

/// `GET /v1/models`, all on one page.
pub(super) async fn models(State(app): State<Arc<App>>, headers_in: HeaderMap) -> Response {
    let id = headers::request_id(&headers_in);
    let models = app.host.models();
    let page = json!({
        "data": models.iter().map(entry).collect::<Vec<Value>>(),
        "has_more": false,
        "first_id": models.first().map(|model| &model.id),
        "last_id": models.last().map(|model| &model.id),
    });
    with_id(headers::json(StatusCode::OK, page.to_string()), &id)
}

/// `GET /v1/models/{id}`
pub(super) async fn model(State(app): State<Arc<App>>, Path(name): Path<String>, headers_in: HeaderMap) -> Response {
    let id = headers::request_id(&headers_in);
    match app.host.models().iter().find(|model| model.id == name) {
        Some(model) => with_id(headers::json(StatusCode::OK, entry(model).to_string()), &id),
        None => {
            let message = format!("There is no model `{name}`.");
            let error = Error::new(ErrorKind::NotFound, message).with_param("model");
            error::failure(&error, &id)
        }
    }
}

fn entry(model: &ModelEntry) -> Value {
    json!({"type": "model", "id": model.id, "display_name": model.id, "created_at": NO_DATE})
}

/// Every path that there is not.
pub(super) async fn no_such_path(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    let message = format!(
        "There is no {method} {}. In this API there is POST {PATH}, POST {COUNT_PATH} and GET /v1/models.",
        uri.path()
    );
    let error = Error::new(ErrorKind::InvalidRequest, message);
    error::failure_with(StatusCode::NOT_FOUND, &error, &headers::request_id(&headers_in))
}

/// A path that there is, asked in the wrong way.
pub(super) async fn no_such_method(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    let message = format!("{} cannot be asked with {method}.", uri.path());
    let error = Error::new(ErrorKind::InvalidRequest, message);
    error::failure_with(
        StatusCode::METHOD_NOT_ALLOWED,
        &error,
        &headers::request_id(&headers_in),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_messages_is_this_apis() {
        for path in [PATH, COUNT_PATH, "/v1/messages/batches"] {
            assert!(owns(path), "{path}");
        }
        for path in ["/v1/messages2", "/v1/models", "/"] {
            assert!(!owns(path), "{path}");
        }
    }
}
