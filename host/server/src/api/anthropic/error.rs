//! Errors in Anthropic's shape. Their status and what they tell are decided in `api/error.rs`.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use wharf::{Error, ErrorKind};

use crate::api::{error, headers};

/// An error as an answer.
pub(super) fn failure(error: &Error, id: &str) -> Response {
    failure_with(error::shape(error).status, error, id)
}

/// An error whose status is more precise than its kind.
pub(super) fn failure_with(status: StatusCode, error: &Error, id: &str) -> Response {
    let body = body(status, error, Some(id));
    super::with_id(headers::failure_as(status, body.to_string(), error, id), id)
}

/// An error as an event that ends a stream.
pub(super) fn event(error: &Error, id: Option<&str>) -> String {
    let body = body(error::shape(error).status, error, id);
    format!("event: error\ndata: {body}\n\n")
}

/// The body. `type` is Anthropic's word; `code`, and `param`, `phase` and `attempts` where there are any, say the rest.
fn body(status: StatusCode, error: &Error, id: Option<&str>) -> Value {
    let mut inner = json!({
        "type": class(status, error.kind()),
        "message": error::message(error),
        "code": error::shape(error).code,
    });
    if let Some(param) = error.param() {
        inner["param"] = json!(param);
    }
    error::add_story(error, &mut inner);
    json!({"type": "error", "error": inner, "request_id": id})
}

/// Anthropic's `type`. A path that there is not and a body that is too large are errors of the request in the host's
/// words, and have words of their own here.
fn class(status: StatusCode, kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest if status == StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
        ErrorKind::InvalidRequest if status == StatusCode::NOT_FOUND => "not_found_error",
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Unsupported => "invalid_request_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::QuotaExhausted => "billing_error",
        ErrorKind::Overloaded => "overloaded_error",
        ErrorKind::Timeout(_) => "timeout_error",
        // Not `authentication_error`: it is the deployment's credential that was refused, not the client's.
        ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::UpstreamUnavailable
        | ErrorKind::UpstreamProtocol
        | ErrorKind::Cancelled
        | ErrorKind::ProviderTrapped
        | ErrorKind::ResourceExhausted
        | ErrorKind::NoDeployment
        | ErrorKind::Internal => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wharf::{Attempt, DeploymentName, Phase};

    use super::*;

    #[test]
    fn an_error_tells_its_story_in_anthropics_shape() {
        let attempt = Attempt {
            deployment: DeploymentName::new("a").unwrap(),
            kind: ErrorKind::Timeout(Phase::Idle),
            took: Duration::from_millis(20),
        };
        let error = Error::new(ErrorKind::Timeout(Phase::Idle), "m").exhausted(vec![attempt]);
        let told = body(StatusCode::GATEWAY_TIMEOUT, &error, Some("req_1"));
        assert_eq!((&told["type"], &told["request_id"]), (&json!("error"), &json!("req_1")));
        let inner = &told["error"];
        assert_eq!(
            (&inner["type"], &inner["phase"]),
            (&json!("timeout_error"), &json!("idle"))
        );
        assert_eq!(
            inner["attempts"],
            json!([{"deployment": "a", "kind": "timeout", "milliseconds": 20}])
        );
    }

    #[test]
    fn the_field_at_fault_is_named_where_there_is_one() {
        let told = |error: &Error| body(StatusCode::BAD_REQUEST, error, None)["error"].clone();
        let plain = Error::new(ErrorKind::Unsupported, "m");
        assert_eq!(told(&plain).get("param"), None);
        assert_eq!(told(&plain.with_param("thinking"))["param"], "thinking");
    }

    #[test]
    fn a_status_that_is_more_precise_has_its_own_type() {
        let class = |status| class(status, ErrorKind::InvalidRequest);
        assert_eq!(class(StatusCode::PAYLOAD_TOO_LARGE), "request_too_large");
        assert_eq!(class(StatusCode::NOT_FOUND), "not_found_error");
        assert_eq!(class(StatusCode::BAD_REQUEST), "invalid_request_error");
    }

    #[test]
    fn what_a_vendor_says_about_its_operator_does_not_reach_the_client() {
        let error = Error::new(ErrorKind::Unauthenticated, "invalid x-api-key: sk-abc");
        let event = event(&error, None);
        assert!(
            event.starts_with("event: error\ndata: {") && event.ends_with("}\n\n"),
            "{event}"
        );
        assert!(event.contains("api_error") && !event.contains("sk-abc"), "{event}");
    }

    #[test]
    fn an_answer_names_its_request_twice() {
        let response = failure(&Error::new(ErrorKind::Overloaded, "m"), "req_1");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["request-id"], "req_1", "for Anthropic's clients");
        assert_eq!(response.headers()["x-request-id"], "req_1");
    }
}
