//! From HTTP requests to answers: which path means what, and the headers of every answer.
//!
//! Any prefix is accepted before a vendor's path, so that the emulator stands in for upstreams with other base URLs.
//! Paths under `/mock/` are the tests' own and, like lists of models, ask for no key.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::body::{MockBody, Payload};
use super::endpoint::{Endpoint, Family, query_value};
use super::failure::Failure;
use super::ollama::shelf::Shelf;
use super::plan::{Ask, JSON, Plan, Reply, Settings};
use super::stats::{RequestGuard, Stats};
use super::{anthropic, gemini, ollama, openai};

/// Largest request body read.
const MAX_BODY: usize = 64 << 20;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    /// How to answer.
    pub(super) settings: Settings,
    /// What happened so far.
    pub(super) stats: Arc<Stats>,
    /// Which models Ollama has.
    pub(super) shelf: Shelf,
}

/// Answers one HTTP request.
pub(super) async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<MockBody>, Infallible> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::POST
        && let Some(endpoint) = Endpoint::of(parts.uri.path(), parts.uri.query())
    {
        return Ok(answer(&shared, &endpoint, &parts.headers, body).await);
    }
    let reply = match (parts.method.as_str(), parts.uri.path()) {
        ("GET" | "HEAD", "/") => Reply::ok("text/plain; charset=utf-8", "ok"),
        ("GET", "/mock/stats") => Reply::ok(JSON, shared.stats.to_json()),
        ("POST", "/mock/reset") => {
            shared.stats.reset();
            shared.shelf.reset();
            Reply::ok(JSON, shared.stats.to_json())
        }
        ("POST" | "DELETE", path) if path.ends_with("/api/show") || path.ends_with("/api/delete") => {
            change_shelf(&shared, &parts, body).await
        }
        ("GET", _) => show(&shared, &parts),
        (method, path) => openai::error(&Failure::unknown_path(method, path)),
    };
    Ok(respond(reply, None))
}

/// What can be read about models.
fn show(shared: &Shared, parts: &Parts) -> Reply {
    let Shared { settings, shelf, .. } = shared;
    let path = parts.uri.path();
    let query = |name| query_value(parts.uri.query(), name);
    if let Some((_, what)) = path.rsplit_once("/api/") {
        match what {
            "tags" => return ollama::models::tags(settings, shelf),
            "ps" => return ollama::models::loaded(shelf),
            "version" => return ollama::models::version(),
            _ => {}
        }
    }
    let family = Family::of(&parts.uri, &parts.headers);
    if path.ends_with("/models") {
        return match family {
            Family::OpenAi => openai::models::list(settings),
            Family::Azure => openai::models::list_of_azure(settings),
            Family::Anthropic => anthropic::models::list(settings, query("limit"), query("after_id")),
            Family::Gemini => gemini::models::list(settings, query("pageSize"), query("pageToken")),
        };
    }
    match path.rsplit_once("/models/") {
        Some((_, id)) => match family {
            Family::OpenAi | Family::Azure => openai::models::show(settings, id),
            Family::Anthropic => anthropic::models::show(settings, id),
            Family::Gemini => gemini::models::show(settings, id),
        },
        None => openai::error(&Failure::unknown_path(parts.method.as_str(), path)),
    }
}

/// `POST /api/show` and `DELETE /api/delete`: requests with a body that ask nothing of a model.
async fn change_shelf(shared: &Shared, parts: &Parts, body: Incoming) -> Reply {
    let Shared { settings, shelf, .. } = shared;
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(failure) => return ollama::error::error(&failure),
    };
    let is_show = parts.uri.path().ends_with("/show");
    match (is_show, parts.method == Method::DELETE) {
        (true, false) => ollama::models::show(settings, shelf, &body),
        (false, true) => ollama::models::delete(settings, shelf, &body),
        _ => ollama::error::error(&Failure::unknown_path(parts.method.as_str(), parts.uri.path())),
    }
}

/// Answers a request to a model.
async fn answer(shared: &Shared, endpoint: &Endpoint, headers: &HeaderMap, body: Incoming) -> Response<MockBody> {
    let mut guard = RequestGuard::begin(&shared.stats);
    let number = guard.number();
    let plan = match read_body(body).await {
        Ok(body) => {
            let ask = Ask {
                number,
                headers,
                body: &body,
                key_header: endpoint.key_header(),
            };
            endpoint.plan(&shared.settings, &shared.shelf, &ask)
        }
        Err(failure) => Plan::Answer {
            wait: Duration::ZERO,
            reply: endpoint.error(&failure, number),
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
    let mut response = respond(reply, Some(guard));
    identify(response.headers_mut(), endpoint, number);
    response
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

/// The headers by which vendors name a request.
fn identify(headers: &mut HeaderMap, endpoint: &Endpoint, number: u64) {
    let name = match endpoint {
        Endpoint::OpenAi(_) | Endpoint::Azure(..) => "x-request-id",
        Endpoint::Anthropic(_) => "request-id",
        Endpoint::Ollama(_) | Endpoint::Gemini { .. } => return,
    };
    if let Ok(id) = HeaderValue::try_from(format!("req_mock_{number}")) {
        headers.insert(name, id);
    }
    if matches!(endpoint, Endpoint::OpenAi(_)) {
        headers.insert("openai-processing-ms", HeaderValue::from_static("0"));
        headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
    }
}

/// The answer with its headers. A guard, if any, ends with it.
fn respond(reply: Reply, guard: Option<RequestGuard>) -> Response<MockBody> {
    let Reply {
        status,
        content_type,
        retry_after,
        payload,
    } = reply;
    let is_stream = matches!(payload, Payload::Stream { .. });
    let mut response = Response::new(MockBody::new(payload, guard));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if is_stream {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
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
