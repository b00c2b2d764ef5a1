//! For load balancers and orchestrators.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{App, headers};

/// Whether the process works: always, while it can answer at all.
pub(super) async fn healthz() -> Response {
    headers::json(StatusCode::OK, json!({"status": "ok"}).to_string())
}

/// Whether requests should be sent here: not while draining, and not without a deployment.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let draining = app.draining.load(Ordering::Relaxed);
    let ready = !draining && app.host.is_ready();
    let unavailable: Vec<String> = app.host.unavailable().into_iter().map(|(name, _)| name).collect();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let word = match (ready, draining) {
        (true, _) => "ready",
        (false, true) => "draining",
        (false, false) => "no deployment is available",
    };
    headers::json(status, json!({"status": word, "unavailable": unavailable}).to_string())
}
