//! From the contract's request to the JSON of `POST /chat/completions`.

mod message;
mod options;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, JsonSchema, OutputFormat, Request, ToolChoice, foreign};

use crate::chat::tools::{self, Tools};
use crate::chat::{DIALECT, Server};
use crate::responses::DIALECT as RESPONSES;
use crate::wire::{self, Number, optional, raw};

/// Both names of the output limit. A client of the same dialect chose one of them itself.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// The body of the request.
///
/// # Errors
/// `InvalidRequest` when a JSON value of the request is not JSON, and
/// `Unsupported` for what OpenAI's API has no form for, naming the field.
pub fn body(request: &Request, server: &Server<'_>, streamed: bool) -> Result<Vec<u8>, Error> {
    tools::check(request)?;
    if let Some(OutputFormat::Extension(form)) = &request.output {
        foreign::checked(form, DIALECT, "response_format")?;
    }
    if request.dialect != DIALECT {
        foreign::check_thinking(request.thinking.as_ref())?;
    }
    let mut options = options::of(request, server.hints)?;
    if server.max_tokens_fixed {
        options.retain(|(name, _)| !LIMITS.contains(name));
    }
    wire::bytes(&Body {
        request,
        server,
        streamed,
        messages: message::messages(request, server)?,
        options,
    })
}

struct Body<'a> {
    request: &'a Request,
    server: &'a Server<'a>,
    streamed: bool,
    messages: Vec<message::WireMessage<'a>>,
    options: Vec<options::Entry<'a>>,
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
        // OpenAI refuses both without tools; clients of its other API send them all the same.
        let says_nothing = r.tools.is_empty() && r.dialect != DIALECT;
        let choice = r.tool_choice.as_ref();
        let choice = choice.filter(|choice| !says_nothing || !matches!(choice, ToolChoice::Auto | ToolChoice::None));
        optional(&mut map, "tool_choice", &choice.map(Choice))?;
        let parallel = r.parallel_tool_calls.filter(|_| !says_nothing);
        optional(&mut map, "parallel_tool_calls", &parallel)?;
        optional(&mut map, "temperature", &r.temperature.map(Number))?;
        optional(&mut map, "top_p", &r.top_p.map(Number))?;
        if !r.stop.is_empty() {
            map.serialize_entry("stop", &r.stop)?;
        }
        if let Some(format) = &r.output {
            map.serialize_entry("response_format", &Format(format))?;
        }
        let ours = matches!(r.dialect.as_str(), DIALECT | RESPONSES | "wharf");
        optional(&mut map, "reasoning_effort", &wire::effort(r, ours))?;
        if let Some(limit) = r.max_output_tokens
            && (self.server.max_tokens_fixed || !LIMITS.iter().any(|name| r.option(name).is_some()))
        {
            map.serialize_entry(self.server.max_tokens_field, &limit)?;
        }
        for (name, value) in &self.options {
            map.serialize_entry(name, &raw::<S>(value)?)?;
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
        let theirs = self.request.option("stream_options").filter(|json| *json != "null");
        let mut options = match theirs {
            Some(text) if matches!(self.request.dialect.as_str(), DIALECT | RESPONSES) => {
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
            ToolChoice::Extension(rule) => match tools::allowed(rule) {
                Some(allowed) => allowed.serialize(serializer),
                None => raw::<S>(&rule.value)?.serialize(serializer),
            },
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
        wire::schema::<S, _>(self.0, &mut map)?;
        map.end()
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
