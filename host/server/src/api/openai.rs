//! OpenAI's API: chat completions, embeddings and the list of models.

mod answer;
mod chunks;
mod embeddings;
mod message;
mod request;
mod residual;
mod thoughts;
mod usage;
#[cfg(test)]
mod wire_samples;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use wharf::{CallOptions, Error, ErrorKind, Event, ModelEntry};

use self::answer::Identity;
use self::chunks::Chunks;
use super::answering::EventWriter;
use super::body::{self, BodyError};
use super::request_log::RequestLog;
use super::words::{Words, content_before};
use super::{App, answering, error, headers, timeout};
pub(super) use embeddings::embed;
pub(crate) use usage::render as render_usage;

/// The dialect of this API; see `wit/types.wit`, `extension`.
const DIALECT: &str = "openai.chat";

/// What this API calls the host's fields.
const WORDS: [(&str, &str); 5] = [
    ("output.schema", "response_format.json_schema.schema"),
    ("output", "response_format"),
    ("thinking.effort", "reasoning_effort"),
    ("thinking", "reasoning_effort"),
    ("max_output_tokens", "max_completion_tokens"),
];

/// `POST /v1/chat/completions`
pub(super) async fn chat(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let body = match body::read(&headers_in, body, app.max_body, &app.body_memory).await {
        Ok(body) => body,
        Err(error) => return refuse_body(error, &id),
    };
    let parsed = request::parse(&body.bytes).and_then(|chat| Ok((chat, timeout::options(&headers_in)?)));
    // The text is gone once it is parsed; its place in memory is taken by the request until that is answered.
    let _memory = body.memory;
    drop(body.bytes);
    let (chat, options) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            RequestLog::new(&id, "", false).failed(&error);
            return headers::failure(&error, &id);
        }
    };
    let mut log = RequestLog::new(&id, &chat.request.model, chat.stream);
    let answered = if chat.stream {
        streamed(&app, &chat, &options, &id, log).await
    } else {
        whole(&app, &chat, &options, &id, &mut log).await
    };
    let request = &chat.request;
    let words = Words {
        fields: &WORDS,
        answer: Some("content"),
        // The messages are the same; what a message says besides its content is a part of it for the host alone.
        place: |message: usize, part: Option<usize>| {
            let part = content_before(request, message, part?);
            Some(format!("messages[{message}].content[{part}]"))
        },
    };
    answered.unwrap_or_else(|error| headers::failure(&words.of(error), &id))
}

/// A body that was not taken, as an answer.
pub(super) fn refuse_body(error: BodyError, id: &str) -> Response {
    let status = error.status();
    let error = error.into_error();
    RequestLog::new(id, "", false).failed(&error);
    headers::failure_with(status, &error, id)
}

async fn whole(
    app: &App,
    chat: &request::ChatRequest,
    options: &CallOptions,
    id: &str,
    log: &mut RequestLog,
) -> Result<Response, Error> {
    let answered = app.host.generate(&chat.request, options).await;
    let own = identity(chat, id);
    answering::whole(answered, log, id, |answered| answer::render(&answered.value, &own))
}

async fn streamed(
    app: &App,
    chat: &request::ChatRequest,
    options: &CallOptions,
    id: &str,
    log: RequestLog,
) -> Result<Response, Error> {
    let answered = app.host.stream(&chat.request, options).await;
    let chunks = Chunks::new(&identity(chat, id), chat.include_usage);
    answering::streamed(answered, log, id, chunks)
}

fn identity<'a>(chat: &'a request::ChatRequest, id: &'a str) -> Identity<'a> {
    Identity {
        id,
        model: &chat.request.model,
        created: headers::unix_time(),
    }
}

impl EventWriter for Chunks {
    fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error> {
        Chunks::event(self, event, out);
        Ok(())
    }

    fn end(&mut self, out: &mut String) {
        Chunks::end(self, out);
    }

    fn failure(&mut self, error: &Error) -> String {
        Self::expired(error)
    }

    fn expired(error: &Error) -> String {
        format!("data: {}\n\n", error::body(error))
    }
}

/// `GET /v1/models`
pub(super) async fn models(State(app): State<Arc<App>>, headers_in: HeaderMap) -> Response {
    let id = headers::request_id(&headers_in);
    let data: Vec<Value> = app.host.models().iter().map(entry).collect();
    headers::with_id(
        headers::json(StatusCode::OK, json!({"object": "list", "data": data}).to_string()),
        &id,
    )
}

/// `GET /v1/models/{id}`
pub(super) async fn model(State(app): State<Arc<App>>, Path(name): Path<String>, headers_in: HeaderMap) -> Response {
    let id = headers::request_id(&headers_in);
    match app.host.models().iter().find(|model| model.id == name) {
        Some(model) => headers::with_id(headers::json(StatusCode::OK, entry(model).to_string()), &id),
        None => {
            let error =
                Error::new(ErrorKind::NotFound, format!("The model `{name}` does not exist.")).with_param("model");
            headers::failure(&error, &id)
        }
    }
}

/// A model as OpenAI lists it. When it was made is not known, which OpenAI's shape has no word for.
fn entry(model: &ModelEntry) -> Value {
    json!({"id": model.id, "object": "model", "created": 0, "owned_by": model.owned_by})
}

/// Every path that there is not.
pub(super) async fn no_such_path(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    let message = format!(
        "There is no {method} {}. There is POST /v1/chat/completions, POST /v1/responses, POST /v1/embeddings, \
         POST /v1/messages, POST /v1/messages/count_tokens, POST /v1/generate, GET /v1/models, GET /v1/models/ID, \
         GET /healthz and GET /readyz.",
        uri.path()
    );
    let id = headers::request_id(&headers_in);
    let error = Error::new(ErrorKind::InvalidRequest, message);
    headers::failure_with(StatusCode::NOT_FOUND, &error, &id)
}

/// A path that there is, asked in the wrong way.
pub(super) async fn no_such_method(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    let id = headers::request_id(&headers_in);
    let error = Error::new(
        ErrorKind::InvalidRequest,
        format!("{} cannot be asked with {method}.", uri.path()),
    );
    headers::failure_with(StatusCode::METHOD_NOT_ALLOWED, &error, &id)
}
