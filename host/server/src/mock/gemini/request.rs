//! A request to Gemini as far as the emulator needs it. Field names may be in camel case or, as protobuf allows, with
//! underscores.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::contents::{Content, Reader};
use crate::mock::failure::Failure;
use crate::mock::prompt::{Format, Function, Prompt, ToolChoice};

/// The fields that steer the answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateRequest<'a> {
    #[serde(borrow, default)]
    contents: Vec<Content<'a>>,
    #[serde(borrow, default, alias = "system_instruction")]
    system_instruction: Option<Content<'a>>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(default, alias = "tool_config")]
    tool_config: Option<ToolConfig>,
    #[serde(borrow, default, alias = "generation_config")]
    generation_config: Option<GenerationConfig<'a>>,
    #[serde(default, rename = "mock_echo")]
    mock_echo: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountRequest<'a> {
    #[serde(borrow, default)]
    contents: Vec<Content<'a>>,
    #[serde(borrow, default, alias = "generate_content_request")]
    generate_content_request: Option<GenerateRequest<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tool<'a> {
    #[serde(borrow, default, alias = "function_declarations")]
    function_declarations: Option<Vec<Declaration<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "parameters_json_schema")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig {
    #[serde(default, alias = "function_calling_config")]
    function_calling_config: Option<CallingConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig {
    #[serde(default)]
    mode: String,
    #[serde(default, alias = "allowed_function_names")]
    allowed_function_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(default, alias = "response_mime_type")]
    response_mime_type: Option<String>,
    #[serde(borrow, default, alias = "response_schema")]
    response_schema: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "response_json_schema")]
    response_json_schema: Option<&'a RawValue>,
    #[serde(default, alias = "thinking_config")]
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(default, alias = "include_thoughts")]
    include_thoughts: Option<bool>,
}

impl<'a> GenerateRequest<'a> {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON or has no contents.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Failure> {
        let request: Self = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        request.checked()
    }

    /// Reads the body of a request to count, which holds contents or a whole request.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the body is no JSON or has no contents.
    pub(super) fn parse_count(body: &'a [u8]) -> Result<Self, Failure> {
        let request: CountRequest<'a> = serde_json::from_slice(body).map_err(|error| Failure::unreadable(&error))?;
        let request = request.generate_content_request.unwrap_or(Self {
            contents: request.contents,
            ..Self::default()
        });
        request.checked()
    }

    fn checked(self) -> Result<Self, Failure> {
        if self.contents.is_empty() {
            let message = "* GenerateContentRequest.contents: contents is not specified\n";
            return Err(Failure::refused(message));
        }
        Ok(self)
    }

    /// Whether the body asks for the request to be echoed.
    pub(super) fn echo(&self) -> bool {
        self.mock_echo == Some(true)
    }

    /// What is asked.
    ///
    /// # Errors
    ///
    /// The 400 answer, when the conversation is one that the vendor refuses, or a function it may call is missing.
    pub(super) fn prompt(&self) -> Result<Prompt<'a>, Failure> {
        let digest = Reader::read(self.system_instruction.as_ref(), &self.contents)?;
        let tools = self.tools.iter().flatten();
        let declared = tools.flat_map(|tool| tool.function_declarations.iter().flatten());
        let mut functions: Vec<Function<'a>> = declared
            .map(|function| Function {
                name: function.name.clone(),
                parameters: function.parameters_json_schema.or(function.parameters),
            })
            .collect();
        let config = self.tool_config.as_ref();
        let config = config.and_then(|config| config.function_calling_config.as_ref());
        let choice = match config {
            Some(config) if config.mode.eq_ignore_ascii_case("none") => ToolChoice::Text,
            Some(config) => {
                config.check(&functions)?;
                let allowed = &config.allowed_function_names;
                functions.retain(|function| allowed.is_empty() || allowed.iter().any(|name| function.name == *name));
                ToolChoice::Any
            }
            None => ToolChoice::Any,
        };
        let generation = self.generation_config.as_ref();
        Ok(Prompt {
            digest,
            functions,
            choice,
            one_call: false,
            format: generation.map_or(Format::Text, GenerationConfig::format),
            thinks: generation.is_some_and(GenerationConfig::thinks),
        })
    }
}

impl CallingConfig {
    fn check(&self, functions: &[Function<'_>]) -> Result<(), Failure> {
        let is_declared = |name: &&String| functions.iter().any(|function| function.name == **name);
        match self.allowed_function_names.iter().find(|name| !is_declared(name)) {
            Some(name) => Err(Failure::refused(format!(
                "Function calling config has an allowed function name that is not declared: {name}"
            ))),
            None => Ok(()),
        }
    }
}

impl<'a> GenerationConfig<'a> {
    fn format(&self) -> Format<'a> {
        if self.response_mime_type.as_deref() != Some("application/json") {
            return Format::Text;
        }
        match self.response_json_schema.or(self.response_schema) {
            Some(schema) => Format::JsonSchema(Some(schema)),
            None => Format::JsonObject,
        }
    }

    fn thinks(&self) -> bool {
        let thinking = self.thinking_config.as_ref();
        thinking.is_some_and(|thinking| thinking.include_thoughts == Some(true))
    }
}
