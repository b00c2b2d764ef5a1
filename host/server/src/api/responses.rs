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
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use wharf::{CallOptions, Degraded, DeploymentName, Error, ErrorKind, OpenStream, Phase, Request};

use self::events::Events;
use self::object::Head;
use self::request::ResponsesRequest;
use super::leftover::Leftover;
use super::openai::refuse_body;
use super::request_log::RequestLog;
use super::{App, body, fields, headers, sse, timeout};

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
    let answered = app
        .host
        .generate(request, options)
        .await
        .inspect_err(|error| log.failed(error))?;
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    log.answered(deployment, answered.attempts, degraded);
    let mut response = headers::json(StatusCode::OK, answer::render(&answered.value, head, echo));
    headers::story(response.headers_mut(), deployment, answered.attempts, degraded);
    Ok(headers::with_id(response, id))
}

async fn streamed(
    app: &App,
    request: &Request,
    echo: Leftover,
    options: &CallOptions,
    id: &str,
    mut log: RequestLog,
) -> Result<Response, Error> {
    let head = Head::new(id, &request.model, headers::unix_time());
    let answered = app
        .host
        .stream(request, options)
        .await
        .inspect_err(|error| log.failed(error))?;
    let mut story = HeaderMap::new();
    let (deployment, degraded) = (answered.deployment.as_ref(), answered.degraded.as_ref());
    headers::story(&mut story, deployment, answered.attempts, degraded);
    let running = Running {
        stream: answered.value,
        events: Events::new(head, echo),
        log,
        deployment: answered.deployment,
        attempts: answered.attempts,
        degraded: answered.degraded,
    };
    let mut response = sse::response(running);
    response.headers_mut().extend(story);
    Ok(headers::with_id(response, id))
}

/// A stream on its way to the client.
struct Running {
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
        writer::failure(&error, None)
    }

    /// Events that arrived together go out together. A failure ends the stream with an error event and without
    /// `response.completed`, so that nobody takes it for a whole answer.
    fn next(mut self) -> BoxFuture<'static, (String, Option<Self>)> {
        async move {
            let mut out = String::new();
            match self.stream.next().await {
                Ok(events) if events.is_empty() => {
                    self.events.end(&mut out);
                    let (deployment, degraded) = (self.deployment.as_ref(), self.degraded.as_ref());
                    self.log.answered(deployment, self.attempts, degraded);
                    (out, None)
                }
                Ok(events) => {
                    for event in &events {
                        self.events.event(event, &mut out);
                    }
                    (out, Some(self))
                }
                Err(error) => {
                    self.log.failed(&error);
                    (self.events.failure(&error), None)
                }
            }
        }
        .boxed()
    }
}
