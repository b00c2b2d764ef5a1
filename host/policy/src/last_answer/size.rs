//! Roughly what an answer takes in memory.

use wharf_types::{
    CallDelta, Event, Extension, Json, Media, MediaData, Part, Reasoning, Response, Start, Text, ToolCall, ToolPart,
    ToolResult, Usage,
};

/// Roughly the bytes of a whole answer in memory.
pub(super) fn size_of_response(response: &Response) -> u64 {
    (size_of::<Response>() + response.owned()) as u64
}

/// Roughly the bytes of one event in memory.
fn size_of_event(event: &Event) -> u64 {
    (size_of::<Event>() + event.owned()) as u64
}

pub(super) fn size_of_events(events: &[Event]) -> u64 {
    events.iter().map(size_of_event).sum()
}

/// Bytes that a value owns outside of itself. Lengths count, not capacities: a clone has nothing to spare.
trait Owned {
    fn owned(&self) -> usize;
}

impl Owned for String {
    fn owned(&self) -> usize {
        self.len()
    }
}

impl Owned for Json {
    fn owned(&self) -> usize {
        self.0.len()
    }
}

impl<T: Owned> Owned for Option<T> {
    fn owned(&self) -> usize {
        self.as_ref().map_or(0, T::owned)
    }
}

impl<T: Owned> Owned for Vec<T> {
    fn owned(&self) -> usize {
        size_of_val(self.as_slice()) + self.iter().map(T::owned).sum::<usize>()
    }
}

/// Sums up fields. Every field is named, counted ones before the semicolon, so that a new one does not compile until
/// somebody has decided.
macro_rules! owned {
    ($($type:ident { $($counted:ident),* ; $($flat:ident),* })*) => {
        $(impl Owned for $type {
            fn owned(&self) -> usize {
                let Self { $($counted,)* $($flat: _,)* } = self;
                [$($counted.owned()),*].iter().sum()
            }
        })*
    };
}

owned! {
    Extension { kind, value; }
    Text { text, extra; }
    Media { mime_type, data, name, extra; }
    ToolCall { id, name, arguments, extra; }
    ToolResult { call_id, content, extra; is_error }
    Reasoning { text, signature, redacted, extra; }
    Usage { extra; input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens }
    Response { id, model, parts, usage, extra; finish }
    Start { id, model, extra; }
    CallDelta { id, name, arguments, extra; index }
}

impl Owned for MediaData {
    fn owned(&self) -> usize {
        match self {
            Self::Url(url) => url.len(),
            Self::Inline(bytes) => bytes.len(),
        }
    }
}

/// The same for enums of which each variant holds one value. The matches are exhaustive.
macro_rules! owned_by_variant {
    ($($type:ident { $($variant:ident),* })*) => {
        $(impl Owned for $type {
            fn owned(&self) -> usize {
                match self { $(Self::$variant(value) => value.owned(),)* }
            }
        })*
    };
}

owned_by_variant! {
    ToolPart { Text, Media, Extension }
    Part { Text, Media, ToolCall, ToolResult, Reasoning, Refusal, Extension }
}

impl Owned for Event {
    fn owned(&self) -> usize {
        match self {
            Self::Start(start) => start.owned(),
            Self::Text(text) | Self::Refusal(text) => text.owned(),
            Self::Reasoning(reasoning) => reasoning.owned(),
            Self::ToolCall(call) => call.owned(),
            Self::Part(part) => part.owned(),
            Self::Usage(usage) => usage.owned(),
            Self::Finish(_) => 0,
            Self::Extension(extension) => extension.owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf_types::FinishReason;

    use super::*;

    #[test]
    fn every_byte_of_an_answer_counts() {
        let extension = Extension {
            kind: "abc".to_owned(),
            value: Json("{}".to_owned()),
        };
        let media = Media {
            mime_type: "a/b".to_owned(),
            data: MediaData::Inline(vec![0; 100]),
            name: Some("name".to_owned()),
            extra: None,
        };
        let result = ToolResult {
            call_id: "id".to_owned(),
            is_error: false,
            content: vec![ToolPart::Media(media.clone())],
            extra: Some(Json("{}".to_owned())),
        };
        assert_eq!(extension.owned(), 5);
        assert_eq!(media.owned(), 107);
        assert_eq!(result.owned(), 2 + size_of::<ToolPart>() + 107 + 2);
        let mut answer = Response {
            id: None,
            model: None,
            parts: vec![Part::text("hello")],
            finish: FinishReason::Stop,
            usage: Usage::default(),
            extra: None,
        };
        answer.extra = Some(extension);
        answer.parts.push(Part::ToolResult(result.clone()));
        let parts = 2 * size_of::<Part>() + 5 + result.owned();
        assert_eq!(answer.owned(), parts + 5);
        let delta = CallDelta {
            index: 0,
            id: Some("id".to_owned()),
            name: None,
            arguments: "{\"a\"".to_owned(),
            extra: None,
        };
        let event = size_of::<Event>() as u64;
        assert_eq!(size_of_event(&Event::ToolCall(delta)), event + 6);
        assert_eq!(size_of_event(&Event::Part(Part::Media(media))), event + 107);
        assert_eq!(size_of_event(&Event::Finish(FinishReason::Stop)), event);
    }
}
