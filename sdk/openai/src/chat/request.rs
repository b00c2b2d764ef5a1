//! From the contract's request to the JSON of `POST /chat/completions`.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::call_ids::CallIds;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{
    Error, ErrorKind, JsonSchema, Message, OutputFormat, Part, Request, Role, Thinking, ToolChoice, foreign,
};

use crate::chat::content::{self, Content};
use crate::chat::tools::{self, Called, ToolCalls, Tools};
use crate::chat::{DIALECT, Server};

/// Options that mean the same in every dialect, so they are sent on whatever API the client used.
const NEUTRAL_OPTIONS: [&str; 4] = ["seed", "frequency_penalty", "presence_penalty", "user"];
/// Both names of the output limit. A client of the same dialect chose one of them itself.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// The body of the request.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] when a JSON value of the request is not JSON, and
/// [`ErrorKind::Unsupported`] for what OpenAI's API has no form for, naming the field.
pub fn body(request: &Request, server: &Server<'_>, streamed: bool) -> Result<Vec<u8>, Error> {
    tools::check(request)?;
    if let Some(OutputFormat::Extension(form)) = &request.output {
        foreign::checked(form, DIALECT, "response_format")?;
    }
    let mut conversation = Conversation {
        same_dialect: request.dialect == DIALECT,
        ids: CallIds::of(&request.messages, server.call_ids),
        out: Vec::with_capacity(request.messages.len()),
    };
    for (at, message) in request.messages.iter().enumerate() {
        conversation.add(message, at)?;
    }
    let body = Body {
        request,
        server,
        streamed,
        messages: conversation.out,
    };
    let invalid = |e| {
        Error::new(
            ErrorKind::InvalidRequest,
            format!("the request cannot be written as JSON: {e}"),
        )
    };
    serde_json::to_vec(&body).map_err(invalid)
}

struct Body<'a> {
    request: &'a Request,
    server: &'a Server<'a>,
    streamed: bool,
    messages: Vec<WireMessage<'a>>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let r = self.request;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &r.model)?;
        map.serialize_entry("messages", &self.messages)?;
        if !r.tools.is_empty() {
            map.serialize_entry("tools", &Tools(&r.tools, r.dialect == DIALECT))?;
        }
        if let Some(choice) = &r.tool_choice {
            map.serialize_entry("tool_choice", &Choice(choice))?;
        }
        optional(&mut map, "parallel_tool_calls", &r.parallel_tool_calls)?;
        optional(&mut map, "temperature", &r.temperature.map(Number))?;
        optional(&mut map, "top_p", &r.top_p.map(Number))?;
        if !r.stop.is_empty() {
            map.serialize_entry("stop", &r.stop)?;
        }
        if let Some(format) = &r.output {
            map.serialize_entry("response_format", &Format(format))?;
        }
        optional(&mut map, "reasoning_effort", &r.thinking.as_ref().and_then(effort))?;
        if let Some(limit) = r.max_output_tokens
            && !LIMITS.iter().any(|name| r.option(name).is_some())
        {
            map.serialize_entry(self.server.max_tokens_field, &limit)?;
        }
        let ours = matches!(r.dialect.as_str(), DIALECT | "wharf");
        for (name, value) in &r.options {
            if name != "stream_options" && (ours || NEUTRAL_OPTIONS.contains(&name.as_str())) {
                map.serialize_entry(name, &raw::<S>(value)?)?;
            }
        }
        if self.streamed {
            map.serialize_entry("stream", &true)?;
            self.stream_options::<S, _>(&mut map)?;
        }
        map.end()
    }
}

impl Body<'_> {
    /// The client's own stream options plus the wish for token counts, which the host needs for its
    /// accounting whether or not the client wants to see them.
    fn stream_options<S: Serializer, M: SerializeMap<Ok = S::Ok, Error = S::Error>>(
        &self,
        map: &mut M,
    ) -> Result<(), S::Error> {
        let mut options = match self.request.option("stream_options") {
            Some(text) if self.request.dialect == DIALECT => {
                serde_json::from_str::<Object<'_>>(text).map_err(serde::ser::Error::custom)?
            }
            _ => Object::default(),
        };
        let _ = options.take_raw("include_usage");
        if self.server.stream_usage || !options.is_empty() {
            map.serialize_entry("stream_options", &StreamOptions(&options, self.server.stream_usage))?;
        }
        Ok(())
    }
}

struct StreamOptions<'a>(&'a Object<'a>, bool);

impl Serialize for StreamOptions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.1 {
            map.serialize_entry("include_usage", &true)?;
        }
        self.0.serialize_into(&mut map)?;
        map.end()
    }
}

/// A float that is written as an integer when it is one, as clients write `"temperature": 1`.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < 1e9 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e9")]
            let whole = self.0 as i64;
            serializer.serialize_i64(whole)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

pub(crate) fn optional<M: SerializeMap, T: Serialize>(
    map: &mut M,
    key: &str,
    value: &Option<T>,
) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| map.serialize_entry(key, value))
}

pub(crate) fn raw<S: Serializer>(json: &str) -> Result<&RawValue, S::Error> {
    serde_json::from_str(json).map_err(serde::ser::Error::custom)
}

/// One message as OpenAI has them.
struct WireMessage<'a> {
    role: &'static str,
    name: Option<&'a str>,
    content: Content<'a>,
    tool_calls: Vec<Called<'a>>,
    tool_call_id: Option<Cow<'a, str>>,
    reasoning: Option<(&'static str, &'a str)>,
    refusal: Option<&'a str>,
    extra: Object<'a>,
    same_dialect: bool,
}

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.extra.contains("role") {
            map.serialize_entry("role", self.role)?;
        }
        optional(&mut map, "name", &self.name)?;
        optional(&mut map, "tool_call_id", &self.tool_call_id)?;
        map.serialize_entry("content", &self.content)?;
        if let Some((field, text)) = self.reasoning {
            map.serialize_entry(field, text)?;
        }
        optional(&mut map, "refusal", &self.refusal)?;
        if !self.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &ToolCalls(&self.tool_calls, self.same_dialect))?;
        }
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}

/// The messages so far.
struct Conversation<'a> {
    same_dialect: bool,
    ids: CallIds<'a>,
    out: Vec<WireMessage<'a>>,
}

impl<'a> Conversation<'a> {
    /// Adds what one message of the contract is in OpenAI's API: usually one message; tool results are
    /// messages of their own there, before whatever else was said.
    fn add(&mut self, message: &'a Message, at: usize) -> Result<(), Error> {
        let same_dialect = self.same_dialect;
        let mut wire = WireMessage {
            role: match message.role {
                Role::System => "system",
                Role::Developer => "developer",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            },
            name: message.name.as_deref(),
            content: Content::default(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            reasoning: None,
            refusal: None,
            extra: content::extra(message.extra.as_deref(), same_dialect)?,
            same_dialect,
        };
        let mut results = 0;
        for (nth, part) in message.parts.iter().enumerate() {
            let place = format!("messages[{at}].content[{nth}]");
            match part {
                Part::ToolResult(result) => {
                    results += 1;
                    self.out.push(WireMessage {
                        role: "tool",
                        name: message.name.as_deref(),
                        content: Content::of_tool(&result.content, same_dialect, &place)?,
                        tool_calls: Vec::new(),
                        tool_call_id: Some(self.ids.result(&result.call_id)),
                        reasoning: None,
                        refusal: None,
                        extra: content::extra(
                            message.extra.as_deref().filter(|_| message.role == Role::Tool),
                            same_dialect,
                        )?,
                        same_dialect,
                    });
                }
                Part::ToolCall(call) => wire.tool_calls.push((self.ids.call(&call.id), call)),
                // Nobody who speaks this dialect seals: such thoughts are another vendor's.
                Part::Reasoning(reasoning) if reasoning.signature.is_some() || reasoning.redacted.is_some() => {}
                Part::Reasoning(reasoning) => {
                    let field = content::reasoning_field(reasoning);
                    wire.reasoning = reasoning
                        .text
                        .as_deref()
                        .map(|text| (field, text))
                        .filter(|_| same_dialect);
                }
                Part::Refusal(text) => wire.refusal = Some(text),
                Part::Text(_) | Part::Media(_) | Part::Extension(_) => {
                    wire.content.add(part, same_dialect, message.role, &place)?;
                }
            }
        }
        let said = !wire.content.is_empty() || !wire.tool_calls.is_empty() || wire.refusal.is_some();
        // A turn of which nothing but another vendor's doings was left says nothing.
        let dropped = !said && !message.parts.is_empty() && wire.reasoning.is_none() && wire.extra.is_empty();
        if (results == 0 && !dropped) || said {
            // Nothing but tool calls or a refusal: OpenAI wants null there, not an empty text.
            wire.content
                .null_if_empty(!wire.tool_calls.is_empty() || wire.refusal.is_some());
            self.out.push(wire);
        }
        Ok(())
    }
}

struct Choice<'a>(&'a ToolChoice);

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Named(name) => {
                serde_json::json!({"type": "function", "function": {"name": name}}).serialize(serializer)
            }
            ToolChoice::Extension(extension) => raw::<S>(&extension.value)?.serialize(serializer),
        }
    }
}

struct Format<'a>(&'a OutputFormat);

impl Serialize for Format<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            OutputFormat::Text => serde_json::json!({"type": "text"}).serialize(serializer),
            OutputFormat::Json => serde_json::json!({"type": "json_object"}).serialize(serializer),
            OutputFormat::JsonSchema(schema) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "json_schema")?;
                map.serialize_entry("json_schema", &Schema(schema))?;
                map.end()
            }
            OutputFormat::Extension(extension) => raw::<S>(&extension.value)?.serialize(serializer),
        }
    }
}

struct Schema<'a>(&'a JsonSchema);

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.0.name)?;
        optional(&mut map, "description", &self.0.description)?;
        map.serialize_entry("schema", raw::<S>(&self.0.schema)?)?;
        optional(&mut map, "strict", &self.0.strict)?;
        map.end()
    }
}

/// How much to think, in the words of the API. A budget has none; so much thinking is roughly that level.
fn effort(thinking: &Thinking) -> Option<&str> {
    let level = |budget: u32| match budget {
        0 => "none",
        1..2048 => "low",
        2048..8192 => "medium",
        _ => "high",
    };
    thinking.effort.as_deref().or(thinking.budget_tokens.map(level))
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
