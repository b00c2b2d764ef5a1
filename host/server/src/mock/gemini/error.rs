//! Errors in Google's words: a code, a status word, a sentence, and typed details where Google gives some.
//!
//! When to come back is one of the details and not a header. A filtered prompt is no error at all but an answer
//! without candidates.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::mock::failure::{Cause, Failure};
use crate::mock::json::{bytes, push_json, push_text};
use crate::mock::plan::{EVENT_STREAM, Form, JSON, Reply};

/// An error answer.
pub(in crate::mock) fn error(failure: &Failure, form: Form) -> Reply {
    match &failure.cause {
        Cause::ContentFilter => blocked(form),
        Cause::Key => {
            let info = json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            });
            let message = "API key not valid. Please pass a valid API key.";
            reply(StatusCode::BAD_REQUEST, message, &[info])
        }
        Cause::UnknownModel(model) => {
            let message = format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
                 ListModels to see the list of available models and their supported methods."
            );
            reply(failure.status, &message, &[])
        }
        Cause::UnknownPath => reply(failure.status, "Requested entity was not found.", &[]),
        Cause::Request => reply(failure.status, failure.message(), &[]),
        Cause::NotJson(problem) => {
            let message = format!("Invalid JSON payload received. {problem}");
            reply(failure.status, &message, &[])
        }
        Cause::ContextLength => {
            let message = "The input token count (9001) exceeds the maximum number of tokens allowed (8192).";
            reply(failure.status, message, &[])
        }
        Cause::Quota => limited("PerDay", None),
        Cause::Status if failure.status == StatusCode::TOO_MANY_REQUESTS => limited("PerMinute", failure.retry_after),
        Cause::Status => Reply {
            retry_after: failure.retry_after,
            ..reply(failure.status, of_status(failure.status), &[])
        },
    }
}

fn reply(status: StatusCode, message: &str, details: &[Value]) -> Reply {
    Reply::error(status, None, bytes(&body(status, message, details)))
}

/// The body of an error, which is also what a stream says when the model breaks.
fn body(status: StatusCode, message: &str, details: &[Value]) -> Value {
    let mut error = json!({"code": status.as_u16(), "message": message, "status": word(status)});
    if !details.is_empty() {
        error["details"] = json!(details);
    }
    json!({"error": error})
}

/// What a stream says when the model breaks.
pub(super) fn event() -> Value {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    body(status, of_status(status), &[])
}

/// A limit of the account, for a minute or a day.
fn limited(period: &str, retry_after: Option<Duration>) -> Reply {
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": format!("GenerateRequests{period}PerProjectPerModel-FreeTier"),
            "quotaValue": "20",
        }],
    })];
    if let Some(wait) = retry_after {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", wait.as_secs_f64()),
        }));
    }
    let message = "You exceeded your current quota, please check your plan and billing details.";
    reply(StatusCode::TOO_MANY_REQUESTS, message, &details)
}

fn of_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Invalid value at 'generation_config.temperature' (TYPE_FLOAT).",
        401 => "Request had invalid authentication credentials.",
        403 => "The caller does not have permission.",
        404 => "Requested entity was not found.",
        500 => "An internal error has occurred. Please retry.",
        503 => "The model is overloaded. Please try again later.",
        504 => "The request timed out. Please try again.",
        code if code < 500 => "The request was refused.",
        _ => "The request failed.",
    }
}

fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 413 | 422 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        402 => "FAILED_PRECONDITION",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        502 | 503 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}

/// The answer to a prompt that the vendor does not let through.
fn blocked(form: Form) -> Reply {
    let answer = json!({
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1},
        "modelVersion": "mock",
    });
    if form != Form::Events {
        return Reply::ok(JSON, bytes(&answer));
    }
    let mut event = Vec::with_capacity(256);
    push_text(&mut event, "data: ");
    push_json(&mut event, &answer);
    push_text(&mut event, "\r\n\r\n");
    Reply::ok(EVENT_STREAM, event)
}
