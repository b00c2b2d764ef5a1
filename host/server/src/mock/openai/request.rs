//! A chat request as far as the emulator needs it, borrowed from the body.
//!
//! Decides what OpenAI would refuse as malformed. Only the fields that steer the answer are read; message contents
//! stay raw JSON until `prompt`, so that a long conversation is scanned, not copied.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::mock::failure::Failure;
use crate::mock::prompt::{BY_URL, Content, Digest, Format, Function, Parts, Prompt, Role, ToolChoice, read_text};

/// Most choices per request, as at OpenAI.
const MAX_CHOICES: u32 = 128;

/// The fields of a chat request that steer the answer.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest<'a> {
    /// Model asked for; never empty after `parse`.
    #[serde(borrow, default)]
    pub(super) model: Cow<'a, str>,
    #[serde(borrow, default)]
    messages: Option<Vec<Message<'a>>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow, default)]
    tool_choice: Option<&'a RawValue>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(borrow, default)]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(default)]
    n: Option<u32>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    reasoning_effort: Option<String>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
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

#[derive(Debug, Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Debug, Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<ImageUrl<'a>>,
    #[serde(borrow, default)]
    file: Option<File<'a>>,
}

#[derive(Debug, Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct File<'a> {
    #[serde(borrow, default)]
    file_data: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct NamedChoice {
    #[serde(default)]
    function: Option<NamedFunction>,
}

#[derive(Debug, Deserialize)]
struct NamedFunction {
    #[serde(default)]
    name: String,
}

impl<'a> ChatRequest<'a> {
    /// Reads a request body. The model may be named elsewhere, and then that name counts.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON, lacks the model or the messages, or asks for too many choices.
    pub(super) fn parse(body: &'a [u8], model: Option<&'a str>) -> Result<Self, Failure> {
        let mut request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        if let Some(model) = model {
            request.model = Cow::Borrowed(model);
        }
        if request.model.is_empty() {
            return Err(Failure::invalid(
                "model",
                "missing_required_parameter",
                "you must provide a model parameter",
            ));
        }
        if request.messages.is_none() {
            let message = "Missing required parameter: 'messages'.";
            return Err(Failure::invalid("messages", "missing_required_parameter", message));
        }
        if request.messages().is_empty() {
            let message = "Invalid 'messages': empty array. Expected an array with minimum length 1.";
            return Err(Failure::invalid("messages", "empty_array", message));
        }
        if !(1..=MAX_CHOICES).contains(&request.choices()) {
            let message = format!("Invalid 'n': expected a value from 1 to {MAX_CHOICES}.");
            return Err(Failure::invalid("n", "invalid_value", message));
        }
        Ok(request)
    }

    fn messages(&self) -> &[Message<'a>] {
        self.messages.as_deref().unwrap_or_default()
    }

    /// Whether the answer is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether a stream ends with a usage chunk.
    pub(super) fn include_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .is_some_and(|options| options.include_usage == Some(true))
    }

    /// How many choices to answer with.
    pub(super) fn choices(&self) -> u32 {
        self.n.unwrap_or(1)
    }

    /// Whether log probabilities are asked for.
    pub(super) fn logprobs(&self) -> bool {
        self.logprobs == Some(true)
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// What is asked, with the contents of all messages read, once.
    ///
    /// # Errors
    ///
    /// The 400 answer, when a content is neither text nor parts, or inline data is no base64.
    pub(super) fn prompt(&self) -> Result<Prompt<'a>, Failure> {
        let mut digest = Digest::default();
        for message in self.messages() {
            digest.turn(Role::of(&message.role), content(message.content)?);
        }
        let offered = self.tools.iter().flatten().filter_map(|tool| tool.function.as_ref());
        let functions = offered.map(|function| Function {
            name: function.name.clone(),
            parameters: function.parameters,
        });
        Ok(Prompt {
            digest,
            functions: functions.collect(),
            choice: self.tool_choice(),
            one_call: self.parallel_tool_calls == Some(false),
            format: self.format(),
            thinks: self.reasoning_effort.as_ref().is_some_and(|effort| effort != "none"),
        })
    }

    fn tool_choice(&self) -> ToolChoice {
        let Some(raw) = self.tool_choice else {
            return ToolChoice::Any;
        };
        if raw.get() == "\"none\"" {
            return ToolChoice::Text;
        }
        let named = serde_json::from_str::<NamedChoice>(raw.get())
            .ok()
            .and_then(|choice| choice.function);
        named.map_or(ToolChoice::Any, |function| ToolChoice::Named(function.name))
    }

    fn format(&self) -> Format<'a> {
        let Some(format) = &self.response_format else {
            return Format::Text;
        };
        match &*format.kind {
            "json_object" => Format::JsonObject,
            "json_schema" => Format::JsonSchema(format.json_schema.as_ref().and_then(|named| named.schema)),
            _ => Format::Text,
        }
    }
}

fn content(raw: Option<&RawValue>) -> Result<Content<'_>, Failure> {
    let mut content = Content::default();
    let Some(raw) = raw else {
        return Ok(content);
    };
    let list = match Parts::of(raw)? {
        Parts::Text(text) => {
            content.text = text;
            return Ok(content);
        }
        Parts::List(list) => list,
    };
    let parts: Vec<Part<'_>> = serde_json::from_str(list).map_err(|error| Failure::unreadable(&error))?;
    for part in parts {
        let data = match &*part.kind {
            "image_url" => Some(part.image_url.and_then(|image| image.url)),
            "file" => Some(part.file.and_then(|file| file.file_data)),
            _ => None,
        };
        match (data, part.text) {
            (Some(Some(data)), _) => file(&mut content, &read_text(data)?)?,
            (Some(None), _) => content.tally(BY_URL).count_one(BY_URL, 0),
            (None, Some(text)) => content.say(read_text(text)?),
            (None, None) => {}
        }
    }
    Ok(content)
}

/// Counts a file that is inline if its address is a `data:` URL.
fn file(content: &mut Content<'_>, url: &str) -> Result<(), Failure> {
    let Some((kind, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        content.tally(BY_URL).count_one(BY_URL, 0);
        return Ok(());
    };
    match kind.strip_suffix(";base64") {
        Some(media_type) => content.file(media_type, data),
        None => {
            content.tally(kind).count_one(kind, data.len());
            Ok(())
        }
    }
}
