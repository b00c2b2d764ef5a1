//! A whole answer as a message, and the form of its blocks.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use wharf::{FinishReason, Json, Media, MediaData, Part, Reasoning, Response};

use super::block_events::Kind;
use super::{DIALECT, usage};
use crate::api::leftover::{self, Leftover, append, push_field, push_raw, push_string};
use crate::api::seal;

/// What the answer has of its own if the vendor did not say.
pub(super) struct Identity<'a> {
    /// Used as `id`.
    pub(super) id: &'a str,
    /// The route that was asked for.
    pub(super) model: &'a str,
}

/// What the host writes itself into every message.
pub(super) const MESSAGE: [&str; 7] = ["id", "type", "role", "model", "content", "stop_reason", "usage"];

/// The body of the answer.
pub(super) fn render(response: &Response, own: &Identity<'_>) -> String {
    let extra = response.extra.as_ref().filter(|extra| extra.kind == DIALECT);
    let rest = leftover::of(extra.map(|extra| &extra.value));
    let counts = response.usage.extra.as_ref().is_some_and(|extra| extra.kind == DIALECT);
    let form = Form {
        ours: extra.is_some() || counts,
    };
    let mut out = String::from("{\"id\":");
    push_string(response.id.as_deref().unwrap_or(own.id), &mut out);
    out.push_str(",\"type\":\"message\",\"role\":\"assistant\"");
    push_field("model", response.model.as_deref().unwrap_or(own.model), &mut out);
    out.push_str(",\"content\":[");
    for part in &response.parts {
        form.write(part, &mut out);
    }
    if out.ends_with(',') {
        out.pop();
    }
    let refused = response.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let reason = stop_reason(Some(response.finish), refused, &rest);
    // Writing into a string cannot fail, here and below.
    let _ = write!(out, "],\"stop_reason\":{reason}");
    if !rest.contains_key("stop_sequence") {
        out.push_str(",\"stop_sequence\":null");
    }
    append(&rest, &MESSAGE, &mut out);
    let _ = write!(out, ",\"usage\":{}}}", usage::render(&response.usage));
    out
}

/// Anthropic's word for why the model stopped, as JSON: the vendor's own where it is Anthropic's. The model must not
/// seem to be done when it was not.
pub(super) fn stop_reason(finish: Option<FinishReason>, refused: bool, rest: &Leftover) -> String {
    if let Some(own) = rest.get("stop_reason").filter(|own| own.get() != "null") {
        let mut text = String::new();
        push_raw(own, &mut text);
        return text;
    }
    let sequence = rest.get("stop_sequence").is_some_and(|raw| raw.get() != "null");
    let word = match finish {
        None => return "null".to_owned(),
        Some(FinishReason::Stop) if refused => "refusal",
        Some(FinishReason::Stop) if sequence => "stop_sequence",
        Some(FinishReason::Stop) => "end_turn",
        // Of other reasons nobody knows that the answer is whole: the nearest word is that it was cut off.
        Some(FinishReason::Length | FinishReason::Other) => "max_tokens",
        Some(FinishReason::ToolCalls) => "tool_use",
        Some(FinishReason::ContentFilter | FinishReason::Refusal) => "refusal",
        // Anthropic has no word for it.
        Some(FinishReason::Error) => "error",
    };
    format!("\"{word}\"")
}

/// Writes content blocks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    /// The vendor speaks Anthropic's dialect, so its fields mean here what they meant there.
    pub(super) ours: bool,
}

impl Form {
    /// The vendor fields of a part, and of other vendors' its seals.
    pub(super) fn extra(self, extra: Option<&Json>) -> Leftover {
        seal::fields(extra, self.ours)
    }

    /// Appends the blocks of a part, each with a comma behind it.
    fn write(self, part: &Part, out: &mut String) {
        match part {
            Part::Text(text) => self.text(&text.text, text.extra.as_ref(), out),
            // What Anthropic's models say when they refuse is text.
            Part::Refusal(text) => self.text(text, None, out),
            Part::Reasoning(reasoning) => self.reasoning(reasoning, out),
            Part::ToolCall(call) => {
                out.push('{');
                call_fields(&call.id, &call.name, out);
                out.push_str(",\"input\":");
                push_input(&call.arguments.0, out);
                append(&self.extra(call.extra.as_ref()), Kind::Call.fields(), out);
                out.push_str("},");
            }
            Part::Media(media) => {
                out.push('{');
                self.media_fields(media, out);
                out.push_str("},");
            }
            Part::Extension(extension) if extension.kind == DIALECT => {
                if let Ok(raw) = serde_json::from_str::<&RawValue>(&extension.value.0) {
                    push_raw(raw, out);
                    out.push(',');
                }
            }
            // A message of the assistant has no place for these.
            Part::ToolResult(_) | Part::Extension(_) => {}
        }
    }

    fn text(self, text: &str, extra: Option<&Json>, out: &mut String) {
        out.push_str("{\"type\":\"text\"");
        push_field("text", text, out);
        append(&self.extra(extra), Kind::Text.fields(), out);
        out.push_str("},");
    }

    /// Visible thoughts, and hidden ones, which are a block of their own.
    fn reasoning(self, reasoning: &Reasoning, out: &mut String) {
        let mut extra = self.extra(reasoning.extra.as_ref());
        if reasoning.text.is_some() || reasoning.signature.is_some() {
            out.push_str("{\"type\":\"thinking\"");
            push_field("thinking", reasoning.text.as_deref().unwrap_or_default(), out);
            // Clients rely on it, but not every vendor seals.
            let sealed = reasoning.signature.as_deref().unwrap_or_default();
            push_field("signature", seal::shown(sealed, DIALECT), out);
            append(&std::mem::take(&mut extra), Kind::Thinking.fields(), out);
            out.push_str("},");
        }
        if let Some(data) = &reasoning.redacted {
            out.push('{');
            redacted_fields(data, out);
            append(&extra, Kind::Redacted.fields(), out);
            out.push_str("},");
        }
    }

    /// A picture or a document. Anthropic's models make none; others do, and the form is the one of a request.
    pub(super) fn media_fields(self, media: &Media, out: &mut String) {
        let image = media.mime_type.starts_with("image/");
        out.push_str("\"type\":");
        out.push_str(if image { "\"image\"" } else { "\"document\"" });
        let mut extra = self.extra(media.extra.as_ref());
        let source = leftover::of(
            extra
                .shift_remove("source")
                .map(|raw| Json(raw.get().to_owned()))
                .as_ref(),
        );
        let written: &[&str] = match &media.data {
            MediaData::Url(url) => {
                out.push_str(",\"source\":{\"type\":\"url\"");
                push_field("url", url, out);
                &["type", "url"]
            }
            MediaData::Inline(bytes) => {
                out.push_str(",\"source\":{\"type\":\"base64\"");
                push_field("media_type", &media.mime_type, out);
                push_field("data", &STANDARD.encode(bytes), out);
                &["type", "media_type", "data"]
            }
        };
        append(&source, written, out);
        out.push('}');
        let named: &[&str] = match &media.name {
            Some(name) => {
                push_field("title", name, out);
                &["type", "title"]
            }
            None => &["type"],
        };
        append(&extra, named, out);
    }
}

/// The fields of a call, but for its arguments.
pub(super) fn call_fields(id: &str, name: &str, out: &mut String) {
    out.push_str("\"type\":\"tool_use\"");
    push_field("id", id, out);
    push_field("name", name, out);
}

/// The fields of hidden thoughts.
pub(super) fn redacted_fields(data: &str, out: &mut String) {
    out.push_str("\"type\":\"redacted_thinking\"");
    push_field("data", seal::shown(data, DIALECT), out);
}

/// The arguments of a call. Models err: what is no JSON goes out as a string, so that the client sees it instead of a
/// call without arguments.
fn push_input(arguments: &str, out: &mut String) {
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(raw) => push_raw(raw, out),
        Err(_) if arguments.trim().is_empty() => out.push_str("{}"),
        Err(_) => push_string(arguments, out),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
