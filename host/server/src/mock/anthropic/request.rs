//! A request to Anthropic's Messages API as far as the emulator needs it, and what the vendor refuses about its fields.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Operation;
use super::conversation::{Cache, Message, Reader};
use crate::mock::failure::Failure;
use crate::mock::prompt::{Format, Function, Prompt, ToolChoice};

/// Smallest budget for thoughts.
const MIN_BUDGET: u64 = 1024;

/// The fields that steer the answer.
#[derive(Debug, Deserialize)]
pub(super) struct MessagesRequest<'a> {
    /// Model asked for; never empty after `parse`.
    #[serde(borrow, default)]
    pub(super) model: Cow<'a, str>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(borrow, default)]
    messages: Vec<Message<'a>>,
    #[serde(borrow, default)]
    system: Option<&'a RawValue>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(default)]
    tool_choice: Option<Choice>,
    #[serde(default)]
    thinking: Option<Thinking>,
    #[serde(borrow, default)]
    output_config: Option<OutputConfig<'a>>,
    #[serde(borrow, default)]
    output_format: Option<OutputFormat<'a>>,
    #[serde(default)]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Thinking {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    budget_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct OutputConfig<'a> {
    #[serde(borrow, default)]
    format: Option<OutputFormat<'a>>,
}

#[derive(Debug, Deserialize)]
struct OutputFormat<'a> {
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

impl<'a> MessagesRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The 400 answer, when a field is missing or contradicts another one.
    pub(super) fn parse(body: &'a [u8], operation: Operation) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        if request.model.is_empty() {
            return Err(Failure::refused("model: Field required"));
        }
        if request.messages.is_empty() {
            return Err(Failure::refused("messages: at least one message is required"));
        }
        if operation == Operation::Messages {
            request.check_limits()?;
        }
        Ok(request)
    }

    fn check_limits(&self) -> Result<(), Failure> {
        let Some(most) = self.max_tokens else {
            return Err(Failure::refused("max_tokens: Field required"));
        };
        if most == 0 {
            let message = "max_tokens: Input should be greater than or equal to 1";
            return Err(Failure::refused(message));
        }
        let Some(thinking) = self.thinking.as_ref().filter(|_| self.thinks()) else {
            return Ok(());
        };
        if self.tool_choice.as_ref().is_some_and(Choice::forces) {
            let message = "Thinking may not be enabled when tool_choice forces tool use.";
            return Err(Failure::refused(message));
        }
        if thinking.kind == "adaptive" {
            return Ok(());
        }
        match thinking.budget_tokens {
            None => Err(Failure::refused("thinking.enabled.budget_tokens: Field required")),
            Some(budget) if budget < MIN_BUDGET => Err(Failure::refused(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
            )),
            Some(budget) if budget >= most => Err(Failure::refused(
                "`max_tokens` must be greater than `thinking.budget_tokens`.",
            )),
            Some(_) => Ok(()),
        }
    }

    fn thinks(&self) -> bool {
        let kind = self.thinking.as_ref().map(|thinking| &*thinking.kind);
        matches!(kind, Some("enabled" | "adaptive"))
    }

    /// Whether the answer is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// What is asked, and how much of it the vendor's cache has or takes.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the conversation is one that the vendor refuses.
    pub(super) fn prompt(&self) -> Result<(Prompt<'a>, Cache), Failure> {
        let (digest, cache) = Reader::read(self.system, &self.messages)?;
        // Tools with another type are the vendor's own and run on its side.
        let own = self
            .tools
            .iter()
            .flatten()
            .filter(|tool| matches!(&*tool.kind, "" | "custom"));
        let functions = own.map(|tool| Function {
            name: tool.name.clone(),
            parameters: tool.input_schema,
        });
        let choice = self.tool_choice.as_ref();
        let config = self.output_config.as_ref().and_then(|config| config.format.as_ref());
        let prompt = Prompt {
            digest,
            functions: functions.collect(),
            choice: choice.map_or(ToolChoice::Any, Choice::read),
            one_call: choice.is_some_and(|choice| choice.disable_parallel_tool_use == Some(true)),
            format: match config.or(self.output_format.as_ref()) {
                Some(format) => Format::JsonSchema(format.schema),
                None => Format::Text,
            },
            thinks: self.thinks(),
        };
        Ok((prompt, cache))
    }
}

impl Choice {
    fn forces(&self) -> bool {
        matches!(&*self.kind, "any" | "tool")
    }

    fn read(&self) -> ToolChoice {
        match (&*self.kind, &self.name) {
            ("none", _) => ToolChoice::Text,
            ("tool", Some(name)) => ToolChoice::Named(name.clone()),
            _ => ToolChoice::Any,
        }
    }
}
