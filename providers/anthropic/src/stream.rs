//! From a streamed message of Anthropic's to the contract's events.
//!
//! Texts, thoughts and calls are told as they come. Of every other block the vendor's own events are told as extensions,
//! and when it is complete the whole block as a part. A ping is told too: it says that the vendor is still at work.
//! What is left of a vendor event is an extension in the structure of that event, with its `type`, and belongs to it.
//! An object inside it has its own `type` only when nobody mapped that object. What is left of the message at the start
//! has the structure of a whole message's leftovers, and is told with the start.

mod block;

use std::collections::BTreeMap;

use block::{Block, more, seal, some, thought};
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{CallDelta, Error, Event, EventStream, FinishReason, Part, Start, http, sse};

use crate::kept::Kept;
use crate::usage::Counts;
use crate::wire::{Map, Node};
use crate::{answer, error, extension};

/// A running answer.
#[derive(Debug)]
pub struct Stream<B = http::Body>(Reading<sse::Reader<B>, State>);

impl<B: http::Chunks> Stream<B> {
    /// Reads the answer from this body.
    pub fn new(body: B) -> Self {
        Self(Reading::new(sse::Reader::new(body), State::default()))
    }
}

impl<B: http::Chunks + 'static> EventStream for Stream<B> {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        self.0.next_batch()
    }
}

/// What has to be remembered from event to event.
#[derive(Debug, Default)]
struct State {
    started: bool,
    finished: bool,
    done: bool,
    /// Why the answer had ended when it began.
    reason: Option<FinishReason>,
    /// Tool calls so far.
    calls: u32,
    counts: Counts,
    /// The blocks that have started and not stopped, by the vendor's index.
    open: BTreeMap<u64, Block>,
    /// The index of the one that is told in the vendor's events, if there is one.
    kept: Option<u64>,
    /// The type of the block that started last.
    last: String,
}

impl Pieces for State {
    type Piece = sse::Message;
    type Said = Event;

    fn piece(&mut self, message: &sse::Message, events: &mut Vec<Event>) -> Result<(), Error> {
        self.event(&message.data, &message.event, events)
    }

    fn ended(&self) -> bool {
        self.done
    }

    /// Without the end mark that is regular only after a stop reason, when everything has been said; a broken connection
    /// must not pass for an end.
    fn broke_off(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        if !self.finished {
            return Err(Error::broke_off());
        }
        self.end_mark(events);
        Ok(())
    }
}

impl State {
    fn event(&mut self, data: &str, name: &str, events: &mut Vec<Event>) -> Result<(), Error> {
        let mut event = Object::parse(data)?;
        let kind: Option<String> = event.take_if("type");
        let kind = kind.unwrap_or_else(|| name.to_owned());
        match kind.as_str() {
            "message_start" => self.message_start(event, events),
            "content_block_start" => self.block_start(event, events),
            "content_block_delta" => self.block_delta(data, event, events),
            "content_block_stop" => self.block_end(event, events),
            "message_delta" => self.message_delta(event, events),
            "message_stop" => {
                self.end_mark(events);
                // Resellers of the vendor add their own measurements here.
                if !event.is_empty() {
                    events.push(rest("message_stop", &event, None));
                }
                Ok(())
            }
            "error" => Err(error::in_answer(data)),
            // Its name may stand outside only.
            "ping" => {
                events.push(rest("ping", &event, None));
                Ok(())
            }
            _ => {
                events.push(Event::Extension(extension(data.to_owned())));
                Ok(())
            }
        }
    }

    fn message_start(&mut self, mut event: Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let mut message: Object<'_> = event.take("message")?.unwrap_or_default();
        let (id, model) = answer::identity(&mut message);
        // Mostly nothing has been said and nothing has ended. An answer that goes on with one that waited for a tool of
        // the vendor's own begins with what is there already.
        self.reason = answer::take_reason(&mut message);
        let said: Vec<&RawValue> = message.take_if("content").unwrap_or_default();
        let said = said
            .into_iter()
            .map(answer::part)
            .collect::<Result<Vec<Part>, Error>>()?;
        let usage = message.take_if::<Option<Object<'_>>>("usage").flatten();
        let extra = Some(extension(message.rest().unwrap_or_else(|| "{}".to_owned())));
        if !self.started {
            self.started = true;
            events.push(Event::Start(Start { id, model, extra }));
        }
        if !event.is_empty() {
            events.push(rest("message_start", &event, None));
        }
        if let Some(usage) = usage {
            self.counts.add(usage);
            events.push(Event::Usage(self.counts.usage()));
        }
        for part in said {
            self.calls += u32::from(matches!(part, Part::ToolCall(_)));
            events.push(Event::Part(part));
        }
        Ok(())
    }

    fn block_start(&mut self, mut event: Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let index: u64 = event.peek("index").unwrap_or(0);
        let missing = || Error::protocol("the vendor started a block that it does not describe");
        let raw: &RawValue = event.take("content_block")?.ok_or_else(missing)?;
        let mut block = Object::parse(raw.get())?;
        let kind: String = block.take_if("type").ok_or_else(missing)?;
        self.end_kept(events);
        // Two blocks of one type in a row look like one, unless somebody says that another begins.
        let another = self.last == kind;
        let mut said = Vec::new();
        let open = match kind.as_str() {
            "text" => {
                said.extend(some(&mut block, "text").map(Event::Text));
                Block::Text
            }
            "thinking" => {
                let text = some(&mut block, "thinking");
                let signature = seal(&mut block);
                if text.is_some() || signature.is_some() {
                    said.push(thought(text, signature));
                }
                Block::Thinking
            }
            "tool_use" => self.call(&mut block, &mut said),
            "redacted_thinking" => {
                events.push(Event::Part(answer::part(raw)?));
                Block::Told
            }
            _ => {
                let kept = Kept::of(raw)?;
                let mut told = Map::typed("content_block_start");
                told.fill(&event);
                told.add("content_block", Node::Raw(raw));
                events.push(Event::Extension(extension(told.text())));
                Block::Kept(kept)
            }
        };
        if matches!(open, Block::Text | Block::Thinking) && (another || !block.is_empty()) {
            let mut left = Map::default();
            left.fill(&block);
            events.push(rest("content_block_start", &event, Some(("content_block", left))));
        }
        events.append(&mut said);
        self.kept = matches!(open, Block::Kept(_)).then_some(index);
        self.open.insert(index, open);
        self.last = kind;
        Ok(())
    }

    /// The start of a tool call. Some servers send all of the arguments with it.
    fn call(&mut self, block: &mut Object<'_>, said: &mut Vec<Event>) -> Block {
        let index = self.calls;
        self.calls = self.calls.saturating_add(1);
        let input = block.take_raw("input").map(RawValue::get);
        let whole = input.filter(|input| input.starts_with('{') && input[1..].trim_start() != "}");
        said.push(Event::ToolCall(CallDelta {
            index,
            id: block.take_if("id"),
            name: block.take_if("name"),
            arguments: whole.unwrap_or_default().to_owned(),
            extra: block.rest(),
        }));
        Block::Call {
            index,
            argued: whole.is_some(),
        }
    }

    fn block_delta(&mut self, data: &str, mut event: Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let index: u64 = event.peek("index").unwrap_or(0);
        let mut open = self.open.get_mut(&index);
        if let Some(Block::Kept(kept)) = &mut open {
            events.push(rest("content_block_delta", &event, None));
            let delta: Object<'_> = event.take("delta")?.unwrap_or_default();
            kept.add(&delta);
            return Ok(());
        }
        let mut delta: Object<'_> = event.take("delta")?.unwrap_or_default();
        let kind: String = delta.take_if("type").unwrap_or_default();
        let said = match (kind.as_str(), open) {
            ("text_delta", _) => some(&mut delta, "text").map(Event::Text),
            ("thinking_delta", _) => some(&mut delta, "thinking").map(|text| thought(Some(text), None)),
            ("signature_delta", _) => seal(&mut delta).map(|seal| thought(None, Some(seal))),
            ("input_json_delta", Some(Block::Call { index, argued })) => {
                let arguments = some(&mut delta, "partial_json");
                *argued |= arguments.is_some();
                arguments.map(|arguments| more(*index, arguments))
            }
            // Citations of a text, and what nobody knows yet.
            _ => {
                events.push(Event::Extension(extension(data.to_owned())));
                return Ok(());
            }
        };
        if !delta.is_empty() {
            let mut left = Map::default();
            left.fill(&delta);
            events.push(rest("content_block_delta", &event, Some(("delta", left))));
        }
        events.extend(said);
        Ok(())
    }

    fn block_end(&mut self, mut event: Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let whole = rest("content_block_stop", &event, None);
        let index: u64 = event.take("index")?.unwrap_or(0);
        match self.open.remove(&index) {
            Some(block @ Block::Kept(_)) => {
                events.push(whole);
                block.stop(events);
                return Ok(());
            }
            Some(block) => block.stop(events),
            None => {}
        }
        if !event.is_empty() {
            events.push(rest("content_block_stop", &event, None));
        }
        Ok(())
    }

    /// A block that nobody stopped ends when the next begins: what was told of it would be mixed with that.
    fn end_kept(&mut self, events: &mut Vec<Event>) {
        let kept = self.kept.take().and_then(|index| self.open.remove(&index));
        if let Some(block @ Block::Kept(_)) = kept {
            block.stop(events);
        }
    }

    fn message_delta(&mut self, mut event: Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let mut delta: Object<'_> = event.take("delta")?.unwrap_or_default();
        let usage = event.take_if::<Option<Object<'_>>>("usage").flatten();
        let reason = answer::take_reason(&mut delta);
        if !delta.is_empty() || !event.is_empty() {
            let mut left = Map::default();
            left.fill(&delta);
            events.push(rest("message_delta", &event, Some(("delta", left))));
        }
        if let Some(reason) = reason.filter(|_| !self.finished) {
            self.finish(reason, events);
        }
        if let Some(usage) = usage {
            self.counts.add(usage);
            events.push(Event::Usage(self.counts.usage()));
        }
        Ok(())
    }

    /// The vendor's end mark.
    fn end_mark(&mut self, events: &mut Vec<Event>) {
        self.done = true;
        if !self.finished {
            let reason = self.reason.unwrap_or(answer::by_default(self.calls > 0));
            self.finish(reason, events);
        }
    }

    /// The model has stopped, and so have all blocks.
    fn finish(&mut self, reason: FinishReason, events: &mut Vec<Event>) {
        self.finished = true;
        for block in std::mem::take(&mut self.open).into_values() {
            block.stop(events);
        }
        events.push(Event::Finish(reason));
    }
}

/// What is left of a vendor event, with what is left of the object inside it.
fn rest(kind: &str, event: &Object<'_>, inner: Option<(&'static str, Map<'_>)>) -> Event {
    let mut map = Map::typed(kind);
    map.fill(event);
    if let Some((name, left)) = inner.filter(|(_, left)| !left.is_empty()) {
        map.add(name, left);
    }
    Event::Extension(extension(map.text()))
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
