//! What Anthropic's errors mean.
//!
//! The SDK reads status, headers, `type` and `message`. What is left for here: `invalid_request_error` is said of a
//! full context, an empty account and a filtered answer alike, and newer errors name their cause in
//! `details.error_code`.

use serde_json::Value;
use wharf_provider_sdk::{Error, ErrorKind, http, log};

/// The error of an answer that is not a success. `missing` is what it means if the server has no such path.
pub(crate) fn of_answer(answer: &mut http::Response, path: &str, missing: ErrorKind) -> Error {
    let error = refine(Error::from_response(answer));
    // Anthropic's own 404 has a type. One without is of a server that has no such path: the operator's mistake, which
    // must not look like the client's.
    let about_model = error.provider_code.is_some() || error.message.to_ascii_lowercase().contains("model");
    if !matches!(error.http_status, Some(404 | 405)) || about_model {
        return error;
    }
    let message = format!("the server has no path /v1{path} below `base_url`; does it speak all of Anthropic's API?");
    log::warn(&message);
    Error {
        kind: missing,
        message,
        ..error
    }
}

/// An error inside an answer that began as a success.
pub(crate) fn in_answer(body: &str) -> Error {
    refine(Error::from_event(body))
}

/// Adds what only Anthropic's bodies say to an error that the SDK has classified.
#[must_use]
pub fn refine(mut error: Error) -> Error {
    let body: Option<Value> = error
        .detail
        .as_deref()
        .and_then(|detail| serde_json::from_str(detail).ok());
    let body = body.unwrap_or_default();
    let cause = body.pointer("/error/details/error_code").and_then(Value::as_str);
    // A vendor that failed cannot put it on the caller.
    let failed = error.http_status.is_some_and(|status| status >= 500);
    let kind = cause.and_then(by_cause).or_else(|| by_message(&error));
    if let Some(kind) = kind.filter(|_| !failed) {
        error.kind = kind;
    }
    if let Some(cause) = cause {
        error.provider_code = Some(cause.to_owned());
    }
    if error.request_id.is_none() {
        error.request_id = body.get("request_id").and_then(Value::as_str).map(str::to_owned);
    }
    error
}

/// Causes whose status says something else.
fn by_cause(cause: &str) -> Option<ErrorKind> {
    match cause {
        // 429, and waiting does not help soon.
        "contract_spend_limit_reached"
        | "enforced_spend_limit_reached"
        | "linked_organization_spend_limit_reached"
        | "linked_organization_billing_unavailable" => Some(ErrorKind::QuotaExhausted),
        // 400, and nothing is wrong with the request.
        "organization_on_hold" => Some(ErrorKind::PermissionDenied),
        _ => None,
    }
}

/// What an `invalid_request_error` is about. There is no code for these cases, so the sentence has to do. Without a
/// status, in a stream, the error is at least about the request.
fn by_message(error: &Error) -> Option<ErrorKind> {
    match error.provider_code.as_deref() {
        Some("invalid_request_error") => {}
        // In a stream there is no status 413 to say it.
        Some("request_too_large") => return Some(ErrorKind::ContextLengthExceeded),
        _ => return None,
    }
    if error.kind == ErrorKind::ContextLengthExceeded {
        return None;
    }
    let message = error.message.to_ascii_lowercase();
    let told = [
        ("exceed context limit", ErrorKind::ContextLengthExceeded),
        ("credit balance is too low", ErrorKind::QuotaExhausted),
        ("api usage limits", ErrorKind::QuotaExhausted),
        ("content filtering policy", ErrorKind::ContentFiltered),
        // Nothing is wrong with the request.
        ("organization has been disabled", ErrorKind::PermissionDenied),
    ];
    let told = told.into_iter().find(|(words, _)| message.contains(words));
    let otherwise = || error.http_status.is_none().then_some(ErrorKind::InvalidRequest);
    told.map(|(_, kind)| kind).or_else(otherwise)
}
