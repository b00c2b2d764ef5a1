//! Errors in Ollama's words: a status and one sentence.

use serde_json::json;

use crate::mock::failure::{Cause, Failure};
use crate::mock::json::bytes;
use crate::mock::plan::Reply;

/// What a stream says when the model breaks.
pub(super) const BROKEN: &str = "an error was encountered while running the model: unexpected EOF";

/// An error answer.
pub(in crate::mock) fn error(failure: &Failure) -> Reply {
    let body = json!({"error": sentence(failure)});
    Reply::error(failure.status, failure.retry_after, bytes(&body))
}

fn sentence(failure: &Failure) -> String {
    let fixed = match &failure.cause {
        Cause::UnknownModel(model) => return format!("model '{model}' not found"),
        Cause::NotJson(problem) => return problem.clone(),
        Cause::Request => return failure.message().to_owned(),
        Cause::Key => "unauthorized",
        Cause::UnknownPath => "404 page not found",
        Cause::ContextLength => "prompt too long; exceeded max context length by 809 tokens",
        Cause::ContentFilter => "the request was refused by the model's safety filter",
        Cause::Quota => "you (mock) have reached your weekly usage limit, upgrade for higher limits",
        Cause::Status => match failure.status.as_u16() {
            400 => "invalid options: temperature",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "model 'mock' not found",
            429 => "too many requests",
            503 => "server busy, please try again. maximum pending requests exceeded",
            code if code < 500 => "the request was refused",
            _ => BROKEN,
        },
    };
    fixed.to_owned()
}
