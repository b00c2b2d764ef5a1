//! From a stream of responses to the contract's events.

use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{CallDelta, Error, Event, EventStream, Part, Start, http, sse};

use crate::call_ids::CallIds;
use crate::reply::{self, Reply};

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
    ids: CallIds,
    /// Calls so far.
    calls: u32,
    /// The vendor's word for why the model stopped. Some models repeat it with every event, so it is told at the end.
    finish: Option<String>,
    /// What was left of the event before; told again only when it changes.
    residual: Option<String>,
}

impl Pieces for State {
    type Piece = sse::Message;
    type Said = Event;

    fn piece(&mut self, message: &sse::Message, events: &mut Vec<Event>) -> Result<(), Error> {
        self.message(&message.data, events)
    }

    /// The vendor has no end mark.
    fn ended(&self) -> bool {
        false
    }

    /// Without a reason for stopping the answer broke off.
    fn broke_off(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        let word = self.finish.take().ok_or_else(Error::broke_off)?;
        events.push(Event::Finish(reply::finish(&word, self.calls > 0)));
        Ok(())
    }
}

impl State {
    fn message(&mut self, data: &str, events: &mut Vec<Event>) -> Result<(), Error> {
        // The end mark of OpenAI's streams, which some gateways add to all of theirs.
        if data == "[DONE]" {
            return Ok(());
        }
        let reply = Reply::read(data, &mut self.ids)?;
        self.rest(&reply, events);
        for part in reply.parts {
            events.extend(self.event(part));
        }
        events.extend(reply.usage.map(Event::Usage));
        self.finish = reply.finish.or(self.finish.take());
        Ok(())
    }

    /// Tells what nobody mapped: at the start with it, later only what is new or belongs to this event alone.
    fn rest(&mut self, reply: &Reply<'_>, events: &mut Vec<Event>) {
        let text = reply.residual.text();
        if !self.started {
            self.started = true;
            events.push(Event::Start(Start {
                id: reply.id.clone(),
                model: reply.model.clone(),
                extra: text.clone().map(reply::extension),
            }));
        } else if text != self.residual || reply.residual.is_for_once() {
            let value = text.clone().unwrap_or_else(|| "{}".to_owned());
            events.push(Event::Extension(reply::extension(value)));
        }
        self.residual = text;
    }

    /// A part as an event. A text with vendor fields, such as a signature, is told as a part: a piece of text has no
    /// place for them.
    fn event(&mut self, part: Part) -> Option<Event> {
        Some(match part {
            Part::Text(text) if text.extra.is_none() => {
                return (!text.text.is_empty()).then_some(Event::Text(text.text));
            }
            Part::Reasoning(reasoning) => Event::Reasoning(reasoning),
            Part::ToolCall(call) => {
                let index = self.calls;
                self.calls += 1;
                Event::ToolCall(CallDelta {
                    index,
                    id: Some(call.id),
                    name: Some(call.name),
                    arguments: call.arguments,
                    extra: call.extra,
                })
            }
            other => Event::Part(other),
        })
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
