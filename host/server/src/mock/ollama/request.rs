//! A chat request in Ollama's shape as far as the emulator needs it, and what Ollama's decoder refuses.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mock::failure::Failure;
use crate::mock::prompt::{Content, Digest, Format, Function, Prompt, Role, ToolChoice, read_text};

/// How the base64 of an image of a type begins.
const IMAGE_TYPES: [(&str, &str); 4] = [
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
];

/// Type of an image that begins like none of these.
const UNKNOWN_IMAGE: &str = "image/unknown";

/// The fields that steer the answer.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest<'a> {
    /// Model asked for; never empty after `parse`.
    #[serde(borrow, default)]
    pub(super) model: Cow<'a, str>,
    #[serde(borrow, default)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow, default)]
    format: Option<&'a RawValue>,
    #[serde(borrow, default)]
    think: Option<&'a RawValue>,
    #[serde(borrow, default)]
    keep_alive: Option<&'a RawValue>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    images: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow)]
    function: CalledFunction<'a>,
}

#[derive(Debug, Deserialize)]
struct CalledFunction<'a> {
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default)]
    function: Option<OfferedFunction<'a>>,
}

#[derive(Debug, Deserialize)]
struct OfferedFunction<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON or names no model.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        if request.model.is_empty() {
            return Err(Failure::refused("model is required"));
        }
        Ok(request)
    }

    /// Whether the answer is a stream: unless the request says no.
    pub(super) fn is_stream(&self) -> bool {
        self.stream != Some(false) && !self.only_loads()
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// Whether the model is to be loaded and nothing said.
    pub(super) fn only_loads(&self) -> bool {
        self.messages.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether the model stays loaded after this request.
    pub(super) fn stays(&self) -> bool {
        let time = self.keep_alive.map(RawValue::get);
        !matches!(time, Some("0" | "\"0\"" | "\"0s\"" | "\"0m\""))
    }

    /// What is asked.
    ///
    /// # Errors
    ///
    /// The 400 answer, when a content is no string, arguments are no object or an image is no base64.
    pub(super) fn prompt(&self) -> Result<Prompt<'a>, Failure> {
        let mut digest = Digest::default();
        for message in self.messages.iter().flatten() {
            message.check_calls()?;
            digest.turn(Role::of(&message.role), message.content()?);
        }
        let offered = self.tools.iter().flatten().filter_map(|tool| tool.function.as_ref());
        let functions = offered.map(|function| Function {
            name: function.name.clone(),
            parameters: function.parameters,
        });
        Ok(Prompt {
            digest,
            functions: functions.collect(),
            choice: ToolChoice::Any,
            one_call: false,
            format: self.format()?,
            thinks: self.think.is_some_and(|think| !matches!(think.get(), "false" | "\"\"")),
        })
    }

    fn format(&self) -> Result<Format<'a>, Failure> {
        let Some(raw) = self.format else {
            return Ok(Format::Text);
        };
        match raw.get() {
            "\"\"" => Ok(Format::Text),
            "\"json\"" => Ok(Format::JsonObject),
            json if json.starts_with('{') => Ok(Format::JsonSchema(Some(raw))),
            json => Err(Failure::refused(format!(
                "invalid format: {json}; expected \"json\" or a valid JSON Schema object"
            ))),
        }
    }
}

impl<'a> Message<'a> {
    fn content(&self) -> Result<Content<'a>, Failure> {
        let mut content = Content::default();
        if let Some(raw) = self.content {
            if !raw.get().starts_with('"') {
                return Err(wrong_type("messages.content", "string"));
            }
            content.text = read_text(raw)?;
        }
        for image in self.images.iter().flatten() {
            let data = read_text(image)?;
            let known = IMAGE_TYPES.iter().find(|(beginning, _)| data.starts_with(*beginning));
            let media_type = known.map_or(UNKNOWN_IMAGE, |(_, media_type)| *media_type);
            content
                .file(media_type, &data)
                .map_err(|_| Failure::refused("illegal base64 data at input byte 0"))?;
        }
        Ok(content)
    }

    fn check_calls(&self) -> Result<(), Failure> {
        for call in self.tool_calls.iter().flatten() {
            if call.function.arguments.is_some_and(|raw| !raw.get().starts_with('{')) {
                return Err(wrong_type("messages.tool_calls.function.arguments", "object"));
            }
        }
        Ok(())
    }
}

fn wrong_type(field: &str, expected: &str) -> Failure {
    Failure::refused(format!(
        "json: cannot unmarshal value into Go struct field ChatRequest.{field} of type {expected}"
    ))
}
