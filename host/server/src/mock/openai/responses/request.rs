//! A request for a response, as far as the emulator needs it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::input;
use crate::mock::failure::Failure;
use crate::mock::prompt::{Format, Function, Prompt, ToolChoice};

/// Fields that only chat completions have, and clients confuse.
const OF_CHATS: [&str; 10] = [
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stop",
    "seed",
    "logprobs",
    "response_format",
    "reasoning_effort",
    "frequency_penalty",
];
/// Fields that an answer repeats.
const REPEATED: [&str; 9] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "temperature",
];

/// The fields that steer the answer.
#[derive(Debug, Deserialize)]
pub(super) struct ResponsesRequest<'a> {
    #[serde(borrow, default)]
    pub(super) model: Cow<'a, str>,
    #[serde(borrow, default)]
    instructions: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    store: Option<bool>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(borrow, default)]
    tool_choice: Option<&'a RawValue>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    reasoning: Option<Reasoning>,
    #[serde(default)]
    include: Option<Vec<String>>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    mock_echo: Option<bool>,
    /// The whole request.
    #[serde(skip)]
    all: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Text<'a> {
    #[serde(borrow, default)]
    format: Option<TextFormat<'a>>,
}

#[derive(Debug, Deserialize)]
struct TextFormat<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Reasoning {
    #[serde(default)]
    effort: Option<String>,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_obfuscation: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct NamedChoice {
    #[serde(default)]
    name: Option<String>,
}

impl<'a> ResponsesRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON, lacks the model or the input, or has a field of another API.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let mut request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        request.all = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        if let Some(name) = OF_CHATS.iter().find(|name| request.all.contains_key(**name)) {
            let message = format!("Unknown parameter: '{name}'.");
            return Err(Failure::invalid("body", "unknown_parameter", message));
        }
        for (name, is_missing) in [("model", request.model.is_empty()), ("input", request.input.is_none())] {
            if is_missing {
                let message = format!("Missing required parameter: '{name}'.");
                return Err(Failure::invalid("body", "missing_required_parameter", message));
            }
        }
        if request.store != Some(false) {
            let message = "The emulator keeps nothing: send 'store': false.";
            return Err(Failure::invalid("store", "invalid_value", message));
        }
        Ok(request)
    }

    /// Whether the answer is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// Whether the answer is to hold this.
    pub(super) fn includes(&self, what: &str) -> bool {
        self.include.iter().flatten().any(|word| word == what)
    }

    /// Whether thoughts are summed up.
    pub(super) fn sums_up(&self) -> bool {
        self.reasoning
            .as_ref()
            .is_some_and(|reasoning| reasoning.summary.is_some())
    }

    /// Whether pieces of the stream are padded.
    pub(super) fn obfuscates(&self) -> bool {
        let wish = self
            .stream_options
            .as_ref()
            .and_then(|options| options.include_obfuscation);
        wish != Some(false)
    }

    /// What an answer repeats.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (&'static str, Value)> {
        REPEATED
            .into_iter()
            .map(|name| (name, self.all.get(name).cloned().unwrap_or_default()))
    }

    /// What is asked.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the vendor would not take the conversation.
    pub(super) fn prompt(&self) -> Result<Prompt<'a>, Failure> {
        let functions = self.tools.iter().flatten().filter(|tool| tool.kind == "function");
        let functions = functions.map(|tool| Function {
            name: tool.name.clone(),
            parameters: tool.parameters,
        });
        let effort = self
            .reasoning
            .as_ref()
            .and_then(|reasoning| reasoning.effort.as_deref());
        Ok(Prompt {
            digest: input::read(self.instructions, self.input)?,
            functions: functions.collect(),
            choice: self.tool_choice(),
            one_call: self.parallel_tool_calls == Some(false),
            format: self.format(),
            thinks: effort.is_some_and(|effort| effort != "none"),
        })
    }

    fn tool_choice(&self) -> ToolChoice {
        let Some(raw) = self.tool_choice else {
            return ToolChoice::Any;
        };
        if raw.get() == "\"none\"" {
            return ToolChoice::Text;
        }
        let named: Option<NamedChoice> = serde_json::from_str(raw.get()).ok();
        named
            .and_then(|choice| choice.name)
            .map_or(ToolChoice::Any, ToolChoice::Named)
    }

    fn format(&self) -> Format<'a> {
        match self.text.as_ref().and_then(|text| text.format.as_ref()) {
            Some(format) if format.kind == "json_object" => Format::JsonObject,
            Some(format) if format.kind == "json_schema" => Format::JsonSchema(format.schema),
            _ => Format::Text,
        }
    }
}
