//! The items of a streamed answer while they are being said.
//!
//! The host's events do not say where an item begins and ends; this does. A message or a thought goes on while the
//! same is being said, and ends with the first event that says something else. Calls stay open until the model stops,
//! since a vendor may add to one after it began another. What an item has become is told when it ends, and once more
//! in the stream's last event.

use serde_json::value::RawValue;
use wharf::{Json, Reasoning};

use super::item::{Call, Item, Kind, Said, Status, Summary, Thought, json_of, thoughts};
use super::writer::{Field, Writer};
use crate::api::leftover::Leftover;
use crate::api::seal;

/// The items so far.
#[derive(Default)]
pub(super) struct Output {
    /// What makes the items' identifiers differ from those of other responses.
    pub(super) suffix: String,
    pub(super) writer: Writer,
    slots: Vec<Slot>,
    /// The message or thought that goes on.
    open: Option<Open>,
}

/// An item, and what it was when it ended.
struct Slot {
    item: Item,
    done: Option<Box<RawValue>>,
}

#[derive(Clone, Copy)]
struct Open {
    index: usize,
    /// Whether a content part or a summary of it goes on too.
    part: bool,
}

impl Output {
    /// Begins an item; returns its place.
    fn begin(&mut self, kind: Kind, extra: Option<&Json>, out: &mut String) -> usize {
        self.close(out);
        let index = self.slots.len();
        let item = Item::new(kind, index, &self.suffix, extra, false);
        let shown = item.json(Status::InProgress);
        self.slots.push(Slot { item, done: None });
        let fields = [("output_index", Field::Index(index)), ("item", Field::Json(&shown))];
        self.writer.event("response.output_item.added", &fields, out);
        index
    }

    /// Begins a message or a thought, which goes on.
    fn begin_open(&mut self, kind: Kind, extra: Option<&Json>, out: &mut String) -> usize {
        let index = self.begin(kind, extra, out);
        self.open = Some(Open { index, part: false });
        index
    }

    /// What goes on.
    fn going_on(&self) -> Option<(Open, &Kind)> {
        self.open.map(|open| (open, &self.slots[open.index].item.kind))
    }

    /// Adds a piece of a text.
    pub(super) fn text(&mut self, piece: &str, out: &mut String) {
        let new = Said::Text {
            text: String::new(),
            rest: Leftover::default(),
        };
        self.say(piece, new, out);
    }

    /// Adds a piece of a refusal.
    pub(super) fn refusal(&mut self, piece: &str, out: &mut String) {
        self.say(piece, Said::Refusal(String::new()), out);
    }

    /// Adds to the content part that goes on, or begins the new one.
    fn say(&mut self, piece: &str, new: Said, out: &mut String) {
        if piece.is_empty() {
            return;
        }
        let (index, goes_on) = match self.going_on() {
            Some((open, Kind::Message(content))) => {
                let same = content.last().is_some_and(|last| last.is_like(&new));
                (open.index, open.part && same)
            }
            _ => (self.begin_open(Kind::Message(Vec::new()), None, out), false),
        };
        if !goes_on {
            self.end_part(out);
        }
        let item = &mut self.slots[index].item;
        let Kind::Message(content) = &mut item.kind else {
            return;
        };
        if !goes_on {
            let [id, output, at] = part_fields(&item.id, index, "content_index", content.len());
            let shown = json_of(&new);
            let fields = [id, output, at, ("part", Field::Json(&shown))];
            self.writer.event("response.content_part.added", &fields, out);
            content.push(new);
            self.open = Some(Open { index, part: true });
        }
        let at = content.len().saturating_sub(1);
        let [id, output, at] = part_fields(&item.id, index, "content_index", at);
        let delta = ("delta", Field::Text(piece));
        match content.last_mut() {
            Some(Said::Text { text, .. }) => {
                text.push_str(piece);
                let fields = [id, output, at, delta, ("logprobs", Field::Nothing)];
                self.writer.event("response.output_text.delta", &fields, out);
            }
            Some(Said::Refusal(text)) => {
                text.push_str(piece);
                let fields = [id, output, at, delta];
                self.writer.event("response.refusal.delta", &fields, out);
            }
            None => {}
        }
    }

    /// Adds to what is being thought, or begins a thought.
    pub(super) fn think(&mut self, reasoning: &Reasoning, out: &mut String) {
        let mut extra = reasoning.extra.as_ref();
        for thought in thoughts(reasoning) {
            // The vendor's fields are those of one item.
            self.add_thought(&thought, extra.take(), out);
        }
    }

    fn add_thought(&mut self, thought: &Thought, extra: Option<&Json>, out: &mut String) {
        let index = match self.going_on() {
            Some((open, Kind::Reasoning(_))) => open.index,
            _ => self.begin_open(Kind::Reasoning(Thought::default()), extra, out),
        };
        let item = &mut self.slots[index].item;
        let Kind::Reasoning(so_far) = &mut item.kind else {
            return;
        };
        if let Some(piece) = &thought.text {
            let [id, output, at] = part_fields(&item.id, index, "summary_index", 0);
            if so_far.text.is_none() {
                let shown = json_of(&Summary(""));
                let fields = [id, output, at, ("part", Field::Json(&shown))];
                self.writer.event("response.reasoning_summary_part.added", &fields, out);
                self.open = Some(Open { index, part: true });
            }
            so_far.text.get_or_insert_default().push_str(piece);
            let fields = [id, output, at, ("delta", Field::Text(piece))];
            self.writer.event("response.reasoning_summary_text.delta", &fields, out);
        }
        if thought.sealed.is_some() {
            so_far.sealed.clone_from(&thought.sealed);
            // A sealed thought is complete; the next is another one.
            self.close(out);
        }
    }

    /// Begins a call; returns its place.
    pub(super) fn call(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        extra: Option<&Json>,
        out: &mut String,
    ) -> usize {
        // Without an identifier it could not be answered.
        let own = format!("call_{}_{}", self.suffix, self.slots.len());
        let call = Call {
            id: id.map_or(own, str::to_owned),
            name: name.unwrap_or_default().to_owned(),
            arguments: String::new(),
        };
        self.begin(Kind::Call(call), extra, out)
    }

    /// Adds vendor fields of a later piece of a call.
    pub(super) fn add_fields(&mut self, index: usize, extra: Option<&Json>) {
        let more = seal::fields(extra, false);
        self.slots[index].item.rest.extend(more);
    }

    /// Adds to the arguments of a call.
    pub(super) fn arguments(&mut self, index: usize, piece: &str, out: &mut String) {
        let Slot { item, done } = &mut self.slots[index];
        // After its end nothing can be added.
        if piece.is_empty() || done.is_some() {
            return;
        }
        if let Kind::Call(call) = &mut item.kind {
            call.arguments.push_str(piece);
            let [id, output] = item_fields(&item.id, index);
            let fields = [id, output, ("delta", Field::Text(piece))];
            self.writer
                .event("response.function_call_arguments.delta", &fields, out);
        }
    }

    /// Ends the content part or the summary that goes on.
    pub(super) fn end_part(&mut self, out: &mut String) {
        let Some(Open { index, part: true }) = self.open else {
            return;
        };
        self.open = Some(Open { index, part: false });
        let item = &self.slots[index].item;
        match &item.kind {
            Kind::Message(content) => {
                let Some(said) = content.last() else {
                    return;
                };
                let [id, output, at] = part_fields(&item.id, index, "content_index", content.len() - 1);
                match said {
                    Said::Text { text, .. } => {
                        let text = ("text", Field::Text(text));
                        let fields = [id, output, at, text, ("logprobs", Field::Nothing)];
                        self.writer.event("response.output_text.done", &fields, out);
                    }
                    Said::Refusal(text) => {
                        let fields = [id, output, at, ("refusal", Field::Text(text))];
                        self.writer.event("response.refusal.done", &fields, out);
                    }
                }
                let shown = json_of(said);
                let fields = [id, output, at, ("part", Field::Json(&shown))];
                self.writer.event("response.content_part.done", &fields, out);
            }
            Kind::Reasoning(thought) => {
                let text = thought.text.as_deref().unwrap_or_default();
                let [id, output, at] = part_fields(&item.id, index, "summary_index", 0);
                let fields = [id, output, at, ("text", Field::Text(text))];
                self.writer.event("response.reasoning_summary_text.done", &fields, out);
                let shown = json_of(&Summary(text));
                let fields = [id, output, at, ("part", Field::Json(&shown))];
                self.writer.event("response.reasoning_summary_part.done", &fields, out);
            }
            // These have no parts.
            Kind::Call(_) | Kind::Own(_) => {}
        }
    }

    /// Ends the message or thought that goes on.
    pub(super) fn close(&mut self, out: &mut String) {
        if let Some(open) = self.open {
            self.complete(open.index, out);
        }
    }

    /// Ends all items. Where the answer was cut off, it was in the last one.
    pub(super) fn close_all(&mut self, last: Status, out: &mut String) {
        let count = self.slots.len();
        for index in 0..count {
            let status = if index + 1 == count { last } else { Status::Completed };
            self.done(index, status, out);
        }
    }

    /// Ends an item that nothing is missing from.
    pub(super) fn complete(&mut self, index: usize, out: &mut String) {
        self.done(index, Status::Completed, out);
    }

    /// Ends an item, once.
    fn done(&mut self, index: usize, status: Status, out: &mut String) {
        if self.slots[index].done.is_some() {
            return;
        }
        if self.open.is_some_and(|open| open.index == index) {
            self.end_part(out);
            self.open = None;
        }
        let Slot { item, done } = &mut self.slots[index];
        if let Kind::Call(call) = &item.kind {
            let [id, output] = item_fields(&item.id, index);
            let name = ("name", Field::Text(&call.name));
            let fields = [id, output, name, ("arguments", Field::Text(&call.arguments))];
            self.writer.event("response.function_call_arguments.done", &fields, out);
        }
        let shown = item.json(status);
        let fields = [("output_index", Field::Index(index)), ("item", Field::Json(&shown))];
        self.writer.event("response.output_item.done", &fields, out);
        *done = Some(shown);
    }

    /// What the items have become.
    pub(super) fn take(&mut self) -> Vec<Box<RawValue>> {
        let slots = std::mem::take(&mut self.slots);
        slots.into_iter().filter_map(|slot| slot.done).collect()
    }
}

/// Which item an event is about.
fn item_fields(id: &str, index: usize) -> [(&'static str, Field<'_>); 2] {
    [("item_id", Field::Text(id)), ("output_index", Field::Index(index))]
}

/// Which part of it.
fn part_fields<'a>(id: &'a str, index: usize, name: &'static str, at: usize) -> [(&'static str, Field<'a>); 3] {
    let [id, output] = item_fields(id, index);
    [id, output, (name, Field::Index(at))]
}
