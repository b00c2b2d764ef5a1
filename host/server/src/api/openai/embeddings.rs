//! Embeddings: texts in, one vector for each out.

mod answer;
mod request;
#[cfg(test)]
mod wire_samples;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use wharf::{CallOptions, Error};

use crate::api::request_log::RequestLog;
use crate::api::{App, answering, body, headers, timeout};

/// The dialect of this API; see `wit/optional.wit`, `embed-request`.
const DIALECT: &str = "openai.embeddings";

/// `POST /v1/embeddings`
pub(crate) async fn embed(State(app): State<Arc<App>>, headers_in: HeaderMap, body: Body) -> Response {
    let id = headers::request_id(&headers_in);
    let body = match body::read(&headers_in, body, app.max_body, &app.body_memory).await {
        Ok(body) => body,
        Err(error) => return super::refuse_body(error, &id),
    };
    let parsed = request::parse(&body.bytes).and_then(|asked| Ok((asked, timeout::options(&headers_in)?)));
    // The text is gone once it is parsed; its place in memory is taken by the request until that is answered.
    let _memory = body.memory;
    drop(body.bytes);
    let answered = match parsed {
        Ok((asked, options)) => answered(&app, &asked, &options, &id).await,
        Err(error) => {
            RequestLog::new(&id, "", false).failed(&error);
            Err(error)
        }
    };
    answered.unwrap_or_else(|error| headers::failure(&error, &id))
}

async fn answered(app: &App, asked: &request::Asked, options: &CallOptions, id: &str) -> Result<Response, Error> {
    let mut log = RequestLog::new(id, &asked.request.model, false);
    let answered = app.host.embed(&asked.request, options).await;
    answering::whole(answered, &mut log, id, |answered| {
        answer::render(&answered.value, &asked.request.model, asked.encoding)
    })
}
