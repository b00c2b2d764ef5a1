//! How much memory an event takes that has to wait, roughly.

use wharf::{CallDelta, Event, Extension, Json, Media, MediaData, Part, Reasoning, ToolPart};

/// Of a piece of a call, in bytes.
pub(super) fn of_call(call: &CallDelta) -> usize {
    size_of::<CallDelta>()
        + text(call.id.as_ref())
        + text(call.name.as_ref())
        + call.arguments.len()
        + json(call.extra.as_ref())
}

/// Of any event, in bytes.
pub(super) fn of_event(event: &Event) -> usize {
    let inside = match event {
        Event::Text(text) | Event::Refusal(text) => text.len(),
        Event::Reasoning(thought) => reasoning(thought),
        Event::Part(part) => of_part(part),
        Event::Extension(own) => extension(own),
        Event::ToolCall(call) => of_call(call),
        // These do not wait.
        Event::Start(_) | Event::Usage(_) | Event::Finish(_) => 0,
    };
    size_of::<Event>() + inside
}

fn of_part(part: &Part) -> usize {
    match part {
        Part::Text(said) => said.text.len() + json(said.extra.as_ref()),
        Part::Refusal(text) => text.len(),
        Part::Reasoning(thought) => reasoning(thought),
        Part::Media(medium) => media(medium),
        Part::Extension(own) => extension(own),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.0.len() + json(call.extra.as_ref()),
        Part::ToolResult(result) => {
            let content = result.content.iter().map(|part| match part {
                ToolPart::Text(said) => said.text.len() + json(said.extra.as_ref()),
                ToolPart::Media(medium) => media(medium),
                ToolPart::Extension(own) => extension(own),
            });
            result.call_id.len() + content.sum::<usize>() + json(result.extra.as_ref())
        }
    }
}

fn reasoning(thought: &Reasoning) -> usize {
    let texts = [&thought.text, &thought.signature, &thought.redacted];
    texts.into_iter().map(|part| text(part.as_ref())).sum::<usize>() + json(thought.extra.as_ref())
}

fn media(medium: &Media) -> usize {
    let data = match &medium.data {
        MediaData::Url(url) => url.len(),
        MediaData::Inline(bytes) => bytes.len(),
    };
    medium.mime_type.len() + data + text(medium.name.as_ref()) + json(medium.extra.as_ref())
}

fn extension(own: &Extension) -> usize {
    own.kind.len() + own.value.0.len()
}

fn text(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

fn json(extra: Option<&Json>) -> usize {
    extra.map_or(0, |extra| extra.0.len())
}
