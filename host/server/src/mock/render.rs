//! Writes whole answers as the JSON text OpenAI sends, and the pieces that streams share with them.
//!
//! Bytes are written straight into one buffer: building a tree of JSON values first would be most of the cost of an
//! answer, and the emulator is the upstream of the benchmarks. Quirks are applied here and in `stream`, nowhere else.

use std::io::Write as _;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Quirk;
use super::answer::{Answer, Outcome, Usage, split_text};

/// Creation time of every answer: the emulator is deterministic and does not look at the clock.
pub(super) const CREATED: u64 = 1_700_000_000;

/// The quirks as bits, looked up on every chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Quirks(u8);

impl Quirks {
    /// Collects the quirks of the command line.
    pub(super) fn of(list: &[Quirk]) -> Self {
        Self(list.iter().fold(0, |bits, quirk| bits | bit(*quirk)))
    }

    /// Whether answers have this quirk.
    pub(super) fn has(self, quirk: Quirk) -> bool {
        self.0 & bit(quirk) != 0
    }
}

fn bit(quirk: Quirk) -> u8 {
    1 << (quirk as u8)
}

/// Everything but the words of an answer.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// Number of the request; part of the ids.
    pub(super) number: u64,
    /// Model named in the answer.
    pub(super) model: &'a str,
    /// How many choices.
    pub(super) choices: u32,
    /// Into how many pieces a text is cut at most.
    pub(super) pieces: usize,
    /// Whether log probabilities are given.
    pub(super) logprobs: bool,
    /// Token counts.
    pub(super) usage: Usage,
    /// Differences from OpenAI.
    pub(super) quirks: Quirks,
    /// Members to append to the answer or to the first chunk, from `echo`.
    pub(super) echo: Option<String>,
}

/// Appends text as it is.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends a value as JSON. Strings, numbers and options of them cannot fail; anything that does becomes null.
pub(super) fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        push_text(out, "null");
    }
}

/// Appends a number.
pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    // Writing to memory does not fail.
    let _ = write!(out, "{number}");
}

/// A whole answer.
pub(super) fn whole(shape: &Shape<'_>, answer: &Answer) -> Vec<u8> {
    let said = match &answer.outcome {
        Outcome::Text(text) => text.len(),
        Outcome::Refusal(_) | Outcome::Calls(_) => 256,
    };
    let mut out = Vec::with_capacity(768 + said * shape.choices as usize);
    push_head(&mut out, shape, "chat.completion");
    push_text(&mut out, r#","choices":["#);
    for index in 0..shape.choices {
        if index > 0 {
            out.push(b',');
        }
        push_choice(&mut out, shape, answer, index);
    }
    out.push(b']');
    if !shape.quirks.has(Quirk::NoUsage) {
        push_text(&mut out, r#","usage":"#);
        push_usage(&mut out, shape.usage);
    }
    push_extra(
        &mut out,
        shape,
        r#","x_vendor":{"region":"mock-1","cache":null,"tags":["a",1]}"#,
    );
    if let Some(echo) = &shape.echo {
        push_text(&mut out, echo);
    }
    out.push(b'}');
    out
}

/// Appends the opening brace and the members before `choices`.
pub(super) fn push_head(out: &mut Vec<u8>, shape: &Shape<'_>, object: &str) {
    out.push(b'{');
    if !shape.quirks.has(Quirk::NoIds) {
        push_text(out, r#""id":"chatcmpl-mock-"#);
        push_number(out, shape.number);
        push_text(out, r#"","#);
    }
    push_text(out, r#""object":""#);
    push_text(out, object);
    push_text(out, r#"","created":"#);
    push_number(out, CREATED);
    push_text(out, r#","model":"#);
    push_json(out, shape.model);
    push_text(out, r#","service_tier":"default","system_fingerprint":"fp_mock""#);
}

fn push_choice(out: &mut Vec<u8>, shape: &Shape<'_>, answer: &Answer, index: u32) {
    push_text(out, r#"{"index":"#);
    push_number(out, u64::from(index));
    push_text(out, r#","message":{"role":"assistant","content":"#);
    match &answer.outcome {
        Outcome::Text(text) => push_json(out, text),
        Outcome::Refusal(_) | Outcome::Calls(_) => push_text(out, "null"),
    }
    if let Some(reasoning) = answer.reasoning {
        push_text(out, r#","reasoning_content":"#);
        push_json(out, reasoning);
    }
    if let Outcome::Calls(calls) = &answer.outcome {
        push_text(out, r#","tool_calls":["#);
        for (position, call) in calls.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.push(b'{');
            push_call_id(out, shape, &call.id);
            push_text(out, r#""type":"function","function":{"name":"#);
            push_json(out, &call.name);
            push_text(out, r#","arguments":"#);
            push_json(out, &call.arguments);
            push_text(out, "}}");
        }
        out.push(b']');
    }
    push_text(out, r#","refusal":"#);
    match &answer.outcome {
        Outcome::Refusal(text) => push_json(out, *text),
        Outcome::Text(_) | Outcome::Calls(_) => push_text(out, "null"),
    }
    push_text(out, r#","annotations":[]"#);
    push_extra(out, shape, r#","x_note":"extra""#);
    push_text(out, r#"},"logprobs":"#);
    match &answer.outcome {
        Outcome::Text(text) if shape.logprobs => push_logprobs(out, &split_text(text, shape.pieces)),
        _ => push_text(out, "null"),
    }
    push_text(out, r#","finish_reason":"#);
    if shape.quirks.has(Quirk::NoFinish) {
        push_text(out, "null");
    } else {
        push_json(out, answer.finish_reason());
    }
    push_extra(
        out,
        shape,
        r#","content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}"#,
    );
    out.push(b'}');
}

/// Appends the id member of a tool call with its comma.
pub(super) fn push_call_id(out: &mut Vec<u8>, shape: &Shape<'_>, id: &str) {
    if !shape.quirks.has(Quirk::NoIds) {
        push_text(out, r#""id":"#);
        push_json(out, id);
        out.push(b',');
    }
}

/// Appends members only the quirk has.
pub(super) fn push_extra(out: &mut Vec<u8>, shape: &Shape<'_>, members: &str) {
    if shape.quirks.has(Quirk::ExtraFields) {
        push_text(out, members);
    }
}

/// Appends a `logprobs` object with one entry per token.
pub(super) fn push_logprobs(out: &mut Vec<u8>, tokens: &[&str]) {
    push_text(out, r#"{"content":["#);
    for (position, token) in tokens.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        push_text(out, r#"{"token":"#);
        push_json(out, *token);
        push_text(out, r#","logprob":-0.1,"bytes":null,"top_logprobs":[]}"#);
    }
    push_text(out, r#"],"refusal":null}"#);
}

/// Appends a `usage` object.
pub(super) fn push_usage(out: &mut Vec<u8>, usage: Usage) {
    push_text(out, r#"{"prompt_tokens":"#);
    push_number(out, usage.prompt as u64);
    push_text(out, r#","completion_tokens":"#);
    push_number(out, usage.completion as u64);
    push_text(out, r#","total_tokens":"#);
    push_number(out, (usage.prompt + usage.completion) as u64);
    push_text(
        out,
        r#","prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":"#,
    );
    push_number(out, usage.reasoning as u64);
    push_text(out, "}}");
}

/// The members `mock_request` and `mock_headers`, each with its comma. The authorization value is not repeated.
pub(super) fn echo(headers: &HeaderMap, body: &[u8]) -> String {
    // As it came, digit for digit. A line break cannot be inside a JSON string, so it may become a space, which
    // keeps the answer on one line for server-sent events.
    let raw: Option<&RawValue> = serde_json::from_slice(body).ok();
    let request = raw.map_or_else(|| "null".to_owned(), |raw| raw.get().replace(['\n', '\r'], " "));
    let mut seen: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let text = if name == AUTHORIZATION {
            "present".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        if let Some(Value::String(earlier)) = seen.get_mut(name.as_str()) {
            earlier.push_str(", ");
            earlier.push_str(&text);
            continue;
        }
        seen.insert(name.as_str().to_owned(), Value::String(text));
    }
    let headers = Value::Object(seen);
    format!(r#","mock_request":{request},"mock_headers":{headers}"#)
}
