//! A streamed answer of a vendor of this dialect: its own events, as they came.
//!
//! Each comes as an extension. One that ends in `.delta` may lack its `delta`: then the host's next event has it, since
//! that is all of it that the host looks at. The other events of the host say what the vendor's say already.

use serde::Deserialize;
use wharf::{Error, Event, Extension, Json};

use super::DIALECT;
use super::writer::failure;
use crate::api::leftover::{self, push_string};

/// Writes one stream.
#[derive(Default)]
pub(super) struct Relay {
    /// An event whose `delta` is still to come, without its last brace. If something else comes, it has none.
    waiting: Option<String>,
    /// The number of the next event.
    next: u64,
}

/// What is looked at in an event.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
    #[serde(default)]
    sequence_number: serde_json::Value,
    delta: Option<&'a serde_json::value::RawValue>,
}

/// What a vendor of this dialect says in an event.
pub(super) fn own(event: &Event) -> Option<&Json> {
    let extension: Option<&Extension> = match event {
        Event::Start(start) => start.extra.as_ref(),
        Event::Extension(extension) => Some(extension),
        Event::Text(_)
        | Event::Reasoning(_)
        | Event::ToolCall(_)
        | Event::Refusal(_)
        | Event::Part(_)
        | Event::Usage(_)
        | Event::Finish(_) => None,
    };
    leftover::in_dialect(extension, DIALECT)
}

impl Relay {
    /// Writes an event, or what was missing of the one before.
    pub(super) fn event(&mut self, event: &Event, out: &mut String) {
        if let Some(own) = own(event) {
            self.relay(&own.0, out);
            return;
        }
        let delta = match event {
            Event::Text(text) | Event::Refusal(text) => text,
            Event::Reasoning(reasoning) => reasoning.text.as_deref().unwrap_or_default(),
            Event::ToolCall(call) => &call.arguments,
            Event::Start(_) | Event::Part(_) | Event::Usage(_) | Event::Finish(_) | Event::Extension(_) => return,
        };
        if let Some(waiting) = self.waiting.take() {
            out.push_str(&waiting);
            out.push_str(",\"delta\":");
            push_string(delta, out);
            out.push_str("}\n\n");
        }
    }

    /// A provider that sends nonsense loses it, nothing else.
    fn relay(&mut self, event: &str, out: &mut String) {
        self.flush(out);
        let Ok(seen) = serde_json::from_str::<Seen<'_>>(event) else {
            return;
        };
        self.next = seen.sequence_number.as_u64().unwrap_or(self.next).saturating_add(1);
        let mut text = format!("event: {}\ndata: ", seen.kind);
        let one_line = |c| if matches!(c, '\n' | '\r') { ' ' } else { c };
        text.extend(event.trim_end().chars().map(one_line));
        if seen.kind.ends_with(".delta") && seen.delta.is_none() {
            // It is an object, so this is its last brace.
            text.pop();
            self.waiting = Some(text);
        } else {
            out.push_str(&text);
            out.push_str("\n\n");
        }
    }

    /// Writes an event that has no `delta` after all.
    pub(super) fn flush(&mut self, out: &mut String) {
        if let Some(waiting) = self.waiting.take() {
            out.push_str(&waiting);
            out.push_str("}\n\n");
        }
    }

    /// The error that ends a stream.
    pub(super) fn failure(&mut self, error: &Error) -> String {
        let mut out = String::new();
        self.flush(&mut out);
        out + &failure(error, Some(self.next))
    }
}

#[cfg(test)]
mod tests {
    use wharf::{ErrorKind, FinishReason, Start};

    use super::*;

    fn extension(value: &str) -> Extension {
        Extension {
            kind: DIALECT.to_owned(),
            value: Json(value.to_owned()),
        }
    }

    fn told(events: &[Event]) -> (Relay, String) {
        let (mut relay, mut out) = (Relay::default(), String::new());
        for event in events {
            relay.event(event, &mut out);
        }
        (relay, out)
    }

    #[test]
    fn the_vendors_events_are_as_they_came() {
        let created = "{\"type\":\"response.created\",\n\"sequence_number\":0,\"response\":{\"x\":1.10}}";
        let delta = r#"{"type":"response.output_text.delta","sequence_number":4,"obfuscation":"abc"}"#;
        let (_, out) = told(&[
            Event::Start(Start {
                extra: Some(extension(created)),
                ..Start::default()
            }),
            Event::Extension(extension(r#"{"type":"response.in_progress","sequence_number":1}"#)),
            Event::Extension(extension(delta)),
            Event::Text("a\"b\n".to_owned()),
            Event::Finish(FinishReason::Stop),
        ]);
        assert_eq!(
            out,
            "event: response.created\ndata: {\"type\":\"response.created\", \"sequence_number\":0,\"response\":{\"x\":1.10}}\n\n\
             event: response.in_progress\ndata: {\"type\":\"response.in_progress\",\"sequence_number\":1}\n\n\
             event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\
             \"obfuscation\":\"abc\",\"delta\":\"a\\\"b\\n\"}\n\n"
        );
    }

    #[test]
    fn a_delta_that_nobody_mapped_is_not_waited_for() {
        let audio = r#"{"type":"response.audio.delta","delta":"AA=="}"#;
        let (_, out) = told(&[Event::Extension(extension(audio)), Event::Text("b".to_owned())]);
        assert_eq!(out, format!("event: response.audio.delta\ndata: {audio}\n\n"));
    }

    #[test]
    fn an_event_without_a_delta_is_neither_lost_nor_late() {
        let (bare, null) = (
            r#"{"type":"response.x.delta","sequence_number":"3"}"#,
            r#"{"type":"response.x.delta","sequence_number":4.0,"delta":null}"#,
        );
        let added = r#"{"type":"response.output_item.added"}"#;
        let (_, out) = told(&[bare, null, bare, added].map(|event| Event::Extension(extension(event))));
        let expected: String = [bare, null, bare]
            .iter()
            .map(|event| format!("event: response.x.delta\ndata: {event}\n\n"))
            .collect();
        assert_eq!(
            out,
            format!("{expected}event: response.output_item.added\ndata: {added}\n\n")
        );
        let (mut relay, mut out) = told(&[Event::Extension(extension(bare))]);
        out += &relay.failure(&Error::new(ErrorKind::Overloaded, "busy"));
        let told = format!("event: response.x.delta\ndata: {bare}\n\nevent: error\n");
        assert!(out.starts_with(&told), "{out}");
    }

    #[test]
    fn an_error_has_the_number_after_the_last() {
        let (mut relay, _) = told(&[Event::Extension(extension(
            r#"{"type":"response.created","sequence_number":6}"#,
        ))]);
        let error = relay.failure(&Error::new(ErrorKind::Overloaded, "busy"));
        assert!(error.contains("\"sequence_number\":7"), "{error}");
    }

    #[test]
    fn nonsense_is_left_out() {
        for nonsense in ["[]", "{}", r#"{"type":"a\nb"}"#, "no", r#"{"type":7}"#] {
            assert_eq!(told(&[Event::Extension(extension(nonsense))]).1, "", "{nonsense}");
        }
    }
}
