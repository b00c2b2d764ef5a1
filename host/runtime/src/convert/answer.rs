//! What comes back from a guest: answers and events. Everything is moved.

use wharf_types as host;

use super::json;
use crate::bindings::wharf::provider::types as wit;

pub(crate) fn response(response: wit::Response) -> host::Response {
    host::Response {
        id: response.id,
        model: response.model,
        parts: response.parts.into_iter().map(part).collect(),
        finish: finish(response.finish),
        usage: usage(response.usage),
        extra: response.extra.map(extension),
    }
}

pub(crate) fn event(event: wit::Event) -> host::Event {
    match event {
        wit::Event::Start(start) => host::Event::Start(host::Start {
            id: start.id,
            model: start.model,
            extra: start.extra.map(extension),
        }),
        wit::Event::Text(text) => host::Event::Text(text),
        wit::Event::Reasoning(value) => host::Event::Reasoning(reasoning(value)),
        wit::Event::ToolCall(delta) => host::Event::ToolCall(host::CallDelta {
            index: delta.index,
            id: delta.id,
            name: delta.name,
            arguments: delta.arguments,
            extra: json(delta.extra),
        }),
        wit::Event::Refusal(text) => host::Event::Refusal(text),
        wit::Event::Part(value) => host::Event::Part(part(value)),
        wit::Event::Usage(value) => host::Event::Usage(usage(value)),
        wit::Event::Finish(reason) => host::Event::Finish(finish(reason)),
        wit::Event::Extension(value) => host::Event::Extension(extension(value)),
    }
}

fn part(part: wit::PartResult) -> host::Part {
    match part {
        wit::PartResult::Text(value) => host::Part::Text(text(value)),
        wit::PartResult::Media(value) => host::Part::Media(media(value)),
        wit::PartResult::ToolCall(call) => host::Part::ToolCall(host::ToolCall {
            id: call.id,
            name: call.name,
            arguments: host::Json(call.arguments),
            extra: json(call.extra),
        }),
        wit::PartResult::ToolResult(result) => host::Part::ToolResult(host::ToolResult {
            call_id: result.call_id,
            is_error: result.is_error,
            content: result.content.into_iter().map(tool_part).collect(),
            extra: json(result.extra),
        }),
        wit::PartResult::Reasoning(value) => host::Part::Reasoning(reasoning(value)),
        wit::PartResult::Refusal(text) => host::Part::Refusal(text),
        wit::PartResult::Extension(value) => host::Part::Extension(extension(value)),
    }
}

fn tool_part(part: wit::ToolPartResult) -> host::ToolPart {
    match part {
        wit::ToolPartResult::Text(value) => host::ToolPart::Text(text(value)),
        wit::ToolPartResult::Media(value) => host::ToolPart::Media(media(value)),
        wit::ToolPartResult::Extension(value) => host::ToolPart::Extension(extension(value)),
    }
}

fn text(value: wit::TextResult) -> host::Text {
    host::Text {
        text: value.text,
        extra: json(value.extra),
    }
}

fn media(value: wit::MediaResult) -> host::Media {
    host::Media {
        mime_type: value.mime_type,
        data: match value.data {
            wit::MediaDataResult::Url(url) => host::MediaData::Url(url),
            wit::MediaDataResult::Inline(bytes) => host::MediaData::Inline(bytes),
        },
        name: value.name,
        extra: json(value.extra),
    }
}

fn reasoning(value: wit::ReasoningResult) -> host::Reasoning {
    host::Reasoning {
        text: value.text,
        signature: value.signature,
        redacted: value.redacted,
        extra: json(value.extra),
    }
}

pub(super) fn extension(value: wit::ExtensionResult) -> host::Extension {
    host::Extension {
        kind: value.kind,
        value: host::Json(value.value),
    }
}

pub(super) fn usage(usage: wit::Usage) -> host::Usage {
    host::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_tokens,
        cache_write_tokens: usage.cache_write_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        extra: usage.extra.map(extension),
    }
}

fn finish(reason: wit::FinishReason) -> host::FinishReason {
    match reason {
        wit::FinishReason::Stop => host::FinishReason::Stop,
        wit::FinishReason::Length => host::FinishReason::Length,
        wit::FinishReason::ToolCalls => host::FinishReason::ToolCalls,
        wit::FinishReason::ContentFilter => host::FinishReason::ContentFilter,
        wit::FinishReason::Refusal => host::FinishReason::Refusal,
        wit::FinishReason::Error => host::FinishReason::Error,
        wit::FinishReason::Other => host::FinishReason::Other,
    }
}
