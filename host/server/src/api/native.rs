//! The host's own API, in the seed's words: `prompt`, `model`, `max_tokens`, `temperature`, `context`,
//! `options` in; `text`, `model`, `usage`, `metadata` out.

mod wire;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use wharf::Error;

use super::request_log::RequestLog;
use super::{App, answering, body, headers, openai, timeout};
pub(crate) use wire::generate_response;
use wire::parse;

/// `POST /v1/generate`
pub(super) async fn generate(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let body = match body::read(&headers_in, body, app.max_body, &app.body_memory).await {
        Ok(body) => body,
        Err(error) => return openai::refuse_body(error, &id),
    };
    answer(&app, &headers_in, &body.bytes, &id)
        .await
        .unwrap_or_else(|error| headers::failure(&error, &id))
}

async fn answer(app: &App, headers_in: &HeaderMap, bytes: &[u8], id: &str) -> Result<Response, Error> {
    let (request, options) = parse(bytes)
        .and_then(|request| Ok((request, timeout::options(headers_in)?)))
        .inspect_err(|error| RequestLog::new(id, "", false).failed(error))?;
    let mut log = RequestLog::new(id, &request.model, false);
    let answered = app.host.generate(&request, &options).await;
    answering::whole(answered, &mut log, id, |answered| {
        // A tree of strings and numbers always serializes.
        serde_json::to_string(&generate_response(&request.model, answered)).unwrap_or_default()
    })
}
