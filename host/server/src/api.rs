//! The HTTP APIs. Wire shapes live here and nowhere else; each front door only translates.

pub(crate) mod body;
mod degraded;
pub(crate) mod error;
mod fields;
pub(crate) mod headers;
mod health;
mod native;
pub(crate) mod openai;
mod request_log;
mod sse;
mod timeout;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::routing::{get, post};
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
        .route("/v1/models", get(openai::models))
        .route("/v1/models/{*id}", get(openai::model))
        .route("/v1/generate", post(native::generate))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(openai::no_such_path)
        .method_not_allowed_fallback(openai::no_such_method)
        .with_state(app)
}
