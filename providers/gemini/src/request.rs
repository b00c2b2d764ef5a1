//! From the contract's request to the JSON of `generateContent`.

use serde_json::value::RawValue;
use wharf_provider_sdk::{Error, ErrorKind, Request, foreign};

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
    one_candidate("n", request.option("n"))?;
    if !is_ours(request) {
        foreign::check_options(&request.options, &known())?;
    }
    written(&content(request, settings)?)
}

/// The body of a question for the tokens of the request. What decides only about the answer may be in it.
///
/// # Errors
/// As [`body`].
pub fn count(request: &Request, settings: &Settings) -> Result<Vec<u8>, Error> {
    let path = model::path(&request.model)?;
    let mut counted = Map::one("model", Node::text(path.trim_start_matches('/')));
    counted.fill(content(request, settings)?);
    written(&Map::one("generateContentRequest", Node::Map(counted)))
}

/// The request by the vendor's names, without the model.
fn content<'a>(request: &'a Request, settings: &'a Settings) -> Result<Map<'a>, Error> {
    let manner = Manner {
        dialect: &request.dialect,
        same_dialect: request.dialect == DIALECT,
        third_generation: model::is_third_generation(&request.model),
    };
    if !is_ours(request) {
        foreign::check_thinking(request.thinking.as_ref())?;
    }
    let mut own = own_options(request)?;
    let mut config = generation::config(request)?;
    config.fill(own.take_map("generationConfig")?);
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
    Ok(body)
}

fn written(body: &Map<'_>) -> Result<Vec<u8>, Error> {
    let failed = |e| {
        Error::new(
            ErrorKind::Internal,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(body).map_err(failed)
}

/// Whether the options are in words that the vendor understands.
fn is_ours(request: &Request) -> bool {
    matches!(request.dialect.as_str(), DIALECT | "wharf")
}

/// The options of other dialects that are sent or refused by name.
fn known() -> Vec<&'static str> {
    let mut known = generation::NEUTRAL.map(|(name, _)| name).to_vec();
    known.push("n");
    known
}

/// The options that are sent on as they are: those of a client that speaks this dialect or the host's own.
fn own_options(request: &Request) -> Result<Map<'_>, Error> {
    let mut own = Map::default();
    if !is_ours(request) {
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
