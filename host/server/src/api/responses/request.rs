//! From the body of `POST /v1/responses` to the host's request. What is not understood is handed on as an option,
//! digit for digit.

use serde_json::value::RawValue;
use wharf::{
    Error, ErrorKind, Extension, Json, JsonSchema, Message, OutputFormat, Request, Role, Thinking, Tool, ToolChoice,
};

use super::places::Places;
use super::{DIALECT, echo, input, tools};
use crate::api::fields::{Fields, invalid};
use crate::api::leftover::Leftover;

/// Fields that point at what an earlier request has left behind.
const STATE: [&str; 3] = ["previous_response_id", "conversation", "prompt"];
/// What to do instead.
const STATELESS: &str = "this server keeps no state; send the whole conversation as `input`";

/// A request for a response.
#[derive(Debug)]
pub(super) struct ResponsesRequest {
    /// What to ask.
    pub(super) request: Request,
    /// Whether the answer comes in pieces.
    pub(super) stream: bool,
    /// What the answer repeats.
    pub(super) echo: Leftover,
    /// Where the messages are in the client's request.
    pub(super) places: Places,
}

/// Reads a request.
///
/// # Errors
/// `InvalidRequest`, or `Unsupported` for what needs state, naming the field.
pub(super) fn parse(body: &[u8]) -> Result<ResponsesRequest, Error> {
    let mut fields = Fields::of_body(body)?;
    let echo = echo::of(&fields)?;
    refuse_state(&mut fields)?;
    let model = fields.need("model")?;
    let instructions: Option<String> = fields.take("instructions")?;
    let instructions = instructions.filter(|text| !text.is_empty());
    let mut messages: Vec<Message> = Vec::new();
    messages.extend(instructions.map(instructed));
    let (said, places) = input::parse(fields.need("input")?, messages.len())?;
    messages.extend(said);
    let (output, text) = text(&mut fields)?;
    let offered = fields.take::<Vec<&RawValue>>("tools")?.unwrap_or_default();
    let offered: Result<Vec<Tool>, Error> = offered
        .into_iter()
        .enumerate()
        .map(|(at, raw)| tools::tool(Fields::of_value(raw, format!("tools[{at}]"))?, raw))
        .collect();
    let choice: Option<&RawValue> = fields.take("tool_choice")?;
    let tool_choice: Option<ToolChoice> = choice.map(tools::choice).transpose()?;
    let stream = fields.take("stream")?.unwrap_or(false);
    let thinking = thinking(&mut fields)?;
    let parallel_tool_calls = fields.take("parallel_tool_calls")?;
    let max_output_tokens = fields.take("max_output_tokens")?;
    let temperature = fields.take("temperature")?;
    let top_p = fields.take("top_p")?;
    let mut options = fields.into_options()?;
    options.extend(text.map(|rest| ("text".to_owned(), rest)));
    // A vendor of the same dialect keeps answers unless it is told not to, and the client cannot ask for them here.
    options.push(("store".to_owned(), Json("false".to_owned())));
    let request = Request {
        model,
        messages,
        tools: offered?,
        tool_choice,
        parallel_tool_calls,
        max_output_tokens,
        temperature,
        top_p,
        stop: Vec::new(),
        output,
        thinking,
        dialect: DIALECT.to_owned(),
        options,
    };
    Ok(ResponsesRequest {
        request,
        stream,
        echo,
        places,
    })
}

/// The instructions as a message. Those of a client stay apart from messages of the system that it may have too, for a
/// provider of the same dialect: this is how they are known.
fn instructed(text: String) -> Message {
    Message {
        extra: Some(Json(r#"{"type":"instructions"}"#.to_owned())),
        ..Message::text(Role::System, text)
    }
}

/// Takes out what says how answers are kept. None is, so a client that builds on one has to hear of it; `store` alone
/// is a wish, and the answer says that it was not granted.
fn refuse_state(fields: &mut Fields<'_>) -> Result<(), Error> {
    for name in STATE {
        if fields.take_raw(name).is_some_and(|raw| raw.get() != "null") {
            return Err(unsupported(name, STATELESS));
        }
    }
    if fields.take::<bool>("background")? == Some(true) {
        let help = "this server keeps no state, so an answer cannot be fetched later; ask with `stream` instead";
        return Err(unsupported("background", help));
    }
    let _wish: Option<bool> = fields.take("store")?;
    Ok(())
}

/// The form of the answer, and what else the client says about its text.
fn text(fields: &mut Fields<'_>) -> Result<(Option<OutputFormat>, Option<Json>), Error> {
    let Some(mut text) = fields.take_fields("text")? else {
        return Ok((None, None));
    };
    let place = text.place("format");
    let format: Option<&RawValue> = text.take("format")?;
    let output = format.map(|raw| output(raw, &place)).transpose()?;
    Ok((output, text.rest()))
}

fn output(raw: &RawValue, place: &str) -> Result<OutputFormat, Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: String = fields.need("type")?;
    match kind.as_str() {
        "text" => Ok(OutputFormat::Text),
        "json_object" => Ok(OutputFormat::Json),
        "json_schema" => {
            let name = fields.need("name")?;
            let schema: &RawValue = fields.need("schema")?;
            let description = fields.take("description")?;
            let strict = fields.take("strict")?;
            if !fields.is_empty() {
                return Ok(OutputFormat::Extension(extension(raw)));
            }
            Ok(OutputFormat::JsonSchema(JsonSchema {
                name,
                description,
                schema: Json(schema.get().to_owned()),
                strict,
            }))
        }
        _ => Ok(OutputFormat::Extension(extension(raw))),
    }
}

/// How much to think. Who names no effort and wants no summary has asked for nothing.
fn thinking(fields: &mut Fields<'_>) -> Result<Option<Thinking>, Error> {
    let Some(mut inner) = fields.take_fields("reasoning")? else {
        return Ok(None);
    };
    let effort = inner.take("effort")?;
    for name in ["summary", "generate_summary"] {
        // This reads null and nothing else.
        if inner.peek::<()>(name).is_some() {
            inner.take_raw(name);
        }
    }
    let thinking = Thinking {
        effort,
        budget_tokens: None,
        extra: inner.rest(),
    };
    Ok((thinking != Thinking::default()).then_some(thinking))
}

/// A value in this API's own words.
pub(super) fn extension(raw: &RawValue) -> Extension {
    Extension {
        kind: DIALECT.to_owned(),
        value: Json(raw.get().to_owned()),
    }
}

/// A request that is right and cannot be served here.
pub(super) fn unsupported(place: &str, message: &str) -> Error {
    invalid(place, message).with_kind(ErrorKind::Unsupported)
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
