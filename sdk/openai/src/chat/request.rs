//! From the contract's request to the JSON of `POST /chat/completions`.

mod message;
mod options;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, JsonSchema, OutputFormat, Request, ToolChoice, foreign};

use crate::chat::tools::{self, Tools};
use crate::chat::{DIALECT, Server};

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
    let options = options::of(request)?;
    let body = Body {
        request,
        server,
        streamed,
        messages: message::messages(request, server.call_ids)?,
        options,
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
        optional(&mut map, "reasoning_effort", &effort(r))?;
        if let Some(limit) = r.max_output_tokens
            && !LIMITS.iter().any(|name| r.option(name).is_some())
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
            Some(text) if matches!(self.request.dialect.as_str(), DIALECT | options::RESPONSES) => {
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
///
/// Not all models take every word. Words of another vendor become those that all thinking models have; that one does
/// not want any thinking goes without saying, as models that do not think refuse the field.
fn effort(request: &Request) -> Option<&str> {
    let level = |budget: u32| match budget {
        0 => "none",
        1..2048 => "low",
        2048..8192 => "medium",
        _ => "high",
    };
    let thinking = request.thinking.as_ref()?;
    let word = thinking.effort.as_deref().or(thinking.budget_tokens.map(level))?;
    match word {
        _ if matches!(request.dialect.as_str(), DIALECT | options::RESPONSES | "wharf") => Some(word),
        "none" => None,
        "max" | "xhigh" => Some("high"),
        _ => Some(word),
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
