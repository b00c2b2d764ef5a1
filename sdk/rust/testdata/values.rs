//! What a provider says to the host, as JSON for the expected files of its fixtures. Fields without a value are left out.

#![allow(
    dead_code,
    reason = "each provider's tests compile this file for themselves and use a part of it"
)]

use serde_json::{Map, Value, json};
use wharf_provider_sdk::{
    CallDelta, Capabilities, EmbedResponse, Error, ErrorKind, Event, Extension, FinishReason, Media, MediaData, Model,
    Part, PullProgress, Reasoning, Response, Start, Support, ToolCall, Usage,
};

/// An object of the fields that have a value.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let there = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(
        there
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

/// JSON text as the value it is.
fn parsed(json: Option<&String>) -> Value {
    json.map_or(Value::Null, |json| {
        serde_json::from_str(json).unwrap_or_else(|e| panic!("`{json}` must be JSON: {e}"))
    })
}

fn extension(extension: Option<&Extension>) -> Value {
    extension.map_or(
        Value::Null,
        |extension| json!({"kind": extension.kind, "value": parsed(Some(&extension.value))}),
    )
}

fn usage(usage: &Usage) -> Value {
    object([
        ("input", json!(usage.input_tokens)),
        ("output", json!(usage.output_tokens)),
        ("cache_read", json!(usage.cache_read_tokens)),
        ("cache_write", json!(usage.cache_write_tokens)),
        ("reasoning", json!(usage.reasoning_tokens)),
        ("extra", extension(usage.extra.as_ref())),
    ])
}

fn finish(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool-calls",
        FinishReason::ContentFilter => "content-filter",
        FinishReason::Refusal => "refusal",
        FinishReason::Error => "error",
        FinishReason::Other => "other",
    }
}

fn media(media: &Media) -> Value {
    let (url, inline) = match &media.data {
        MediaData::Url(url) => (json!(url), Value::Null),
        MediaData::Inline(bytes) => (Value::Null, json!(bytes)),
    };
    object([
        ("mime_type", json!(media.mime_type)),
        ("url", url),
        ("inline", inline),
        ("name", json!(media.name)),
        ("extra", parsed(media.extra.as_ref())),
    ])
}

fn call(call: &ToolCall) -> Value {
    object([
        ("id", json!(call.id)),
        ("name", json!(call.name)),
        ("arguments", json!(call.arguments)),
        ("extra", parsed(call.extra.as_ref())),
    ])
}

fn reasoning(reasoning: &Reasoning) -> Value {
    object([
        ("text", json!(reasoning.text)),
        ("signature", json!(reasoning.signature)),
        ("redacted", json!(reasoning.redacted)),
        ("extra", parsed(reasoning.extra.as_ref())),
    ])
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => {
            let extra = parsed(text.extra.as_ref());
            json!({"text": object([("text", json!(text.text)), ("extra", extra)])})
        }
        Part::Media(found) => json!({"media": media(found)}),
        Part::ToolCall(found) => json!({"tool_call": call(found)}),
        Part::ToolResult(found) => panic!("no answer has the result of a tool: {found:?}"),
        Part::Reasoning(found) => json!({"reasoning": reasoning(found)}),
        Part::Refusal(text) => json!({"refusal": text}),
        Part::Extension(found) => json!({"extension": extension(Some(found))}),
    }
}

/// A whole answer.
pub(crate) fn response(response: &Response) -> Value {
    object([
        ("id", json!(response.id)),
        ("model", json!(response.model)),
        ("parts", response.parts.iter().map(part).collect()),
        ("finish", json!(finish(response.finish))),
        ("usage", usage(&response.usage)),
        ("extra", extension(response.extra.as_ref())),
    ])
}

fn start(start: &Start) -> Value {
    object([
        ("id", json!(start.id)),
        ("model", json!(start.model)),
        ("extra", extension(start.extra.as_ref())),
    ])
}

fn delta(delta: &CallDelta) -> Value {
    object([
        ("index", json!(delta.index)),
        ("id", json!(delta.id)),
        ("name", json!(delta.name)),
        ("arguments", json!(delta.arguments)),
        ("extra", parsed(delta.extra.as_ref())),
    ])
}

/// A step of a streamed answer.
pub(crate) fn event(event: &Event) -> Value {
    match event {
        Event::Start(found) => json!({"start": start(found)}),
        Event::Text(text) => json!({"text": text}),
        Event::Reasoning(found) => json!({"reasoning": reasoning(found)}),
        Event::ToolCall(found) => json!({"tool_call": delta(found)}),
        Event::Refusal(text) => json!({"refusal": text}),
        Event::Part(found) => json!({"part": part(found)}),
        Event::Usage(found) => json!({"usage": usage(found)}),
        Event::Finish(reason) => json!({"finish": finish(*reason)}),
        Event::Extension(found) => json!({"extension": extension(Some(found))}),
    }
}

/// Vectors.
pub(crate) fn embeddings(answer: &EmbedResponse) -> Value {
    object([
        ("model", json!(answer.model)),
        ("vectors", json!(answer.vectors)),
        ("usage", usage(&answer.usage)),
        ("extra", extension(answer.extra.as_ref())),
    ])
}

/// A model.
pub(crate) fn model(model: &Model) -> Value {
    object([
        ("id", json!(model.id)),
        ("created", json!(model.created)),
        ("owner", json!(model.owner)),
        ("size", json!(model.size)),
        ("loaded", json!(model.loaded)),
        ("extra", parsed(model.extra.as_ref())),
    ])
}

/// An error, without the vendor's body: that is the input.
pub(crate) fn error(error: &Error) -> Value {
    object([
        ("kind", json!(kind(&error.kind))),
        ("message", json!(error.message)),
        ("http_status", json!(error.http_status)),
        ("provider_code", json!(error.provider_code)),
        ("request_id", json!(error.request_id)),
        ("retry_after_ms", json!(error.retry_after_ms)),
        ("sent", json!(error.sent)),
    ])
}

fn kind(kind: &ErrorKind) -> &str {
    match kind {
        ErrorKind::InvalidRequest => "invalid-request",
        ErrorKind::ContextLengthExceeded => "context-length-exceeded",
        ErrorKind::ContentFiltered => "content-filtered",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::PermissionDenied => "permission-denied",
        ErrorKind::NotFound => "not-found",
        ErrorKind::RateLimited => "rate-limited",
        ErrorKind::QuotaExhausted => "quota-exhausted",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Internal => "internal",
        ErrorKind::Other(word) => word,
    }
}

fn support(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::No => "no",
        Support::Unknown => "unknown",
    }
}

/// What a model can do.
pub(crate) fn capabilities(found: &Capabilities) -> Value {
    object([
        ("streaming", json!(support(found.streaming))),
        ("tools", json!(support(found.tools))),
        ("parallel_tools", json!(support(found.parallel_tools))),
        ("images", json!(support(found.images))),
        ("json_schema", json!(support(found.json_schema))),
        ("thinking", json!(support(found.thinking))),
        ("context_tokens", json!(found.context_tokens)),
        ("max_output_tokens", json!(found.max_output_tokens)),
        ("extra", parsed(found.extra.as_ref())),
    ])
}

/// A step of a pull.
pub(crate) fn progress(progress: &PullProgress) -> Value {
    object([
        ("status", json!(progress.status)),
        ("digest", json!(progress.digest)),
        ("total", json!(progress.total)),
        ("completed", json!(progress.completed)),
        ("extra", parsed(progress.extra.as_ref())),
    ])
}

/// All that is said, and how it ends.
pub(crate) fn told<T>(mut next: impl FnMut() -> Result<Vec<T>, Error>, value: fn(&T) -> Value) -> Value {
    let mut all = Vec::new();
    loop {
        match next() {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => all.extend(batch.iter().map(value)),
            Err(failed) => {
                all.push(json!({"error": error(&failed)}));
                break;
            }
        }
    }
    Value::Array(all)
}
