//! Answers and errors of servers that speak OpenAI's API, against files in `tests/fixtures`.
//!
//! `UPDATE_EXPECT=1 cargo test -p wharf-openai-api` writes the expected files anew.

#[path = "../../rust/testdata/files.rs"]
mod files;

use files::{beside, check, inputs, read};
use serde_json::{Value, json};
use wharf_openai_api::{embeddings, models};
use wharf_provider_sdk::{EmbedResponse, Error, ErrorKind, Model, Usage};

/// JSON text as the value it is; null without one.
fn parsed(json: Option<&String>) -> Value {
    json.map_or(Value::Null, |json| {
        serde_json::from_str(json).unwrap_or_else(|e| panic!("`{json}` must be JSON: {e}"))
    })
}

fn usage(usage: &Usage) -> Value {
    let extra = usage.extra.as_ref();
    json!({
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "extra": extra.map(|extra| json!({"kind": extra.kind, "value": parsed(Some(&extra.value))})),
    })
}

fn answer(answer: &EmbedResponse) -> Value {
    json!({
        "model": answer.model,
        "vectors": answer.vectors,
        "usage": usage(&answer.usage),
        "extra": parsed(answer.extra.as_ref()),
    })
}

fn model(model: &Model) -> Value {
    json!({
        "id": model.id,
        "created": model.created,
        "owner": model.owner,
        "extra": parsed(model.extra.as_ref()),
    })
}

fn error(error: &Error) -> Value {
    json!({
        "kind": kind(&error.kind),
        "message": error.message,
        "http_status": error.http_status,
        "provider_code": error.provider_code,
        "sent": error.sent,
    })
}

fn kind(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest => "invalid-request",
        ErrorKind::ContextLengthExceeded => "context-length-exceeded",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::NotFound => "not-found",
        ErrorKind::RateLimited => "rate-limited",
        ErrorKind::QuotaExhausted => "quota-exhausted",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Protocol => "protocol",
        _ => panic!("no error in the fixtures is of this kind: {kind:?}"),
    }
}

/// Every request of the fixtures had two texts.
#[test]
fn embeddings_mean_what_they_should() {
    for path in inputs("embeddings") {
        let found = match embeddings::parse(&read(&path), 2) {
            Ok(found) => answer(&found),
            Err(found) => json!({"error": error(&found)}),
        };
        check(&beside(&path), &found);
    }
}

#[test]
fn lists_of_models_mean_what_they_should() {
    for path in inputs("models") {
        let found: Value = match models::list(&read(&path)) {
            Ok(found) => found.iter().map(model).collect(),
            Err(found) => json!({"error": error(&found)}),
        };
        check(&beside(&path), &found);
    }
}

/// The status stands at the beginning of the file's name.
#[test]
fn errors_are_classified() {
    for path in inputs("errors") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let status = name.split('-').next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{name} must begin with a status"));
        let found = Error::from_parts(status, |_| None, &read(&path));
        check(&beside(&path), &error(&found));
    }
}
