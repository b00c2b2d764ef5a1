//! From HTTP requests to answers: which path means what, and the headers of every answer.
//!
//! Any prefix is accepted before `/chat/completions` and `/models`, so that the emulator stands in for upstreams with
//! other base URLs. Paths under `/mock/` are the tests' own and ask for no key.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::body::{MockBody, Payload};
use super::chat::{JSON, Plan, Reply, Settings, plan};
use super::failure::Failure;
use super::render::{CREATED, push_json, push_number, push_text};
use super::stats::{RequestGuard, Stats};

/// Largest request body read.
const MAX_BODY: usize = 64 << 20;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    /// How to answer.
    pub(super) settings: Settings,
    /// What happened so far.
    pub(super) stats: Arc<Stats>,
}

/// Answers one HTTP request.
pub(super) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<MockBody>, Infallible> {
    let path = request.uri().path();
    if request.method() == Method::POST && path.ends_with("/chat/completions") {
        return Ok(answer_chat(&shared, request).await);
    }
    let reply = match (request.method().as_str(), path) {
        ("GET", "/") => Reply::ok("text/plain; charset=utf-8", "ok"),
        ("GET", "/mock/stats") => Reply::ok(JSON, shared.stats.to_json()),
        ("POST", "/mock/reset") => {
            shared.stats.reset();
            Reply::ok(JSON, shared.stats.to_json())
        }
        ("GET", path) if path.ends_with("/models") => Reply::ok(JSON, model_list(&shared.settings)),
        (method, path) => Reply::failure(&Failure::unknown_path(method, path)),
    };
    Ok(respond(reply, None))
}

async fn answer_chat(shared: &Shared, request: Request<Incoming>) -> Response<MockBody> {
    let mut guard = RequestGuard::begin(&shared.stats);
    let (parts, body) = request.into_parts();
    let plan = match read_body(body).await {
        Ok(body) => plan(&shared.settings, guard.number(), &parts.headers, &body),
        Err(failure) => Plan::Answer {
            wait: Duration::ZERO,
            reply: Reply::failure(&failure),
        },
    };
    let Plan::Answer { wait, reply } = plan else {
        return std::future::pending().await;
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    if matches!(reply.payload, Payload::Stream { .. }) {
        guard.begin_stream();
    }
    respond(reply, Some(guard))
}

/// Reads a body to its end. One that came in one piece, as small ones do, is not copied.
async fn read_body(mut body: Incoming) -> Result<Bytes, Failure> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Failure::body_too_large());
    }
    let mut first = Bytes::new();
    let mut joined: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Failure::body_incomplete())?.into_data() else {
            continue;
        };
        if first.len() + joined.len() + data.len() > MAX_BODY {
            return Err(Failure::body_too_large());
        }
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        joined.extend_from_slice(&std::mem::take(&mut first));
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { Bytes::from(joined) })
}

/// The answer with its headers. A guard makes it the answer to a numbered chat request.
fn respond(reply: Reply, guard: Option<RequestGuard>) -> Response<MockBody> {
    let Reply {
        status,
        content_type,
        retry_after,
        payload,
    } = reply;
    let number = guard.as_ref().map(RequestGuard::number);
    let is_stream = matches!(payload, Payload::Stream { .. });
    let mut response = Response::new(MockBody::new(payload, guard));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if is_stream {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(number) = number {
        if let Ok(id) = HeaderValue::try_from(format!("req_mock_{number}")) {
            headers.insert("x-request-id", id);
        }
        headers.insert("openai-processing-ms", HeaderValue::from_static("0"));
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
    }
    match retry_after {
        None => {}
        Some(wait) if wait < Duration::from_secs(1) => {
            headers.insert("retry-after-ms", HeaderValue::from(wait.subsec_millis()));
        }
        Some(wait) => {
            // Whole seconds only; coming back early would be the emulator's fault.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    response
}

fn model_list(settings: &Settings) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    push_text(&mut out, r#"{"object":"list","data":["#);
    for (position, model) in settings.listed_models().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        push_text(&mut out, r#"{"id":"#);
        push_json(&mut out, model);
        push_text(&mut out, r#","object":"model","created":"#);
        push_number(&mut out, CREATED);
        push_text(&mut out, r#","owned_by":"mock"}"#);
    }
    push_text(&mut out, "]}");
    out
}
