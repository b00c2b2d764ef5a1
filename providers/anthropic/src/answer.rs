//! From a whole message of Anthropic's to the contract's response.
//!
//! What is left of the message travels as the response's `extra`, and what is left of a block as that of its part. The
//! response's `extra` is there even if nothing is left: it says whose words those of the parts are.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, FinishReason, Part, Reasoning, Response, Text, ToolCall, seal};

use crate::usage::Counts;
use crate::{DIALECT, error, extension};

/// Reads the body of a 200 answer.
///
/// # Errors
/// A protocol error when it is not a message, and the vendor's own error when it is one.
pub fn parse(body: &str) -> Result<Response, Error> {
    let mut message = Object::parse(body)?;
    if message.contains("error") && !message.contains("content") {
        return Err(error::in_answer(body));
    }
    let missing = || Error::protocol("the vendor's answer has no `content`; is `base_url` the right address?");
    let content: Vec<&RawValue> = message.take("content")?.ok_or_else(missing)?;
    let parts = content.into_iter().map(part).collect::<Result<Vec<Part>, Error>>()?;
    let called = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let (id, model) = identity(&mut message);
    let mut counts = Counts::default();
    if let Some(usage) = message.take_if::<Option<Object<'_>>>("usage").flatten() {
        counts.add(usage);
    }
    let finish = take_reason(&mut message).unwrap_or(by_default(called));
    Ok(Response {
        id,
        model,
        parts,
        finish,
        usage: counts.usage(),
        extra: Some(extension(message.rest().unwrap_or_else(|| "{}".to_owned()))),
    })
}

/// Takes out of a message who it is from, and what is the same in every message. Bookkeeping of a wrong type does not
/// cost an answer that is there; it stays among the rest.
pub(crate) fn identity(message: &mut Object<'_>) -> (Option<String>, Option<String>) {
    for (name, constant) in [("type", "message"), ("role", "assistant")] {
        if message.peek::<&str>(name) == Some(constant) {
            message.take_raw(name);
        }
    }
    let id = message.take_if::<Option<String>>("id").flatten();
    let model = message.take_if::<Option<String>>("model").flatten();
    (id, model)
}

/// One block. Of a type that the contract has no part for, or without what its type demands, it is kept whole.
pub(crate) fn part(block: &RawValue) -> Result<Part, Error> {
    let mut fields = Object::parse(block.get())?;
    let kind: Option<String> = fields.take_if("type");
    let known = known(kind.as_deref().unwrap_or_default(), &mut fields);
    Ok(known.unwrap_or_else(|| Part::Extension(extension(block.get().to_owned()))))
}

/// The part that a block is. Its fields are taken in the order they are written here, so the rest comes last.
fn known(kind: &str, fields: &mut Object<'_>) -> Option<Part> {
    Some(match kind {
        "text" => Part::Text(Text {
            text: fields.take_if("text")?,
            extra: fields.rest(),
        }),
        "thinking" => Part::Reasoning(Reasoning {
            text: Some(fields.take_if("thinking")?),
            signature: take_seal(fields, "signature"),
            redacted: None,
            extra: fields.rest(),
        }),
        "redacted_thinking" => Part::Reasoning(Reasoning {
            text: None,
            signature: None,
            redacted: Some(take_seal(fields, "data")?),
            extra: fields.rest(),
        }),
        "tool_use" => Part::ToolCall(ToolCall {
            id: fields.take_if("id")?,
            name: fields.take_if("name")?,
            arguments: fields
                .take_raw("input")
                .map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned()),
            extra: fields.rest(),
        }),
        _ => return None,
    })
}

/// Takes out a seal, marked as Anthropic's.
pub(crate) fn take_seal(fields: &mut Object<'_>, name: &str) -> Option<String> {
    fields.take_if::<String>(name).map(|bare| seal::mark(DIALECT, &bare))
}

/// Takes the stop reason out of a message, and the stop sequence if it says nothing. A word that more than one of the
/// contract's could stand for remains among the rest as well, so that a client of the same dialect sees it.
pub(crate) fn take_reason(message: &mut Object<'_>) -> Option<FinishReason> {
    const PLAIN: [&str; 4] = ["end_turn", "max_tokens", "tool_use", "refusal"];
    if message.peek::<Option<&str>>("stop_sequence") == Some(None) {
        message.take_raw("stop_sequence");
    }
    // Of another type it is nobody's word and stays where it is.
    let word: Option<String> = message.peek("stop_reason")?;
    if word.as_deref().is_none_or(|word| PLAIN.contains(&word)) {
        message.take_raw("stop_reason");
    }
    word.as_deref().map(reason)
}

/// Why a message without a stop reason stopped.
pub(crate) fn by_default(called: bool) -> FinishReason {
    if called {
        FinishReason::ToolCalls
    } else {
        FinishReason::Stop
    }
}

/// What Anthropic's words mean.
fn reason(word: &str) -> FinishReason {
    match word {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        // `pause_turn`: a round of the vendor's own tools that goes on when the answer is sent back.
        _ => FinishReason::Other,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
