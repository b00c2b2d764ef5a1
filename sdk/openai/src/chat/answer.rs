//! From a whole chat completion to the contract's response. Compatible servers leave fields out; what a
//! field's absence means is decided here.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, FinishReason, Part, Reasoning, Response, ToolCall, Usage};

use crate::chat::residual::Residual;
use crate::chat::{DIALECT, thoughts};
use crate::{usage, wire};

pub(crate) mod pieces;

use pieces::Piece;

/// Reads the body of a 200 answer.
///
/// # Errors
/// A protocol error when it is not a chat completion, and the vendor's own error when it carries one.
pub fn parse(body: &str) -> Result<Response, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = error(&mut top, body) {
        return Err(error);
    }
    // Bookkeeping of a wrong type does not cost an answer that is there; it stays among the rest.
    let id = top.take_if::<Option<String>>("id").flatten();
    let model = top.take_if::<Option<String>>("model").flatten();
    let usage = top
        .take_if::<Option<Object<'_>>>("usage")
        .flatten()
        .map_or_else(Usage::default, |counts| usage::parse(counts, DIALECT));
    let choices: Vec<&RawValue> = top
        .take("choices")?
        .ok_or_else(|| Error::protocol("the vendor's answer has no `choices`; is `base_url` the right address?"))?;
    let (first, others) = choices
        .split_first()
        .ok_or_else(|| Error::protocol("the vendor's answer has no choice"))?;
    let mut choice = Object::parse(first.get())?;
    if let Some(error) = choice_error(&choice) {
        return Err(error);
    }
    choice.take_raw("index");
    let mut message: Object<'_> = choice.take("message")?.unwrap_or_default();
    message.take_raw("role");
    let (parts, content) = parts(&mut message)?;
    let called = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let by_default = if called {
        FinishReason::ToolCalls
    } else {
        FinishReason::Stop
    };
    let finish = take_reason(&mut choice, called).unwrap_or(by_default);
    let residual = Residual {
        top,
        choice,
        inner: message,
        inner_name: "message",
        content,
        others: others.to_vec(),
    };
    let extra = residual.text().map(|value| Extension::new(DIALECT, value));
    Ok(Response {
        id,
        model,
        parts,
        finish,
        usage,
        extra,
    })
}

/// The error that a success turns out to be, under `error` or, with vLLM and those who copy it, as the body itself.
/// `body` is all of it.
pub(crate) fn error(top: &mut Object<'_>, body: &str) -> Option<Error> {
    let inside = top.take_raw("error").filter(|error| error.get() != "null");
    if let Some(error) = inside.filter(|_| top.contains("choices")) {
        return Some(Error::from_event(&wire::object(&[("error", error.get().to_owned())])));
    }
    let unanswered = || {
        top.peek::<Vec<&RawValue>>("choices")
            .is_none_or(|choices| choices.is_empty())
    };
    let is_one = inside.is_some() || top.peek::<&str>("object") == Some("error") && unanswered();
    is_one.then(|| Error::from_event(body))
}

/// The error that a choice has instead of an answer, or as its end.
pub(crate) fn choice_error(choice: &Object<'_>) -> Option<Error> {
    let error: &RawValue = choice.peek("error")?;
    let is_one = error.get() != "null";
    is_one.then(|| Error::from_event(&wire::object(&[("error", error.get().to_owned())])))
}

/// The parts of a message, and those of its content that nobody maps.
fn parts<'a>(message: &mut Object<'a>) -> Result<(Vec<Part>, Vec<&'a RawValue>), Error> {
    let mut parts = Vec::new();
    // What is there and empty says nothing, and stays among the rest.
    let thought = |name: &str| message.peek::<String>(name).is_some_and(|text| !text.is_empty());
    if thought("reasoning_content") || thought("reasoning") {
        parts.extend(reasoning(message).map(Part::Reasoning));
    }
    let content = pieces::take(message)?;
    parts.extend(content.pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => Part::text(text),
        Piece::Thought(thought) => Part::Reasoning(thought),
    }));
    if let Some(refusal) = message.take::<String>("refusal")? {
        parts.push(Part::Refusal(refusal));
    }
    let uncalled = message
        .peek::<Option<Vec<&RawValue>>>("tool_calls")
        .is_some_and(|calls| calls.unwrap_or_default().is_empty());
    let calls: Vec<&RawValue> = if uncalled {
        Vec::new()
    } else {
        message.take("tool_calls")?.unwrap_or_default()
    };
    for (index, call) in calls.into_iter().enumerate() {
        parts.push(Part::ToolCall(tool_call(call, index)?));
    }
    Ok((parts, content.others))
}

/// Reasoning under either of the names in use. Whoever calls it `reasoning` gets it back under that name.
pub(crate) fn reasoning(message: &mut Object<'_>) -> Option<Reasoning> {
    let empty = |text: Option<String>| text.filter(|t| !t.is_empty());
    ["reasoning_content", "reasoning"].into_iter().find_map(|name| {
        let text = empty(message.take_if::<Option<String>>(name).flatten())?;
        Some(thoughts::in_field(name, text))
    })
}

/// A call. One of another type than `function` is kept whole in `extra`, beside what is known of it.
fn tool_call(raw: &RawValue, index: usize) -> Result<ToolCall, Error> {
    let mut call = Object::parse(raw.get())?;
    let id: Option<String> = call.take("id")?;
    let id = id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| format!("call_{index}"));
    call.take_raw("index");
    let kind: Option<String> = call.take("type")?;
    if let Some(kind) = kind.filter(|kind| kind != "function") {
        let mut inner: Object<'_> = call.take(&kind)?.unwrap_or_default();
        let name = inner.take("name")?.unwrap_or(kind);
        let arguments = inner.take("input")?.unwrap_or_default();
        return Ok(ToolCall {
            id,
            name,
            arguments,
            extra: Some(raw.get().to_owned()),
        });
    }
    let mut function: Object<'_> = call.take("function")?.unwrap_or_default();
    let name = function.take("name")?.unwrap_or_default();
    let arguments = arguments(&mut function).unwrap_or_else(|| "{}".to_owned());
    Ok(ToolCall {
        id,
        name,
        arguments,
        extra: call_rest(&call, &function),
    })
}

/// What is left of a call, with what is left of its function inside.
pub(crate) fn call_rest(call: &Object<'_>, function: &Object<'_>) -> Option<String> {
    let mut fields: Vec<(&str, String)> = call.iter().map(|(key, value)| (key, value.get().to_owned())).collect();
    fields.extend(function.rest().map(|rest| ("function", rest)));
    (!fields.is_empty()).then(|| wire::object(&fields))
}

/// Arguments as the text OpenAI sends; some servers send the object itself.
pub(crate) fn arguments(function: &mut Object<'_>) -> Option<String> {
    match function.take_if::<Option<String>>("arguments") {
        Some(text) => text,
        None => function.take_raw("arguments").map(|raw| raw.get().to_owned()),
    }
}

/// Takes a choice's finish reason. A word of the vendor's own stays among the rest as well, so that a client
/// of the same dialect sees it; null is none. OpenAI itself says `stop` when it was told which tool to call, and
/// some servers always do: an answer that calls waits for the results, whatever the word.
pub(crate) fn take_reason(choice: &mut Object<'_>, called: bool) -> Option<FinishReason> {
    const PLAIN: [&str; 4] = ["stop", "length", "tool_calls", "content_filter"];
    let word = choice.peek::<Option<String>>("finish_reason").flatten();
    // Some servers write an empty one, or the word null, where there is none yet.
    let word = word.filter(|word| !matches!(word.as_str(), "" | "null"));
    let meant = word.as_deref().map(reason);
    let calls = called && meant == Some(FinishReason::Stop);
    if !calls && word.as_deref().is_none_or(|word| PLAIN.contains(&word)) {
        choice.take_raw("finish_reason");
    }
    if calls { Some(FinishReason::ToolCalls) } else { meant }
}

/// What OpenAI's words mean, and those of servers that speak its API.
fn reason(word: &str) -> FinishReason {
    match word {
        "stop" | "eos" | "stop_sequence" | "end_turn" => FinishReason::Stop,
        "length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        "error" => FinishReason::Error,
        _ => FinishReason::Other,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
