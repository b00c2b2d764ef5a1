//! From the contract's request to the JSON of `generateContent`.

use serde_json::value::RawValue;
use wharf_provider_sdk::{Error, ErrorKind, Request};

use crate::contents::Conversation;
use crate::request_parts::Manner;
use crate::settings::Settings;
use crate::wire::{self, Map, Node};
use crate::{DIALECT, generation, model, tools};

/// The body of the request. It is the same for whole and for streamed answers; the address says which is wanted.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] when the request contradicts itself or a JSON value of it is none, and
/// [`ErrorKind::Unsupported`] for what Gemini's API has no form for. Both name the field.
pub fn body(request: &Request, settings: &Settings) -> Result<Vec<u8>, Error> {
    let manner = Manner {
        dialect: &request.dialect,
        same_dialect: request.dialect == DIALECT,
        third_generation: model::is_third_generation(&request.model),
    };
    let mut own = own_options(request)?;
    let mut config = generation::config(request)?;
    config.fill(own.take_map("generationConfig")?);
    one_candidate("n", request.option("n"))?;
    if let Some(Node::Raw(count)) = config.get("candidateCount") {
        one_candidate("generationConfig.candidateCount", Some(count.get()))?;
    }
    let mut tools = tools::tools(request)?;
    if let Some(Node::Raw(more)) = own.take("tools") {
        let more: Vec<&RawValue> =
            serde_json::from_str(more.get()).map_err(|e| wire::invalid("tools", &e.to_string()))?;
        tools.extend(more.into_iter().map(Node::Raw));
    }
    let mut tool_config = tools::config(request)?;
    tool_config.fill(own.take_map("toolConfig")?);

    let mut conversation = Conversation::of(request, manner)?;
    let system = std::mem::take(&mut conversation.system);
    let mut body = Map::one("contents", conversation.contents());
    if !system.is_empty() {
        let instruction = Map::one("parts", Node::List(system));
        body.set("systemInstruction", Node::Map(instruction));
    }
    if !tools.is_empty() {
        body.set("tools", Node::List(tools));
    }
    for (name, part) in [("toolConfig", tool_config), ("generationConfig", config)] {
        if !part.is_empty() {
            body.set(name, Node::Map(part));
        }
    }
    body.fill(own);
    if let Some(safety) = settings.safety_settings.as_deref() {
        body.fill(Map::one("safetySettings", Node::Raw(safety)));
    }
    let failed = |e| {
        Error::new(
            ErrorKind::Internal,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(&body).map_err(failed)
}

/// The options that are sent on as they are: those of a client that speaks this dialect or the host's own. What an
/// option of another dialect wants of Gemini nobody can tell.
fn own_options(request: &Request) -> Result<Map<'_>, Error> {
    let mut own = Map::default();
    if !matches!(request.dialect.as_str(), DIALECT | "wharf") {
        return Ok(own);
    }
    // `user` has no place in this API, and `n` is looked at by itself.
    let mapped = |name: &str| matches!(name, "n" | "user") || generation::NEUTRAL.iter().any(|(ours, _)| *ours == name);
    for (name, value) in &request.options {
        if !mapped(name) {
            own.set(name, Node::Raw(wire::raw(value, name)?));
        }
    }
    Ok(own)
}

/// The contract's answer is one answer: of several, the client would get the first and pay for all.
fn one_candidate(field: &str, count: Option<&str>) -> Result<(), Error> {
    match count.and_then(|count| count.parse::<f64>().ok()) {
        Some(count) if count > 1.0 => Err(wire::unsupported(field, "one answer for each request")),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
