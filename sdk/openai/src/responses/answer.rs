//! From a whole response to the contract's.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, FinishReason, Part, Reasoning, Response, Text, ToolCall, Usage, seal};

use super::{DIALECT, MESSAGE};
use crate::{usage, wire};

/// Reads the body of a 200 answer.
///
/// # Errors
/// A protocol error when it is no response, and the vendor's own error when it carries one.
pub fn parse(body: &str) -> Result<Response, Error> {
    let mut top = Object::parse(body)?;
    if let Some(error) = error(&mut top) {
        return Err(error);
    }
    let items: Vec<&RawValue> = top
        .take("output")?
        .ok_or_else(|| Error::protocol("the vendor's answer has no `output`; is `base_url` the right address?"))?;
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        read(item, &mut parts)?;
    }
    let id = top.take_if::<Option<String>>("id").flatten();
    let model = top.take_if::<Option<String>>("model").flatten();
    let usage = counts(&mut top);
    let called = parts.iter().any(is_call);
    let finish = take_finish(&mut top, called);
    if top.peek::<&str>("object") == Some("response") {
        top.take_raw("object");
    }
    Ok(Response {
        id,
        model,
        parts,
        finish,
        usage,
        // Also when nothing is left: it says whose words those of the parts are.
        extra: Some(extension(top.rest().unwrap_or_else(|| "{}".to_owned()))),
    })
}

/// The error that an answer turns out to be.
pub(super) fn error(top: &mut Object<'_>) -> Option<Error> {
    let error = top.take_raw("error").filter(|error| error.get() != "null")?;
    Some(Error::from_event(&wire::object(&[("error", error.get().to_owned())])))
}

/// Takes the counts out of a response.
pub(super) fn counts(top: &mut Object<'_>) -> Usage {
    let counts = top.take_if::<Option<Object<'_>>>("usage").flatten();
    counts.map_or_else(Usage::default, |counts| usage::parse(counts, DIALECT))
}

/// Takes out why a response ended. What the contract has no word for stays among the rest as well.
pub(super) fn take_finish(top: &mut Object<'_>, called: bool) -> FinishReason {
    let reason = top.peek::<Option<Object<'_>>>("incomplete_details").flatten();
    let reason: Option<String> = reason.and_then(|details| details.peek("reason"));
    let finish = match (top.peek::<&str>("status"), reason.as_deref()) {
        (Some("completed") | None, _) if called => FinishReason::ToolCalls,
        (Some("completed") | None, _) => FinishReason::Stop,
        (Some("incomplete"), Some("max_output_tokens")) => FinishReason::Length,
        (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter,
        (Some("failed"), _) => FinishReason::Error,
        _ => FinishReason::Other,
    };
    if finish != FinishReason::Other {
        for name in ["status", "incomplete_details"] {
            top.take_raw(name);
        }
    }
    finish
}

/// Whether a part waits for an answer of the client's.
fn is_call(part: &Part) -> bool {
    match part {
        Part::ToolCall(_) => true,
        Part::Extension(item) => {
            let item: Option<Object<'_>> = serde_json::from_str(&item.value).ok();
            item.is_some_and(|item| is_custom_call(&item))
        }
        _ => false,
    }
}

/// Whether an item is the call of a tool of the client's that is no function.
pub(super) fn is_custom_call(item: &Object<'_>) -> bool {
    item.peek::<&str>("type") == Some("custom_tool_call")
}

/// The parts that an item is. One that the contract has no part for is kept whole.
fn read(raw: &RawValue, parts: &mut Vec<Part>) -> Result<(), Error> {
    let mut item = Object::parse(raw.get())?;
    let kind: String = item.take_if("type").unwrap_or_default();
    let known = match kind.as_str() {
        "message" => message(&mut item),
        "reasoning" => Some(vec![Part::Reasoning(reasoning(&mut item))]),
        "function_call" => call(&mut item).map(|call| vec![Part::ToolCall(call)]),
        _ => None,
    };
    parts.extend(known.unwrap_or_else(|| vec![Part::Extension(extension(raw.get().to_owned()))]));
    Ok(())
}

/// What a message says; its own fields go with its first text. Of one with parts that the contract has no word for, the
/// content as it came is among them. `None` if it has none.
fn message(item: &mut Object<'_>) -> Option<Vec<Part>> {
    let raw: &RawValue = item.peek("content")?;
    let content: Vec<Object<'_>> = item.take_if("content")?;
    if item.peek::<&str>("role") == Some("assistant") {
        item.take_raw("role");
    }
    let mut parts = Vec::with_capacity(content.len() + 1);
    let mut is_whole = true;
    for mut said in content {
        match said.take_if::<String>("type")?.as_str() {
            "output_text" => {
                let text: String = said.take_if("text")?;
                for name in ["annotations", "logprobs"] {
                    if said.peek::<[(); 0]>(name).is_some() {
                        said.take_raw(name);
                    }
                }
                let extra = said.rest();
                parts.push(Part::Text(Text { text, extra }));
            }
            "refusal" => {
                parts.push(Part::Refusal(said.take_if("refusal")?));
                is_whole &= said.is_empty();
            }
            _ => is_whole = false,
        }
    }
    let mut fields: Vec<(&str, String)> = item.iter().map(|(name, json)| (name, json.get().to_owned())).collect();
    if !is_whole {
        fields.push(("content", raw.get().to_owned()));
    }
    if !matches!(parts.first(), Some(Part::Text(_))) {
        parts.insert(0, Part::text(""));
    }
    if let Some(Part::Text(first)) = parts.first_mut() {
        let own: Object<'_> = first
            .extra
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let mut extra: Vec<(&str, String)> = own.iter().map(|(name, json)| (name, json.get().to_owned())).collect();
        extra.push((MESSAGE, wire::object(&fields)));
        let extra = wire::object(&extra);
        first.extra = Some(extra);
    }
    Some(parts)
}

/// What was thought. The thoughts themselves are preferred to a summary of them; what cannot be told from one text
/// again stays among the rest too.
pub(super) fn reasoning(item: &mut Object<'_>) -> Reasoning {
    let (summary, content) = (texts(item, "summary"), texts(item, "content"));
    if content.is_empty() && summary.len() == 1 && item.contains("summary") {
        item.take_raw("summary");
    }
    let texts = if content.is_empty() { summary } else { content };
    let sealed = item.take_if::<Option<String>>("encrypted_content").flatten();
    Reasoning {
        text: (!texts.is_empty()).then(|| texts.join("\n\n")),
        signature: None,
        redacted: sealed
            .map(|sealed| seal::mark(DIALECT, &sealed))
            .filter(|sealed| !sealed.is_empty()),
        extra: item.rest(),
    }
}

/// The texts of a list of parts.
fn texts(item: &Object<'_>, name: &str) -> Vec<String> {
    let parts: Vec<Object<'_>> = item.peek(name).unwrap_or_default();
    parts.iter().filter_map(|part| part.peek("text")).collect()
}

/// A call of a function. `None` without what one has to have.
pub(super) fn call(item: &mut Object<'_>) -> Option<ToolCall> {
    Some(ToolCall {
        id: item.take_if("call_id")?,
        name: item.take_if("name")?,
        arguments: item.take_if::<String>("arguments").unwrap_or_default(),
        extra: item.rest(),
    })
}

pub(super) fn extension(value: String) -> Extension {
    Extension::new(DIALECT, value)
}
