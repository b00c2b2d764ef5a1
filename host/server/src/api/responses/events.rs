//! A streamed answer of a vendor of another dialect as this API's events: what each event of the host adds to the
//! response.
//!
//! Nothing is held back but the end, until all tokens are counted.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use wharf::{CallDelta, Error, Event, FinishReason, Part, Usage};

use super::item::json_of;
use super::object::{Ending, Head, Object};
use super::output::Output;
use super::usage;
use super::writer::{Field, failure};
use crate::api::another_call::is_another_call;
use crate::api::leftover::Leftover;

/// Writes one stream.
pub(super) struct Events {
    head: Head,
    echo: Leftover,
    started: bool,
    output: Output,
    /// The item of each tool call with the call's identifier, by the call's index.
    calls: BTreeMap<u32, (usize, Option<String>)>,
    usage: Usage,
    finish: Option<FinishReason>,
    refused: bool,
}

impl Events {
    pub(super) fn new(head: Head, echo: Leftover) -> Self {
        Self {
            head,
            echo,
            started: false,
            output: Output::default(),
            calls: BTreeMap::new(),
            usage: Usage::default(),
            finish: None,
            refused: false,
        }
    }

    /// Writes an event's events, none for some.
    pub(super) fn event(&mut self, event: &Event, out: &mut String) {
        if event.is_content() {
            self.start(out);
        }
        match event {
            Event::Start(start) => {
                if !self.started {
                    self.head.told(start.id.as_deref(), start.model.as_deref());
                }
                self.start(out);
            }
            Event::Text(text) => self.output.text(text, out),
            Event::Reasoning(reasoning) => self.output.think(reasoning, out),
            Event::ToolCall(call) => self.call(call, out),
            Event::Refusal(text) => self.refusal(text, out),
            Event::Part(part) => self.part(part, out),
            Event::Usage(usage) => self.usage = usage.clone(),
            Event::Finish(reason) => {
                self.finish = Some(*reason);
                self.output.close_all(self.ending().last_item(), out);
            }
            // In the words of another API.
            Event::Extension(_) => {}
        }
    }

    /// Writes the regular end.
    pub(super) fn end(&mut self, out: &mut String) {
        self.start(out);
        let ending = self.ending();
        self.output.close_all(ending.last_item(), out);
        let items = self.output.take();
        self.response(ending.event(), Some(ending), &items, out);
    }

    /// What ends the stream when an error does.
    pub(super) fn failure(&mut self, error: &Error) -> String {
        failure(error, Some(self.output.writer.number()))
    }

    fn ending(&self) -> Ending {
        Ending::of(self.finish, self.refused)
    }

    fn start(&mut self, out: &mut String) {
        if !self.started {
            self.started = true;
            self.head.suffix().clone_into(&mut self.output.suffix);
            self.response("response.created", None, &[], out);
            self.response("response.in_progress", None, &[], out);
        }
    }

    /// An event that tells the response as a whole.
    fn response(&mut self, kind: &str, ending: Option<Ending>, items: &[Box<RawValue>], out: &mut String) {
        let object = json_of(&Object {
            head: &self.head,
            ending,
            output: items,
            usage: ending.and_then(|_| usage::render(&self.usage)),
            echo: &self.echo,
            rest: &Leftover::default(),
        });
        let fields = [("response", Field::Json(&object))];
        self.output.writer.event(kind, &fields, out);
    }

    fn refusal(&mut self, text: &str, out: &mut String) {
        self.refused = true;
        self.output.refusal(text, out);
    }

    fn call(&mut self, call: &CallDelta, out: &mut String) {
        let known = self.calls.get(&call.index);
        let item = match known.filter(|(_, id)| !is_another_call(id.as_ref(), call)) {
            Some((item, _)) => {
                let item = *item;
                self.output.add_fields(item, call.extra.as_ref());
                item
            }
            None => {
                let (id, name) = (call.id.as_deref(), call.name.as_deref());
                let item = self.output.call(id, name, call.extra.as_ref(), out);
                self.calls.insert(call.index, (item, call.id.clone()));
                item
            }
        };
        self.output.arguments(item, &call.arguments, out);
    }

    /// A part that arrives whole ends at once.
    fn part(&mut self, part: &Part, out: &mut String) {
        match part {
            Part::Text(text) => {
                self.output.end_part(out);
                self.output.text(&text.text, out);
                self.output.end_part(out);
            }
            Part::Refusal(text) => {
                self.output.end_part(out);
                self.refusal(text, out);
                self.output.end_part(out);
            }
            Part::Reasoning(reasoning) => {
                self.output.close(out);
                self.output.think(reasoning, out);
                self.output.close(out);
            }
            Part::ToolCall(call) => {
                let (id, name) = (Some(call.id.as_str()), Some(call.name.as_str()));
                let item = self.output.call(id, name, call.extra.as_ref(), out);
                self.output.arguments(item, &call.arguments.0, out);
                self.output.complete(item, out);
            }
            // An answer has no place for these.
            Part::Media(_) | Part::ToolResult(_) | Part::Extension(_) => {}
        }
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
