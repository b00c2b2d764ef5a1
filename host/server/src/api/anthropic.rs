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
mod usage;
#[cfg(test)]
mod wire_samples;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wharf::{CallOptions, Degraded, DeploymentName, Error, ErrorKind, ModelEntry, OpenStream, Phase};

use self::answer::Identity;
use self::events::Events;
use self::request::MessagesRequest;
use super::request_log::RequestLog;
use super::{App, body, fields, headers, sse, timeout};

/// The dialect of this API; see `wit/types.wit`, `extension`.
const DIALECT: &str = "anthropic.messages";
/// What this API calls the host's fields.
const WORDS: [(&str, &str); 2] = [("output", "output_config.format"), ("max_output_tokens", "max_tokens")];
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
    answered.unwrap_or_else(|error| error::failure(&fields::in_words(error, &WORDS), &id))
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
    match app.host.count_tokens(request, &asked.options).await {
        Ok(answered) => {
            let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
            log.answered(deployment, answered.attempts, degraded);
            let count = json!({"input_tokens": answered.value});
            let mut response = headers::json(StatusCode::OK, count.to_string());
            headers::story(response.headers_mut(), deployment, answered.attempts, degraded);
            with_id(response, &id)
        }
        Err(error) => {
            log.failed(&error);
            error::failure(&error, &id)
        }
    }
}

async fn whole(
    app: &App,
    request: &wharf::Request,
    options: &CallOptions,
    id: &str,
    log: &mut RequestLog,
) -> Result<Response, Error> {
    let answered = app
        .host
        .generate(request, options)
        .await
        .inspect_err(|error| log.failed(error))?;
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    log.answered(deployment, answered.attempts, degraded);
    let own = Identity {
        id,
        model: &request.model,
    };
    let mut response = headers::json(StatusCode::OK, answer::render(&answered.value, &own));
    headers::story(response.headers_mut(), deployment, answered.attempts, degraded);
    Ok(with_id(response, id))
}

async fn streamed(
    app: &App,
    request: &wharf::Request,
    options: &CallOptions,
    id: &str,
    mut log: RequestLog,
) -> Result<Response, Error> {
    let answered = app
        .host
        .stream(request, options)
        .await
        .inspect_err(|error| log.failed(error))?;
    let own = Identity {
        id,
        model: &request.model,
    };
    let mut story = HeaderMap::new();
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    headers::story(&mut story, deployment, answered.attempts, degraded);
    let running = Running {
        id: id.to_owned(),
        stream: answered.value,
        events: Events::new(&own),
        log,
        deployment: answered.deployment,
        attempts: answered.attempts,
        degraded: answered.degraded,
    };
    let mut response = sse::response(running);
    response.headers_mut().extend(story);
    Ok(with_id(response, id))
}

/// A stream on its way to the client.
struct Running {
    id: String,
    stream: OpenStream,
    events: Events,
    log: RequestLog,
    /// Who answers; nobody when the answer was kept from earlier or is a fixed text.
    deployment: Option<DeploymentName>,
    attempts: u32,
    degraded: Option<Degraded>,
}

impl sse::Pieces for Running {
    fn deadline(&self) -> Instant {
        self.stream.deadline()
    }

    fn expired() -> String {
        let error = Error::new(ErrorKind::Timeout(Phase::Total), "the stream was not read in time");
        error::event(&error, None)
    }

    /// Events that arrived together go out together. A failure ends the stream with an error event and without
    /// `message_stop`, so that nobody takes it for a whole answer.
    fn next(mut self) -> BoxFuture<'static, (String, Option<Self>)> {
        async move {
            let mut out = String::new();
            let written = match self.stream.next().await {
                Ok(events) if events.is_empty() => {
                    self.events.end(&mut out);
                    let (deployment, degraded) = (self.deployment.as_ref(), self.degraded.as_ref());
                    self.log.answered(deployment, self.attempts, degraded);
                    return (out, None);
                }
                Ok(events) => events.iter().try_for_each(|event| self.events.event(event, &mut out)),
                Err(error) => Err(error),
            };
            match written {
                Ok(()) => (out, Some(self)),
                Err(error) => {
                    self.log.failed(&error);
                    out.push_str(&error::event(&error, Some(&self.id)));
                    (out, None)
                }
            }
        }
        .boxed()
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
