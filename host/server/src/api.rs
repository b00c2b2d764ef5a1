//! The HTTP APIs. Wire shapes live here and nowhere else; each front door only translates.

mod another_call;
mod answering;
mod anthropic;
pub(crate) mod body;
mod data_url;
mod degraded;
pub(crate) mod error;
mod fields;
pub(crate) mod headers;
mod health;
mod leftover;
mod native;
pub(crate) mod openai;
mod request_log;
mod responses;
mod seal;
mod sse;
mod timeout;
#[cfg(test)]
mod wire_samples;
mod words;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, Method, Uri};
use wharf::Host;

pub(crate) use native::generate_response;

/// What every handler needs.
pub(crate) struct App {
    /// The host.
    pub(crate) host: Host,
    /// The largest request body, in bytes.
    pub(crate) max_body: u64,
    /// What all request bodies together may take.
    pub(crate) body_memory: Arc<body::Memory>,
    /// Set when the server drains.
    pub(crate) draining: AtomicBool,
}

/// All routes of the public address.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai::chat))
        .route("/v1/embeddings", post(openai::embed))
        .route(anthropic::PATH, post(anthropic::messages))
        .route(anthropic::COUNT_PATH, post(anthropic::count_tokens))
        .route(responses::PATH, post(responses::create))
        .route("/v1/models", get(models))
        .route("/v1/models/{*id}", get(model))
        .route("/v1/generate", post(native::generate))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app)
}

/// `GET /v1/models`: a path that two APIs share. Clients of one of them name it in a header.
async fn models(app: State<Arc<App>>, headers_in: HeaderMap) -> Response {
    if anthropic::is_spoken(&headers_in) {
        anthropic::models(app, headers_in).await
    } else {
        openai::models(app, headers_in).await
    }
}

/// `GET /v1/models/{id}`, likewise.
async fn model(app: State<Arc<App>>, name: Path<String>, headers_in: HeaderMap) -> Response {
    if anthropic::is_spoken(&headers_in) {
        anthropic::model(app, name, headers_in).await
    } else {
        openai::model(app, name, headers_in).await
    }
}

/// Every path that there is not, likewise.
async fn no_such_path(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    if anthropic::is_spoken(&headers_in) || anthropic::owns(uri.path()) {
        anthropic::no_such_path(method, uri, headers_in).await
    } else {
        openai::no_such_path(method, uri, headers_in).await
    }
}

/// A path that there is, asked in the wrong way.
async fn no_such_method(method: Method, uri: Uri, headers_in: HeaderMap) -> Response {
    if anthropic::is_spoken(&headers_in) || anthropic::owns(uri.path()) {
        anthropic::no_such_method(method, uri, headers_in).await
    } else {
        openai::no_such_method(method, uri, headers_in).await
    }
}
