//! A whole answer as a chat completion.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use wharf::{FinishReason, Part, Reasoning, Response, ToolCall};

use super::residual::{CallExtra, Residual};
use super::thoughts::{self, Blocks};
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
    let parts = residual.inner.get("content").map(AsRef::as_ref);
    content(response, parts, &mut out);
    append(&residual.inner, &["content", "role"], &mut out);
    out.push('}');
    if !residual.choice.contains_key("finish_reason") {
        let refused = response.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
        let _ = write!(out, ",\"finish_reason\":\"{}\"", finish(response.finish, refused));
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

/// `content` and what belongs to it: reasoning, refusal, tool calls. `parts` are those of the vendor's content that
/// nobody mapped; the text is one of them then.
fn content(response: &Response, parts: Option<&RawValue>, out: &mut String) {
    let has_text = response.parts.iter().any(|part| matches!(part, Part::Text(_)));
    let parts: Vec<&RawValue> = parts
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    if parts.is_empty() && has_text {
        push_string(&response.text(), out);
    } else if parts.is_empty() {
        out.push_str("null");
    } else {
        out.push('[');
        if has_text {
            out.push_str("{\"type\":\"text\",\"text\":");
            push_string(&response.text(), out);
            out.push('}');
        }
        for (index, part) in parts.iter().enumerate() {
            if has_text || index > 0 {
                out.push(',');
            }
            push_raw(part, out);
        }
        out.push(']');
    }
    let mut refusal: Option<Cow<'_, str>> = None;
    // Several are one here, as they are in a stream.
    let mut told: Option<(&str, Cow<'_, str>)> = None;
    let (mut blocks, mut sealed) = (Blocks::default(), String::new());
    let mut calls = Vec::new();
    for part in &response.parts {
        match part {
            Part::Reasoning(reasoning) => {
                blocks.add(reasoning, &mut sealed);
                blocks.end();
                match (&reasoning.text, &mut told) {
                    (None, _) => {}
                    (Some(text), Some((_, before))) => before.to_mut().push_str(text),
                    (Some(text), none) => *none = Some((reasoning_field(reasoning), text.into())),
                }
            }
            Part::Refusal(text) => match &mut refusal {
                Some(before) => before.to_mut().push_str(text),
                none => *none = Some(text.into()),
            },
            Part::ToolCall(call) => calls.push(call),
            // A chat completion has no place for these.
            Part::Text(_) | Part::Media(_) | Part::ToolResult(_) | Part::Extension(_) => {}
        }
    }
    if let Some((name, text)) = &told {
        let _ = write!(out, ",\"{name}\":");
        push_string(text, out);
    }
    if !sealed.is_empty() {
        let _ = write!(out, ",\"{}\":[{sealed}]", thoughts::FIELD);
    }
    out.push_str(",\"refusal\":");
    match &refusal {
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

/// OpenAI's word for why the model stopped. `in_words`: it says in words that it refuses.
///
/// A refusal without a word would look like an empty answer, so it counts as one of the filter. Of other reasons, such
/// as a pause of the vendor's own tools, nobody knows that the answer is whole: the nearest word is that it was cut
/// off.
pub(super) fn finish(reason: FinishReason, in_words: bool) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Refusal if in_words => "stop",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
        FinishReason::Length | FinishReason::Other => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use wharf::{Extension, Json, Usage};

    fn rendered(parts: Vec<Part>, finish: FinishReason, extra: Option<Extension>) -> Value {
        let response = Response {
            id: None,
            model: None,
            parts,
            finish,
            usage: Usage::default(),
            extra,
        };
        let own = Identity {
            id: "own",
            model: "route",
            created: 7,
        };
        let written = render(&response, &own);
        let mut written: Value = serde_json::from_str(&written).unwrap_or_else(|e| panic!("{e}: {written}"));
        written["choices"][0].take()
    }

    fn word(parts: Vec<Part>, finish: FinishReason) -> Value {
        rendered(parts, finish, None)["finish_reason"].clone()
    }

    #[test]
    fn a_refusal_is_seen_in_words_or_in_the_finish_reason() {
        assert_eq!(word(vec![], FinishReason::Refusal), "content_filter");
        assert_eq!(
            word(vec![Part::Refusal("no".into())], FinishReason::Refusal),
            "stop",
            "as OpenAI does it"
        );
    }

    #[test]
    fn an_answer_that_paused_does_not_look_done() {
        assert_eq!(word(vec![Part::text("a")], FinishReason::Other), "length");
        let foreign = Extension {
            kind: "anthropic.messages".into(),
            value: Json(r#"{"stop_reason":"pause_turn"}"#.into()),
        };
        let choice = rendered(vec![], FinishReason::Other, Some(foreign));
        assert_eq!(choice["finish_reason"], "length");
        let own = Extension {
            kind: DIALECT.into(),
            value: Json(r#"{"choices":[{"finish_reason":"paused"}]}"#.into()),
        };
        let choice = rendered(vec![], FinishReason::Other, Some(own));
        assert_eq!(
            choice["finish_reason"], "paused",
            "a vendor of this dialect says it itself"
        );
    }

    #[test]
    fn parts_of_the_content_that_nobody_mapped_stand_beside_the_text() {
        let of = |parts| {
            let rest = Extension {
                kind: DIALECT.into(),
                value: Json(r#"{"choices":[{"message":{"content":[{"type":"reference","n":1.0}]}}]}"#.into()),
            };
            rendered(parts, FinishReason::Stop, Some(rest))["message"]["content"].clone()
        };
        let reference = json!({"type": "reference", "n": 1.0});
        assert_eq!(of(vec![]), json!([reference]));
        let said = json!({"type": "text", "text": "a"});
        assert_eq!(of(vec![Part::text("a")]), json!([said, reference]));
    }
}
