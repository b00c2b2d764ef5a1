//! A streamed answer as Anthropic's events.
//!
//! The host's events do not say where a block begins and ends; this does. A block goes on while the same thing is
//! being said, and ends with the first event that says something else. Nothing is held back but the head, until there
//! is something to say, the end, until all tokens are counted, and what comes in the middle of a tool call.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use wharf::{CallDelta, Error, ErrorKind, Event, Extension, FinishReason, Part, Reasoning, Start, Usage};

use super::answer::{Form, Identity, MESSAGE, call_fields, redacted_fields, stop_reason};
use super::block_events::{BlockEvents, Kind, Left, Piece, begin, finish};
use super::calls::{Calls, Turn, Waiting};
use super::residual::Rest;
use super::{DIALECT, usage};
use crate::api::leftover::{self, Leftover, append, push_field, push_raw, push_string};
use crate::api::seal;

/// Writes one stream.
#[derive(Debug)]
pub(super) struct Events {
    id: String,
    model: String,
    started: bool,
    /// Whether the provider said who answers.
    introduced: bool,
    form: Form,
    blocks: BlockEvents,
    calls: Calls,
    rest: Leftovers,
    usage: Usage,
    finish: Option<FinishReason>,
    refused: bool,
}

/// What is left of the vendor's events around the blocks, until those are written.
#[derive(Debug, Default)]
struct Leftovers {
    message: Left,
    end: Left,
    stop: Leftover,
}

impl Events {
    pub(super) fn new(own: &Identity<'_>) -> Self {
        Self {
            id: own.id.to_owned(),
            model: own.model.to_owned(),
            started: false,
            introduced: false,
            form: Form::default(),
            blocks: BlockEvents::default(),
            calls: Calls::default(),
            rest: Leftovers::default(),
            usage: Usage::default(),
            finish: None,
            refused: false,
        }
    }

    /// Writes an event's events, none for some.
    ///
    /// # Errors
    /// `UpstreamProtocol` when the provider adds to a call that it was done with: the client has its end already; and
    /// when it says too much beside a call that it does not complete.
    pub(super) fn event(&mut self, event: &Event, out: &mut String) -> Result<(), Error> {
        match event {
            Event::Start(start) => self.head(start),
            Event::ToolCall(call) => return self.call(call, out),
            Event::Text(_) | Event::Reasoning(_) | Event::Refusal(_) | Event::Part(_) => {
                if self.calls.busy(self.blocks.open()) {
                    self.calls.wait_with(event.clone())?;
                } else {
                    self.content(event, out);
                }
            }
            Event::Usage(usage) => {
                self.form.ours |= usage.extra.as_ref().is_some_and(|extra| extra.kind == DIALECT);
                self.usage = usage.clone();
            }
            Event::Finish(reason) => {
                self.start(out);
                self.close(out);
                self.finish = Some(*reason);
            }
            Event::Extension(extension) => self.extension(extension, out),
        }
        Ok(())
    }

    /// Writes the regular end.
    pub(super) fn end(&mut self, out: &mut String) {
        self.start(out);
        self.close(out);
        let Leftovers { end, stop, .. } = std::mem::take(&mut self.rest);
        begin("message_delta", out);
        let reason = stop_reason(self.finish, self.refused, &end.inner);
        // Writing into a string cannot fail, here and below.
        let _ = write!(out, ",\"delta\":{{\"stop_reason\":{reason}");
        if !end.inner.contains_key("stop_sequence") {
            out.push_str(",\"stop_sequence\":null");
        }
        append(&end.inner, &["stop_reason"], out);
        let _ = write!(out, "}},\"usage\":{}", usage::render(&self.usage));
        append(&end.beside, &["type", "delta", "usage"], out);
        finish(out);
        begin("message_stop", out);
        append(&stop, &["type"], out);
        finish(out);
    }

    fn head(&mut self, start: &Start) {
        self.introduced = true;
        if let Some(id) = &start.id {
            self.id.clone_from(id);
        }
        if let Some(model) = &start.model {
            self.model.clone_from(model);
        }
        if let Some(extra) = start.extra.as_ref().filter(|extra| extra.kind == DIALECT) {
            self.form.ours = true;
            let left = match Rest::of(&extra.value) {
                Some(Rest::Message(left)) => left,
                // A message with a type of its own, as it seems.
                _ => Left::of(leftover::of(Some(&extra.value))),
            };
            self.rest.message.extend(left);
        }
    }

    /// The head, with what is known by the time there is something to say.
    fn start(&mut self, out: &mut String) {
        if self.started {
            return;
        }
        self.started = true;
        begin("message_start", out);
        out.push_str(",\"message\":{\"id\":");
        push_string(&self.id, out);
        out.push_str(",\"type\":\"message\",\"role\":\"assistant\"");
        push_field("model", &self.model, out);
        out.push_str(",\"content\":[],\"stop_reason\":null");
        let left = std::mem::take(&mut self.rest.message);
        if !left.inner.contains_key("stop_sequence") {
            out.push_str(",\"stop_sequence\":null");
        }
        append(&left.inner, &MESSAGE, out);
        let _ = write!(out, ",\"usage\":{}}}", usage::render(&self.usage));
        append(&left.beside, &["type", "message"], out);
        finish(out);
    }

    /// Tells all that waits, and closes the block that is open.
    fn close(&mut self, out: &mut String) {
        self.blocks.close(out);
        while let Some(next) = self.calls.take_next() {
            self.waited(next, out);
            if self.calls.busy(self.blocks.open()) {
                self.blocks.close(out);
            }
        }
        self.blocks.close(out);
    }

    fn content(&mut self, event: &Event, out: &mut String) {
        match event {
            Event::Text(text) => self.text(text, out),
            Event::Refusal(text) => self.refusal(text, out),
            Event::Reasoning(reasoning) => self.reasoning(reasoning, out),
            Event::Part(part) => self.part(part, out),
            // Said elsewhere.
            Event::Start(_) | Event::ToolCall(_) | Event::Usage(_) | Event::Finish(_) | Event::Extension(_) => {}
        }
    }

    fn text(&mut self, text: &str, out: &mut String) {
        if !text.is_empty() {
            self.start(out);
            self.blocks.say(Piece::Text, text, out);
        }
    }

    /// What Anthropic's models say when they refuse is text.
    fn refusal(&mut self, text: &str, out: &mut String) {
        self.refused |= !text.is_empty();
        self.text(text, out);
    }

    /// Visible thoughts, and hidden ones, which are a block of their own.
    fn reasoning(&mut self, reasoning: &Reasoning, out: &mut String) {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (text, sealed) = (some(&reasoning.text), some(&reasoning.signature));
        let sealed = sealed.map(|sealed| seal::shown(&sealed, DIALECT).to_owned());
        let mut left = Left::of(self.form.extra(reasoning.extra.as_ref()));
        if reasoning.redacted.is_none() || text.is_some() || sealed.is_some() {
            let piece = if text.is_none() && sealed.is_some() {
                Piece::Signature
            } else {
                Piece::Thinking
            };
            if !left.inner.is_empty() {
                self.start(out);
                self.blocks.left_of_piece(Some(piece), std::mem::take(&mut left), out);
            }
        }
        for (piece, said) in [(Piece::Thinking, text), (Piece::Signature, sealed)] {
            if let Some(said) = said {
                self.start(out);
                self.blocks.say(piece, &said, out);
            }
        }
        if let Some(data) = &reasoning.redacted {
            self.start(out);
            let write = |out: &mut String| redacted_fields(data, out);
            self.blocks.begin(Kind::Redacted, left, out, write);
            self.blocks.close(out);
        }
    }

    fn call(&mut self, call: &CallDelta, out: &mut String) -> Result<(), Error> {
        self.start(out);
        match self.calls.turn(call, self.blocks.open()) {
            Turn::Begins => self.begin_call(call, out),
            Turn::GoesOn => self.go_on_with_call(call, out),
            Turn::Waits => self.calls.wait(call.clone())?,
            Turn::Late if call.arguments.trim().is_empty() => {}
            Turn::Late => {
                let message = "the provider added to a tool call that it was done with";
                return Err(Error::new(ErrorKind::UpstreamProtocol, message));
            }
        }
        while !self.calls.busy(self.blocks.open())
            && let Some(next) = self.calls.take_next()
        {
            self.waited(next, out);
        }
        Ok(())
    }

    fn begin_call(&mut self, call: &CallDelta, out: &mut String) {
        let left = Left::of(self.form.extra(call.extra.as_ref()));
        let block = self.open_call(call.id.as_deref(), call.name.as_deref(), left, out);
        self.calls.begin(call, block);
        self.arguments(&call.arguments, out);
    }

    fn go_on_with_call(&mut self, call: &CallDelta, out: &mut String) {
        let left = Left::of(self.form.extra(call.extra.as_ref()));
        if !left.inner.is_empty() {
            self.blocks.left_of_piece(Some(Piece::Input), left, out);
        }
        self.arguments(&call.arguments, out);
    }

    fn arguments(&mut self, piece: &str, out: &mut String) {
        if !piece.is_empty() {
            self.calls.argue(piece);
            self.blocks.piece(Piece::Input, piece, out);
        }
    }

    fn open_call(&mut self, id: Option<&str>, name: Option<&str>, left: Left, out: &mut String) -> u32 {
        // Without an identifier it could not be answered.
        let own = format!("call_{}", self.blocks.next_index());
        let id = id.unwrap_or(&own);
        self.blocks.begin(Kind::Call, left, out, |out| {
            call_fields(id, name.unwrap_or_default(), out);
            out.push_str(",\"input\":{}");
        })
    }

    /// What had to wait, when its turn comes.
    fn waited(&mut self, waited: Waiting, out: &mut String) {
        match waited {
            Waiting::Content(event) => self.content(&event, out),
            Waiting::Call(pieces) => {
                for (at, piece) in pieces.iter().enumerate() {
                    if at == 0 {
                        self.begin_call(piece, out);
                    } else {
                        self.go_on_with_call(piece, out);
                    }
                }
            }
        }
    }

    /// A part that arrives whole is a block of its own.
    fn part(&mut self, part: &Part, out: &mut String) {
        self.start(out);
        self.blocks.close(out);
        match part {
            Part::Text(text) => {
                let left = Left::of(self.form.extra(text.extra.as_ref()));
                self.blocks.begin_empty(Kind::Text, left, out);
                self.text(&text.text, out);
            }
            Part::Refusal(text) => self.refusal(text, out),
            Part::Reasoning(reasoning) => self.reasoning(reasoning, out),
            Part::ToolCall(call) => {
                let left = Left::of(self.form.extra(call.extra.as_ref()));
                self.open_call(Some(&call.id), Some(&call.name), left, out);
                if !call.arguments.0.is_empty() {
                    self.blocks.piece(Piece::Input, &call.arguments.0, out);
                }
            }
            Part::Media(media) => {
                let form = self.form;
                let write = |out: &mut String| form.media_fields(media, out);
                self.blocks.begin(Kind::Own, Left::default(), out, write);
            }
            // After the vendor's own events it says nothing new.
            Part::Extension(extension) if extension.kind == DIALECT && self.blocks.take_shown() => {}
            Part::Extension(extension) if extension.kind == DIALECT => {
                if let Ok(block) = serde_json::from_str::<&RawValue>(&extension.value.0) {
                    self.blocks.own(block, &Leftover::default(), out);
                }
            }
            // A message of the assistant has no place for these.
            Part::ToolResult(_) | Part::Extension(_) => {}
        }
        self.blocks.close(out);
    }

    /// What is left of a vendor event. What says that a block begins or ends also says that a call before it is
    /// complete.
    fn extension(&mut self, extension: &Extension, out: &mut String) {
        if extension.kind != DIALECT {
            return;
        }
        self.form.ours = true;
        match Rest::of(&extension.value) {
            Some(Rest::Message(left)) if self.started => self.rest.end.inner.extend(left.inner),
            Some(Rest::Message(left)) => self.rest.message.extend(left),
            Some(Rest::Block(kind, left)) => {
                self.start(out);
                self.close(out);
                self.blocks.left_of_block(kind, left, out);
            }
            Some(Rest::OwnBlock(block, beside)) => {
                self.start(out);
                self.close(out);
                self.blocks.own(&block, &beside, out);
                self.blocks.show();
            }
            Some(Rest::Delta(piece, left)) => {
                self.start(out);
                if piece.is_some_and(|piece| piece.block() != Kind::Call) && self.calls.busy(self.blocks.open()) {
                    self.close(out);
                }
                self.blocks.left_of_piece(piece, left, out);
            }
            Some(Rest::OwnDelta(delta, beside)) => {
                self.start(out);
                self.blocks.own_piece(&delta, &beside, out);
            }
            Some(Rest::BlockStop(left)) => {
                self.blocks.close_with(&left, out);
                self.close(out);
            }
            Some(Rest::End(left)) => self.rest.end.extend(left),
            Some(Rest::Stop(fields)) => self.rest.stop = fields,
            // The head comes before everything else, and nobody knows it yet.
            Some(Rest::Event(name, _)) if name == "ping" && !self.introduced && !self.started => {}
            Some(Rest::Event(name, event)) => self.own_event(&name, &event, out),
            None => {}
        }
    }

    /// An event that nobody mapped, as it came. A name is what stands in a line of its own.
    fn own_event(&mut self, name: &str, event: &RawValue, out: &mut String) {
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) {
            self.start(out);
            let _ = write!(out, "event: {name}\ndata: ");
            push_raw(event, out);
            out.push_str("\n\n");
        }
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
