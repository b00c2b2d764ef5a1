//! A request as the guest wants it. Lists of borrowed items have to live somewhere while the guest reads
//! them: [`Lists`] owns them, the request points into it.

use std::hash::{Hash as _, Hasher};

use wharf_types as host;

use crate::bindings::wharf::provider::types as wit;

/// The lists behind a lent request. Build it, then pass it to [`request`].
pub(crate) struct Lists<'a> {
    contents: Vec<Vec<wit::ToolPartParam<'a>>>,
    options: Vec<(&'a str, &'a str)>,
    stop: Vec<&'a str>,
    tools: Vec<wit::Tool<'a>>,
}

impl<'a> Lists<'a> {
    pub(crate) fn new(request: &'a host::Request) -> Self {
        let results = request
            .messages
            .iter()
            .flat_map(|message| &message.parts)
            .filter_map(|part| match part {
                host::Part::ToolResult(result) => Some(result),
                host::Part::Text(_)
                | host::Part::Media(_)
                | host::Part::ToolCall(_)
                | host::Part::Reasoning(_)
                | host::Part::Refusal(_)
                | host::Part::Extension(_) => None,
            });
        Self {
            contents: results
                .map(|result| result.content.iter().map(tool_part).collect())
                .collect(),
            options: request
                .options
                .iter()
                .map(|(name, value)| (name.as_str(), value.0.as_str()))
                .collect(),
            stop: request.stop.iter().map(String::as_str).collect(),
            tools: request.tools.iter().map(tool).collect(),
        }
    }

    /// The parts of every message, in order. Tool results take their contents from `self`, in order.
    pub(crate) fn parts(&'a self, request: &'a host::Request) -> Vec<Vec<wit::PartParam<'a>>> {
        let mut contents = self.contents.iter();
        let mut content = || contents.next().map_or(&[][..], Vec::as_slice);
        request
            .messages
            .iter()
            .map(|m| m.parts.iter().map(|p| part(p, &mut content)).collect())
            .collect()
    }

    /// The messages, pointing at their parts.
    pub(crate) fn messages(request: &'a host::Request, parts: &'a [Vec<wit::PartParam<'a>>]) -> Vec<wit::Message<'a>> {
        let pairs = request.messages.iter().zip(parts);
        pairs
            .map(|(message, parts)| wit::Message {
                role: role(message.role),
                name: message.name.as_deref(),
                parts,
                extra: json(message.extra.as_ref()),
            })
            .collect()
    }
}

/// Roughly how many bytes it is.
pub(crate) fn weight(request: &host::Request) -> usize {
    /// Counts what it is given.
    struct Scale(usize);

    impl Hasher for Scale {
        fn write(&mut self, bytes: &[u8]) {
            self.0 += bytes.len();
        }

        fn finish(&self) -> u64 {
            self.0 as u64
        }
    }

    let mut scale = Scale(0);
    request.hash(&mut scale);
    scale.0
}

/// The request, pointing at the lists. `model` is the vendor's name.
pub(crate) fn request<'a>(
    request: &'a host::Request,
    model: &'a str,
    lists: &'a Lists<'a>,
    messages: &'a [wit::Message<'a>],
) -> wit::Request<'a> {
    wit::Request {
        model,
        messages,
        tools: &lists.tools,
        tool_choice: request.tool_choice.as_ref().map(tool_choice),
        parallel_tool_calls: request.parallel_tool_calls,
        max_output_tokens: request.max_output_tokens,
        temperature: request.temperature,
        top_p: request.top_p,
        stop: &lists.stop,
        output: request.output.as_ref().map(output),
        thinking: request.thinking.as_ref().map(thinking),
        dialect: &request.dialect,
        options: &lists.options,
    }
}

fn json(value: Option<&host::Json>) -> Option<&str> {
    value.map(|json| json.0.as_str())
}

fn role(role: host::Role) -> wit::Role {
    match role {
        host::Role::System => wit::Role::System,
        host::Role::Developer => wit::Role::Developer,
        host::Role::User => wit::Role::User,
        host::Role::Assistant => wit::Role::Assistant,
        host::Role::Tool => wit::Role::Tool,
    }
}

fn part<'a>(part: &'a host::Part, content: &mut impl FnMut() -> &'a [wit::ToolPartParam<'a>]) -> wit::PartParam<'a> {
    match part {
        host::Part::Text(value) => wit::PartParam::Text(text(value)),
        host::Part::Media(value) => wit::PartParam::Media(media(value)),
        host::Part::ToolCall(call) => wit::PartParam::ToolCall(wit::ToolCallParam {
            id: &call.id,
            name: &call.name,
            arguments: &call.arguments.0,
            extra: json(call.extra.as_ref()),
        }),
        host::Part::ToolResult(result) => wit::PartParam::ToolResult(wit::ToolResultParam {
            call_id: &result.call_id,
            is_error: result.is_error,
            content: content(),
            extra: json(result.extra.as_ref()),
        }),
        host::Part::Reasoning(value) => wit::PartParam::Reasoning(wit::ReasoningParam {
            text: value.text.as_deref(),
            signature: value.signature.as_deref(),
            redacted: value.redacted.as_deref(),
            extra: json(value.extra.as_ref()),
        }),
        host::Part::Refusal(text) => wit::PartParam::Refusal(text),
        host::Part::Extension(value) => wit::PartParam::Extension(extension(value)),
    }
}

fn tool_part(part: &host::ToolPart) -> wit::ToolPartParam<'_> {
    match part {
        host::ToolPart::Text(value) => wit::ToolPartParam::Text(text(value)),
        host::ToolPart::Media(value) => wit::ToolPartParam::Media(media(value)),
        host::ToolPart::Extension(value) => wit::ToolPartParam::Extension(extension(value)),
    }
}

fn text(value: &host::Text) -> wit::TextParam<'_> {
    wit::TextParam {
        text: &value.text,
        extra: json(value.extra.as_ref()),
    }
}

fn media(value: &host::Media) -> wit::MediaParam<'_> {
    wit::MediaParam {
        mime_type: &value.mime_type,
        data: match &value.data {
            host::MediaData::Url(url) => wit::MediaDataParam::Url(url),
            host::MediaData::Inline(bytes) => wit::MediaDataParam::Inline(bytes),
        },
        name: value.name.as_deref(),
        extra: json(value.extra.as_ref()),
    }
}

fn extension(value: &host::Extension) -> wit::ExtensionParam<'_> {
    wit::ExtensionParam {
        kind: &value.kind,
        value: &value.value.0,
    }
}

fn tool(tool: &host::Tool) -> wit::Tool<'_> {
    wit::Tool {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters: json(tool.parameters.as_ref()),
        strict: tool.strict,
        extra: json(tool.extra.as_ref()),
    }
}

fn tool_choice(choice: &host::ToolChoice) -> wit::ToolChoice<'_> {
    match choice {
        host::ToolChoice::Auto => wit::ToolChoice::Auto,
        host::ToolChoice::None => wit::ToolChoice::None,
        host::ToolChoice::Required => wit::ToolChoice::Required,
        host::ToolChoice::Named(name) => wit::ToolChoice::Named(name),
        host::ToolChoice::Extension(value) => wit::ToolChoice::Extension(extension(value)),
    }
}

fn output(format: &host::OutputFormat) -> wit::OutputFormat<'_> {
    match format {
        host::OutputFormat::Text => wit::OutputFormat::Text,
        host::OutputFormat::Json => wit::OutputFormat::Json,
        host::OutputFormat::JsonSchema(schema) => wit::OutputFormat::JsonSchema(wit::JsonSchema {
            name: &schema.name,
            description: schema.description.as_deref(),
            schema: &schema.schema.0,
            strict: schema.strict,
        }),
        host::OutputFormat::Extension(value) => wit::OutputFormat::Extension(extension(value)),
    }
}

fn thinking(value: &host::Thinking) -> wit::Thinking<'_> {
    wit::Thinking {
        effort: value.effort.as_deref(),
        budget_tokens: value.budget_tokens,
        extra: json(value.extra.as_ref()),
    }
}
