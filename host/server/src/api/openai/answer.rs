//! A whole answer as a chat completion.

use std::fmt::Write as _;

use wharf::{FinishReason, Part, Reasoning, Response, ToolCall};

use super::residual::{CallExtra, Residual};
use super::{DIALECT, usage};
use crate::api::leftover::{append, append_object, push_raw, push_string};

/// What the answer has of its own if the vendor did not say.
pub(super) struct Identity<'a> {
    /// Used as `id`.
    pub(super) id: &'a str,
    /// The route that was asked for.
    pub(super) model: &'a str,
    /// Seconds since 1970.
    pub(super) created: u64,
}

/// The body of the answer.
pub(super) fn render(response: &Response, own: &Identity<'_>) -> String {
    let residual = Residual::of(response.extra.as_ref(), "message");
    let text_bytes: usize = response
        .parts
        .iter()
        .map(|part| if let Part::Text(t) = part { t.text.len() } else { 64 })
        .sum();
    let mut out = String::with_capacity(text_bytes + text_bytes / 16 + 512);
    out.push_str("{\"id\":");
    push_string(response.id.as_deref().unwrap_or(own.id), &mut out);
    out.push_str(",\"model\":");
    push_string(response.model.as_deref().unwrap_or(own.model), &mut out);
    if !residual.top.contains_key("object") {
        out.push_str(",\"object\":\"chat.completion\"");
    }
    if !residual.top.contains_key("created") {
        // Writing into a string cannot fail, here and below.
        let _ = write!(out, ",\"created\":{}", own.created);
    }
    out.push_str(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    content(response, &mut out);
    append(&residual.inner, &["content", "role"], &mut out);
    out.push('}');
    if !residual.choice.contains_key("finish_reason") {
        let _ = write!(out, ",\"finish_reason\":\"{}\"", finish(response.finish));
    }
    append(&residual.choice, &[], &mut out);
    out.push('}');
    for other in &residual.others {
        out.push(',');
        push_raw(other, &mut out);
    }
    out.push(']');
    if let Some(usage) = usage::render(&response.usage) {
        let _ = write!(out, ",\"usage\":{usage}");
    }
    append(&residual.top, &["usage"], &mut out);
    out.push('}');
    out
}

/// `content` and what belongs to it: reasoning, refusal, tool calls.
fn content(response: &Response, out: &mut String) {
    let has_text = response.parts.iter().any(|part| matches!(part, Part::Text(_)));
    if has_text {
        push_string(&response.text(), out);
    } else {
        out.push_str("null");
    }
    let mut refusal = None;
    let mut calls = Vec::new();
    for part in &response.parts {
        match part {
            Part::Reasoning(reasoning) => {
                if let Some(text) = &reasoning.text {
                    let _ = write!(out, ",\"{}\":", reasoning_field(reasoning));
                    push_string(text, out);
                }
            }
            Part::Refusal(text) => refusal = Some(text),
            Part::ToolCall(call) => calls.push(call),
            // A chat completion has no place for these.
            Part::Text(_) | Part::Media(_) | Part::ToolResult(_) | Part::Extension(_) => {}
        }
    }
    out.push_str(",\"refusal\":");
    match refusal {
        Some(text) => push_string(text, out),
        None => out.push_str("null"),
    }
    let ours = response.extra.as_ref().is_none_or(|extra| extra.kind == DIALECT);
    for (index, call) in calls.iter().enumerate() {
        out.push_str(if index == 0 { ",\"tool_calls\":[" } else { "," });
        tool_call(call, ours, out);
    }
    if !calls.is_empty() {
        out.push(']');
    }
}

/// One call, with its vendor fields where they were; one of another type than `function` as it came.
fn tool_call(call: &ToolCall, ours: bool, out: &mut String) {
    let extra = CallExtra::of(call.extra.as_ref(), ours);
    if extra.whole {
        append_object(&extra.beside, out);
        return;
    }
    out.push_str("{\"id\":");
    push_string(&call.id, out);
    out.push_str(",\"type\":\"function\",\"function\":{\"name\":");
    push_string(&call.name, out);
    out.push_str(",\"arguments\":");
    push_string(&call.arguments.0, out);
    append(&extra.inside, &[], out);
    out.push('}');
    append(&extra.beside, &[], out);
    out.push('}');
}

/// The name under which the vendor sent its reasoning.
pub(super) fn reasoning_field(reasoning: &Reasoning) -> &'static str {
    match reasoning.extra.as_ref().map(|json| json.0.as_str()) {
        Some(r#"{"field":"reasoning"}"#) => "reasoning",
        _ => "reasoning_content",
    }
}

/// OpenAI's word for why the model stopped.
pub(super) fn finish(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::Refusal | FinishReason::Other => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Error => "error",
    }
}
