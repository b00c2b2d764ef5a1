//! Errors in Anthropic's words.

use http::StatusCode;
use serde_json::{Value, json};

use crate::mock::failure::{Cause, Failure};
use crate::mock::json::{bytes, splice};
use crate::mock::plan::Reply;

/// An error answer; the number is that of the request, if it has one.
pub(in crate::mock) fn error(failure: &Failure, number: Option<u64>) -> Reply {
    let (status, message) = words(failure);
    let mut body = bytes(&json!({
        "type": "error",
        "error": {"type": kind(status), "message": message},
    }));
    let id = number.map(|number| format!(r#","request_id":"req_mock_{number}""#));
    splice(&mut body, id.as_deref());
    Reply::error(status, failure.retry_after, body)
}

fn words(failure: &Failure) -> (StatusCode, String) {
    let bad = StatusCode::BAD_REQUEST;
    match &failure.cause {
        Cause::Key => (failure.status, "invalid x-api-key".to_owned()),
        Cause::UnknownModel(model) => (failure.status, format!("model: {model}")),
        Cause::UnknownPath => (failure.status, "Not Found".to_owned()),
        Cause::NotJson(problem) => (bad, format!("The request body is not valid JSON: {problem}")),
        Cause::ContextLength => (bad, "prompt is too long: 9001 tokens > 8192 maximum".to_owned()),
        Cause::ContentFilter => (bad, "Output blocked by content filtering policy".to_owned()),
        Cause::Quota => {
            let message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing \
                           to upgrade or purchase credits.";
            (bad, message.to_owned())
        }
        Cause::Request => (failure.status, failure.message().to_owned()),
        Cause::Status => (failure.status, of_status(failure.status).to_owned()),
    }
}

/// The sentence the vendor has for a status.
fn of_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "temperature: range: 0..1",
        401 => "invalid x-api-key",
        402 => "There is an issue with billing or payment information.",
        403 => "Your API key does not have permission to use the specified resource.",
        404 => "Not Found",
        413 => "Request exceeds the maximum size",
        429 => "This request would exceed your organization's rate limit. Please try again later.",
        500 => "Internal server error",
        504 => "The request timed out.",
        529 => "Overloaded",
        code if code < 500 => "The request was refused.",
        _ => "The request failed.",
    }
}

fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        408 | 504 => "timeout_error",
        529 => "overloaded_error",
        code if code < 500 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The event that ends a stream with an error.
pub(super) fn event() -> Value {
    json!({"type": "error", "error": {"type": "api_error", "message": "Internal server error"}})
}
