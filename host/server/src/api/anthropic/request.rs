//! From the body of `POST /v1/messages` to the host's request. What is not understood is handed on as an option,
//! digit for digit.

use http::HeaderMap;
use serde_json::value::RawValue;
use wharf::{Error, Json, JsonSchema, OutputFormat, Request, Thinking, Tool, ToolChoice};

use super::block::extension;
use super::{DIALECT, message};
use crate::api::fields::{Fields, invalid};

/// What Anthropic's form of a schema has no place for and other vendors require.
const SCHEMA_NAME: &str = "answer";
/// The level at which a model does not think.
const NO_THINKING: &str = "none";

/// The header in which a client asks for features that are new.
const BETA_HEADER: &str = "anthropic-beta";
/// The option that is the same to a provider, under the name that Anthropic's resellers have for it in the body.
const BETA: &str = "anthropic_beta";

/// A request for a message.
#[derive(Debug)]
pub(super) struct MessagesRequest {
    /// What to ask.
    pub(super) request: Request,
    /// Whether the answer comes in pieces.
    pub(super) stream: bool,
    /// How many messages come before the client's: the system prompt, which stands apart there.
    pub(super) before: usize,
}

/// The features that a client's headers ask for, in the header's own form. Sent several times, it is one list
/// (RFC 9110, 5.3).
pub(super) fn beta(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(BETA_HEADER).iter();
    let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Reads a request. `max_tokens` may be missing: what a vendor does without it is its provider's matter.
///
/// # Errors
/// `InvalidRequest` naming the field.
pub(super) fn parse(body: &[u8], beta: Option<String>) -> Result<MessagesRequest, Error> {
    let mut fields = Fields::of_body(body)?;
    let model = fields.need("model")?;
    let raw: Vec<&RawValue> = fields.need("messages")?;
    if raw.is_empty() {
        return Err(invalid("messages", "there must be at least one message"));
    }
    let mut messages = Vec::with_capacity(raw.len() + 1);
    messages.extend(message::system(&mut fields)?);
    let before = messages.len();
    for (index, raw) in raw.into_iter().enumerate() {
        messages.push(message::parse(Fields::of_value(raw, format!("messages[{index}]"))?)?);
    }
    let tools = fields.take::<Vec<&RawValue>>("tools")?.unwrap_or_default();
    let tools: Result<Vec<Tool>, Error> = tools
        .into_iter()
        .enumerate()
        .map(|(at, raw)| tool(Fields::of_value(raw, format!("tools[{at}]"))?, raw))
        .collect();
    let tools = tools?;
    let choice = fields.take::<&RawValue>("tool_choice")?.map(tool_choice).transpose()?;
    let (tool_choice, parallel_tool_calls) = choice.map_or((None, None), |(choice, parallel)| (Some(choice), parallel));
    let max_output_tokens = fields.take("max_tokens")?;
    let temperature = fields.take("temperature")?;
    let top_p = fields.take("top_p")?;
    let stop = fields.take("stop_sequences")?.unwrap_or_default();
    let stream = fields.take("stream")?.unwrap_or(false);
    let mut thinking = fields.take_fields("thinking")?.map(thinking).transpose()?;
    let config = output_config(&mut fields, &mut thinking)?;
    let mut options = fields.into_options()?;
    options.extend(config.rest.map(|rest| ("output_config".to_owned(), rest)));
    if let Some(beta) = beta
        && !options.iter().any(|(name, _)| name == BETA)
    {
        options.push((BETA.to_owned(), string(&beta)));
    }
    let request = Request {
        model,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        output: config.format,
        thinking,
        dialect: DIALECT.to_owned(),
        options,
    };
    Ok(MessagesRequest {
        request,
        stream,
        before,
    })
}

/// A JSON string.
fn string(text: &str) -> Json {
    // A string always serializes.
    Json(serde_json::to_string(text).unwrap_or_default())
}

/// A tool. One that the vendor runs itself, or knows by its `type`, is kept whole for a provider of the same dialect.
fn tool(mut fields: Fields<'_>, raw: &RawValue) -> Result<Tool, Error> {
    let kind: Option<String> = fields.take("type")?;
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        return Ok(Tool {
            name: fields.take("name")?.unwrap_or(kind),
            description: None,
            parameters: None,
            strict: None,
            extra: Some(Json(raw.get().to_owned())),
        });
    }
    let schema: Option<&RawValue> = fields.take("input_schema")?;
    Ok(Tool {
        name: fields.need("name")?,
        description: fields.take("description")?,
        parameters: schema.map(|raw| Json(raw.get().to_owned())),
        strict: fields.take("strict")?,
        extra: fields.rest(),
    })
}

/// Whether a tool has to be called, and whether several may be.
fn tool_choice(raw: &RawValue) -> Result<(ToolChoice, Option<bool>), Error> {
    let mut fields = Fields::of_value(raw, "tool_choice")?;
    let kind: String = fields.need("type")?;
    let choice = match kind.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(fields.need("name")?),
        _ => return Ok((ToolChoice::Extension(extension(raw)), None)),
    };
    let one_at_a_time: Option<bool> = fields.take("disable_parallel_tool_use")?;
    if !fields.is_empty() {
        return Ok((ToolChoice::Extension(extension(raw)), None));
    }
    Ok((choice, one_at_a_time.map(|one| !one)))
}

/// How much to think. `enabled` is what a budget says by itself; any other word goes along.
fn thinking(mut fields: Fields<'_>) -> Result<Thinking, Error> {
    let kind: String = fields.need("type")?;
    let budget_tokens = fields.take("budget_tokens")?;
    let extra = if kind == "enabled" && budget_tokens.is_some() {
        fields.rest()
    } else {
        fields.rest_with("type", Some(string(&kind)))
    };
    Ok(Thinking {
        effort: (kind == "disabled").then(|| NO_THINKING.to_owned()),
        budget_tokens,
        extra,
    })
}

/// What `output_config` asks for, and what of it is an option.
#[derive(Default)]
struct OutputConfig {
    format: Option<OutputFormat>,
    rest: Option<Json>,
}

/// The form of the answer and how hard to try. What has a place of its own is taken out.
fn output_config(fields: &mut Fields<'_>, thinking: &mut Option<Thinking>) -> Result<OutputConfig, Error> {
    let mut config = OutputConfig::default();
    if let Some(mut inner) = fields.take_fields("output_config")? {
        let place = inner.place("format");
        let format: Option<&RawValue> = inner.take("format")?;
        config.format = format.map(|raw| output(raw, &place)).transpose()?;
        // A request can ask for no thinking and much effort at once, which only Anthropic tells apart.
        let thinks = thinking.as_ref().is_none_or(|thinking| thinking.effort.is_none());
        if thinks && let Some(effort) = inner.take("effort")? {
            thinking.get_or_insert_default().effort = Some(effort);
        }
        config.rest = inner.rest();
    }
    // Where schemas stood while they were new. Anything else under this name is the vendor's to understand.
    let older = fields.peek::<&RawValue>("output_format");
    if config.format.is_none()
        && let Some(older) = older.filter(|raw| raw.get().starts_with('{'))
    {
        fields.take_raw("output_format");
        config.format = Some(output(older, "output_format")?);
    }
    Ok(config)
}

fn output(raw: &RawValue, place: &str) -> Result<OutputFormat, Error> {
    let mut fields = Fields::of_value(raw, place)?;
    let kind: String = fields.need("type")?;
    let schema: Option<&RawValue> = fields.take("schema")?;
    match schema {
        Some(schema) if kind == "json_schema" && fields.is_empty() => Ok(OutputFormat::JsonSchema(JsonSchema {
            name: SCHEMA_NAME.to_owned(),
            description: None,
            schema: Json(schema.get().to_owned()),
            strict: None,
        })),
        _ => Ok(OutputFormat::Extension(extension(raw))),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
