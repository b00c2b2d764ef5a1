//! From the body of `POST /v1/chat/completions` to the host's request. What is not understood is handed on
//! as an option, digit for digit.

use serde_json::value::RawValue;
use wharf::{Error, Extension, Json, JsonSchema, OutputFormat, Request, Thinking, Tool, ToolChoice};

use super::DIALECT;
use super::message;
use crate::api::fields::{Fields, invalid};

/// A chat request.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    /// What to ask.
    pub(crate) request: Request,
    /// Whether the answer comes in pieces.
    pub(crate) stream: bool,
    /// Whether the stream ends with token counts.
    pub(crate) include_usage: bool,
}

/// Both names of the output limit. They stay among the options too, so that a provider of the same dialect
/// sends the one that the client chose.
const LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// Reads a request.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(crate) fn parse(body: &[u8]) -> Result<ChatRequest, Error> {
    let mut fields = Fields::of_body(body)?;
    let model: String = fields.need("model")?;
    let raw: Vec<&RawValue> = fields.need("messages")?;
    if raw.is_empty() {
        return Err(invalid("messages", "there must be at least one message"));
    }
    let mut messages = Vec::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        messages.push(message::parse(Fields::of_value(raw, format!("messages[{index}]"))?)?);
    }
    let tools = fields.take::<Vec<&RawValue>>("tools")?.unwrap_or_default();
    let tools: Result<Vec<Tool>, Error> = tools
        .into_iter()
        .enumerate()
        .map(|(at, raw)| tool(Fields::of_value(raw, format!("tools[{at}]"))?, raw))
        .collect();
    let tool_choice = fields.take::<&RawValue>("tool_choice")?.map(tool_choice).transpose()?;
    let output = fields.take::<&RawValue>("response_format")?.map(output).transpose()?;
    let effort = fields.take("reasoning_effort")?;
    let stream = fields.take("stream")?.unwrap_or(false);
    let include_usage = stream && include_usage(&fields)?;
    let mut max_output_tokens = None;
    for name in LIMITS {
        let Some(limit) = fields.peek::<&RawValue>(name) else {
            continue;
        };
        if limit.get() == "null" {
            fields.take_raw(name);
            continue;
        }
        // Some clients write whole numbers as floats.
        let digits = limit.get().strip_suffix(".0").unwrap_or(limit.get());
        let parsed = digits
            .parse()
            .map_err(|_| invalid(name, "this must be a whole number of tokens"))?;
        max_output_tokens = max_output_tokens.or(Some(parsed));
    }
    let request = Request {
        model,
        messages,
        tools: tools?,
        tool_choice,
        parallel_tool_calls: fields.take("parallel_tool_calls")?,
        max_output_tokens,
        temperature: fields.take("temperature")?,
        top_p: fields.take("top_p")?,
        stop: stop(&mut fields)?,
        output,
        thinking: effort.map(|effort| Thinking {
            effort: Some(effort),
            ..Thinking::default()
        }),
        dialect: DIALECT.to_owned(),
        options: fields.into_options()?,
    };
    Ok(ChatRequest {
        request,
        stream,
        include_usage,
    })
}

fn include_usage(fields: &Fields<'_>) -> Result<bool, Error> {
    #[derive(serde::Deserialize)]
    struct Options {
        #[serde(default)]
        include_usage: Option<bool>,
    }
    let Some(raw) = fields
        .peek::<&RawValue>("stream_options")
        .filter(|raw| raw.get() != "null")
    else {
        return Ok(false);
    };
    let wrong = |_| {
        invalid(
            "stream_options",
            "this must be an object; `include_usage` in it is a boolean",
        )
    };
    let options: Options = serde_json::from_str(raw.get()).map_err(wrong)?;
    Ok(options.include_usage.unwrap_or(false))
}

fn stop(fields: &mut Fields<'_>) -> Result<Vec<String>, Error> {
    let Some(raw) = fields.take::<&RawValue>("stop")? else {
        return Ok(Vec::new());
    };
    if let Ok(one) = serde_json::from_str::<String>(raw.get()) {
        return Ok(vec![one]);
    }
    serde_json::from_str(raw.get()).map_err(|_| invalid("stop", "this must be a string or a list of strings"))
}

/// A tool. One of another type than `function` is kept whole for a provider of the same dialect.
fn tool(mut fields: Fields<'_>, raw: &RawValue) -> Result<Tool, Error> {
    let kind: String = fields.need("type")?;
    if kind != "function" {
        let name = fields
            .take_fields(&kind)?
            .and_then(|inner| inner.peek("name"))
            .unwrap_or(kind);
        let extra = Some(Json(raw.get().to_owned()));
        return Ok(Tool {
            name,
            description: None,
            parameters: None,
            strict: None,
            extra,
        });
    }
    let place = fields.place("function");
    let mut function = fields
        .take_fields("function")?
        .ok_or_else(|| invalid(&place, "this field is required"))?;
    let name = function.need("name")?;
    let description = function.take("description")?;
    let parameters = function
        .take::<&RawValue>("parameters")?
        .map(|raw| Json(raw.get().to_owned()));
    let strict = function.take("strict")?;
    let extra = fields.rest_with("function", function.rest());
    Ok(Tool {
        name,
        description,
        parameters,
        strict,
        extra,
    })
}

fn tool_choice(raw: &RawValue) -> Result<ToolChoice, Error> {
    match raw.get() {
        r#""auto""# => return Ok(ToolChoice::Auto),
        r#""none""# => return Ok(ToolChoice::None),
        r#""required""# => return Ok(ToolChoice::Required),
        _ => {}
    }
    let wrong = "this must be \"auto\", \"none\", \"required\" or an object that names a tool";
    let mut fields = Fields::of_value(raw, "tool_choice").map_err(|_| invalid("tool_choice", wrong))?;
    let kind: Option<String> = fields.take("type")?;
    if let (Some("function"), Some(mut function)) = (kind.as_deref(), fields.take_fields("function")?)
        && let Some(name) = function.take("name")?
        && function.is_empty()
        && fields.is_empty()
    {
        return Ok(ToolChoice::Named(name));
    }
    Ok(ToolChoice::Extension(extension(raw)))
}

fn output(raw: &RawValue) -> Result<OutputFormat, Error> {
    let mut fields = Fields::of_value(raw, "response_format")?;
    let kind: String = fields.need("type")?;
    match kind.as_str() {
        "text" => Ok(OutputFormat::Text),
        "json_object" => Ok(OutputFormat::Json),
        "json_schema" => {
            let wanted = || invalid("response_format.json_schema", "this field is required");
            let mut schema = fields.take_fields("json_schema")?.ok_or_else(wanted)?;
            let name = schema.need("name")?;
            let description = schema.take("description")?;
            let strict = schema.take("strict")?;
            let body: Option<&RawValue> = schema.take("schema")?;
            match body {
                Some(body) if schema.is_empty() && fields.is_empty() => {
                    let schema = Json(body.get().to_owned());
                    Ok(OutputFormat::JsonSchema(JsonSchema {
                        name,
                        description,
                        schema,
                        strict,
                    }))
                }
                _ => Ok(OutputFormat::Extension(extension(raw))),
            }
        }
        _ => Ok(OutputFormat::Extension(extension(raw))),
    }
}

/// A value in OpenAI's own words.
pub(super) fn extension(raw: &RawValue) -> Extension {
    Extension {
        kind: DIALECT.to_owned(),
        value: Json(raw.get().to_owned()),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
