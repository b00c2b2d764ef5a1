//! The border between host and provider, without a component: what `wharf-runtime` does on both sides of it.
//!
//! Every field is named, so that a new one does not compile until it crosses.

use wharf_provider_sdk as guest;

/// A request on its way to a provider.
pub(in crate::api) fn request(request: wharf::Request) -> guest::Request {
    let wharf::Request {
        model,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        output,
        thinking,
        dialect,
        options,
    } = request;
    guest::Request {
        model,
        messages: messages.into_iter().map(message).collect(),
        tools: tools.into_iter().map(tool).collect(),
        tool_choice: tool_choice.map(choice),
        parallel_tool_calls,
        max_output_tokens,
        temperature,
        top_p,
        stop,
        output: output.map(format),
        thinking: thinking.map(|thinking| guest::Thinking {
            effort: thinking.effort,
            budget_tokens: thinking.budget_tokens,
            extra: text_of(thinking.extra),
        }),
        dialect,
        options: options.into_iter().map(|(name, value)| (name, value.0)).collect(),
    }
}

/// Texts on their way to a provider.
pub(in crate::api) fn embed_request(request: wharf::EmbedRequest) -> guest::EmbedRequest {
    let wharf::EmbedRequest {
        model,
        input,
        dimensions,
        dialect,
        options,
    } = request;
    guest::EmbedRequest {
        model,
        input,
        dimensions,
        dialect,
        options: options.into_iter().map(|(name, value)| (name, value.0)).collect(),
    }
}

/// An answer on its way to the host.
pub(in crate::api) fn response(response: guest::Response) -> wharf::Response {
    let guest::Response {
        id,
        model,
        parts,
        finish,
        usage: counts,
        extra,
    } = response;
    wharf::Response {
        id,
        model,
        parts: parts.into_iter().map(part).collect(),
        finish: reason(finish),
        usage: usage(counts),
        extra: extra.map(extension),
    }
}

/// Vectors on their way to the host.
pub(in crate::api) fn embed_response(response: guest::EmbedResponse) -> wharf::EmbedResponse {
    let guest::EmbedResponse {
        model,
        vectors,
        usage: counts,
        extra,
    } = response;
    wharf::EmbedResponse {
        model,
        vectors,
        usage: usage(counts),
        extra: extra.map(extension),
    }
}

/// A count on its way to the host.
pub(in crate::api) fn token_count(count: guest::TokenCount) -> wharf::TokenCount {
    let guest::TokenCount { input_tokens, extra } = count;
    wharf::TokenCount {
        input_tokens,
        extra: extra.map(extension),
    }
}

/// A whole stream on its way to the host.
pub(in crate::api) fn events(mut stream: impl guest::EventStream) -> Vec<wharf::Event> {
    let mut events = Vec::new();
    loop {
        let batch = stream.next();
        let batch = batch.unwrap_or_else(|error| panic!("the stream must be understood: {error:?}"));
        if batch.is_empty() {
            return events;
        }
        events.extend(batch.into_iter().map(event));
    }
}

fn event(event: guest::Event) -> wharf::Event {
    match event {
        guest::Event::Start(start) => wharf::Event::Start(wharf::Start {
            id: start.id,
            model: start.model,
            extra: start.extra.map(extension),
        }),
        guest::Event::Text(text) => wharf::Event::Text(text),
        guest::Event::Reasoning(thought) => wharf::Event::Reasoning(reasoning(thought)),
        guest::Event::ToolCall(call) => wharf::Event::ToolCall(wharf::CallDelta {
            index: call.index,
            id: call.id,
            name: call.name,
            arguments: call.arguments,
            extra: json(call.extra),
        }),
        guest::Event::Refusal(text) => wharf::Event::Refusal(text),
        guest::Event::Part(whole) => wharf::Event::Part(part(whole)),
        guest::Event::Usage(counts) => wharf::Event::Usage(usage(counts)),
        guest::Event::Finish(finish) => wharf::Event::Finish(reason(finish)),
        guest::Event::Extension(rest) => wharf::Event::Extension(extension(rest)),
    }
}

fn part(part: guest::Part) -> wharf::Part {
    match part {
        guest::Part::Text(said) => wharf::Part::Text(text(said)),
        guest::Part::Media(shown) => wharf::Part::Media(media(shown)),
        guest::Part::ToolCall(call) => wharf::Part::ToolCall(wharf::ToolCall {
            id: call.id,
            name: call.name,
            arguments: wharf::Json(call.arguments),
            extra: json(call.extra),
        }),
        guest::Part::ToolResult(result) => wharf::Part::ToolResult(wharf::ToolResult {
            call_id: result.call_id,
            is_error: result.is_error,
            content: result.content.into_iter().map(tool_part).collect(),
            extra: json(result.extra),
        }),
        guest::Part::Reasoning(thought) => wharf::Part::Reasoning(reasoning(thought)),
        guest::Part::Refusal(text) => wharf::Part::Refusal(text),
        guest::Part::Extension(rest) => wharf::Part::Extension(extension(rest)),
    }
}

fn tool_part(part: guest::ToolPart) -> wharf::ToolPart {
    match part {
        guest::ToolPart::Text(said) => wharf::ToolPart::Text(text(said)),
        guest::ToolPart::Media(shown) => wharf::ToolPart::Media(media(shown)),
        guest::ToolPart::Extension(rest) => wharf::ToolPart::Extension(extension(rest)),
    }
}

fn text(text: guest::Text) -> wharf::Text {
    wharf::Text {
        text: text.text,
        extra: json(text.extra),
    }
}

fn media(media: guest::Media) -> wharf::Media {
    wharf::Media {
        mime_type: media.mime_type,
        data: match media.data {
            guest::MediaData::Url(url) => wharf::MediaData::Url(url),
            guest::MediaData::Inline(bytes) => wharf::MediaData::Inline(bytes),
        },
        name: media.name,
        extra: json(media.extra),
    }
}

fn reasoning(thought: guest::Reasoning) -> wharf::Reasoning {
    wharf::Reasoning {
        text: thought.text,
        signature: thought.signature,
        redacted: thought.redacted,
        extra: json(thought.extra),
    }
}

fn usage(usage: guest::Usage) -> wharf::Usage {
    wharf::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_tokens,
        cache_write_tokens: usage.cache_write_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        extra: usage.extra.map(extension),
    }
}

fn reason(finish: guest::FinishReason) -> wharf::FinishReason {
    match finish {
        guest::FinishReason::Stop => wharf::FinishReason::Stop,
        guest::FinishReason::Length => wharf::FinishReason::Length,
        guest::FinishReason::ToolCalls => wharf::FinishReason::ToolCalls,
        guest::FinishReason::ContentFilter => wharf::FinishReason::ContentFilter,
        guest::FinishReason::Refusal => wharf::FinishReason::Refusal,
        guest::FinishReason::Error => wharf::FinishReason::Error,
        guest::FinishReason::Other => wharf::FinishReason::Other,
    }
}

fn extension(rest: guest::Extension) -> wharf::Extension {
    wharf::Extension {
        kind: rest.kind,
        value: wharf::Json(rest.value),
    }
}

fn json(text: Option<String>) -> Option<wharf::Json> {
    text.map(wharf::Json)
}

// ---- from here on towards the provider --------------------------------------------------------------------------

fn text_of(json: Option<wharf::Json>) -> Option<String> {
    json.map(|json| json.0)
}

fn message(message: wharf::Message) -> guest::Message {
    let wharf::Message {
        role,
        name,
        parts,
        extra,
    } = message;
    guest::Message {
        role: match role {
            wharf::Role::System => guest::Role::System,
            wharf::Role::Developer => guest::Role::Developer,
            wharf::Role::User => guest::Role::User,
            wharf::Role::Assistant => guest::Role::Assistant,
            wharf::Role::Tool => guest::Role::Tool,
        },
        name,
        parts: parts.into_iter().map(part_of).collect(),
        extra: text_of(extra),
    }
}

fn part_of(part: wharf::Part) -> guest::Part {
    match part {
        wharf::Part::Text(said) => guest::Part::Text(said_of(said)),
        wharf::Part::Media(shown) => guest::Part::Media(media_of(shown)),
        wharf::Part::ToolCall(call) => guest::Part::ToolCall(guest::ToolCall {
            id: call.id,
            name: call.name,
            arguments: call.arguments.0,
            extra: text_of(call.extra),
        }),
        wharf::Part::ToolResult(result) => guest::Part::ToolResult(guest::ToolResult {
            call_id: result.call_id,
            is_error: result.is_error,
            content: result.content.into_iter().map(tool_part_of).collect(),
            extra: text_of(result.extra),
        }),
        wharf::Part::Reasoning(thought) => guest::Part::Reasoning(guest::Reasoning {
            text: thought.text,
            signature: thought.signature,
            redacted: thought.redacted,
            extra: text_of(thought.extra),
        }),
        wharf::Part::Refusal(text) => guest::Part::Refusal(text),
        wharf::Part::Extension(rest) => guest::Part::Extension(extension_of(rest)),
    }
}

fn tool_part_of(part: wharf::ToolPart) -> guest::ToolPart {
    match part {
        wharf::ToolPart::Text(said) => guest::ToolPart::Text(said_of(said)),
        wharf::ToolPart::Media(shown) => guest::ToolPart::Media(media_of(shown)),
        wharf::ToolPart::Extension(rest) => guest::ToolPart::Extension(extension_of(rest)),
    }
}

fn said_of(said: wharf::Text) -> guest::Text {
    guest::Text {
        text: said.text,
        extra: text_of(said.extra),
    }
}

fn media_of(shown: wharf::Media) -> guest::Media {
    guest::Media {
        mime_type: shown.mime_type,
        data: match shown.data {
            wharf::MediaData::Url(url) => guest::MediaData::Url(url),
            wharf::MediaData::Inline(bytes) => guest::MediaData::Inline(bytes),
        },
        name: shown.name,
        extra: text_of(shown.extra),
    }
}

fn extension_of(rest: wharf::Extension) -> guest::Extension {
    guest::Extension {
        kind: rest.kind,
        value: rest.value.0,
    }
}

fn tool(tool: wharf::Tool) -> guest::Tool {
    guest::Tool {
        name: tool.name,
        description: tool.description,
        parameters: text_of(tool.parameters),
        strict: tool.strict,
        extra: text_of(tool.extra),
    }
}

fn choice(choice: wharf::ToolChoice) -> guest::ToolChoice {
    match choice {
        wharf::ToolChoice::Auto => guest::ToolChoice::Auto,
        wharf::ToolChoice::None => guest::ToolChoice::None,
        wharf::ToolChoice::Required => guest::ToolChoice::Required,
        wharf::ToolChoice::Named(name) => guest::ToolChoice::Named(name),
        wharf::ToolChoice::Extension(rule) => guest::ToolChoice::Extension(extension_of(rule)),
    }
}

fn format(format: wharf::OutputFormat) -> guest::OutputFormat {
    match format {
        wharf::OutputFormat::Text => guest::OutputFormat::Text,
        wharf::OutputFormat::Json => guest::OutputFormat::Json,
        wharf::OutputFormat::JsonSchema(schema) => guest::OutputFormat::JsonSchema(guest::JsonSchema {
            name: schema.name,
            description: schema.description,
            schema: schema.schema.0,
            strict: schema.strict,
        }),
        wharf::OutputFormat::Extension(rest) => guest::OutputFormat::Extension(extension_of(rest)),
    }
}
