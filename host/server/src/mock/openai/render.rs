//! Writes whole answers as the JSON text OpenAI sends, and the pieces that streams share with them.
//!
//! Bytes are written straight into one buffer: building a tree of JSON values first would be most of the cost of an
//! answer, and the emulator is the upstream of the benchmarks. Quirks are applied here and in `stream`, nowhere else.

use crate::mock::answer::{Answer, Outcome, Usage, split_text};
use crate::mock::json::{CREATED, push_json, push_number, push_text};
use crate::mock::quirks::{Quirk, Quirks};

/// What a content filter says about an answer, with its comma.
pub(super) const ANSWER_FILTER: &str = r#","content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}"#;

/// What Azure's content filter says about a prompt.
pub(super) const PROMPT_FILTER: &str = concat!(
    r#""prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"#,
    r#""hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":false,"detected":false}}}]"#
);

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
    /// Whether Azure's content filter speaks.
    pub(super) filtered: bool,
    /// Members to append to the answer or to the first chunk, from `echo`.
    pub(super) echo: Option<String>,
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
    if shape.filtered {
        out.push(b',');
        push_text(&mut out, PROMPT_FILTER);
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
    if shape.filtered {
        push_text(out, ANSWER_FILTER);
    } else {
        push_extra(out, shape, ANSWER_FILTER);
    }
    out.push(b'}');
}

/// Appends the id member of a tool call with its comma.
pub(super) fn push_call_id(out: &mut Vec<u8>, shape: &Shape<'_>, id: &str) {
    if !shape.quirks.has(Quirk::NoIds) {
        push_text(out, r#""id":"call_"#);
        push_text(out, id);
        push_text(out, r#"","#);
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
