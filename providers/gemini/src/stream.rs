//! From a stream of responses to the contract's events.

use wharf_provider_sdk::{CallDelta, Error, ErrorKind, Event, EventStream, Part, Start, http, sse};

use crate::call_ids::CallIds;
use crate::reply::{self, Reply};

/// A running answer.
#[derive(Debug)]
pub struct Stream<B = http::Body> {
    reader: sse::Reader<B>,
    state: State,
    /// What went wrong after events that are not told yet.
    failed: Option<Error>,
}

/// What has to be remembered from event to event.
#[derive(Debug, Default)]
struct State {
    started: bool,
    done: bool,
    ids: CallIds,
    /// Calls so far.
    calls: u32,
    /// The vendor's word for why the model stopped. Some models repeat it with every event, so it is told at the end.
    finish: Option<String>,
    /// What was left of the event before; told again only when it changes.
    residual: Option<String>,
}

impl<B: http::Chunks> Stream<B> {
    /// Reads the answer from this body.
    pub fn new(body: B) -> Self {
        Self {
            reader: sse::Reader::new(body),
            state: State::default(),
            failed: None,
        }
    }

    /// Reads on until there is something to tell.
    fn read(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        while events.is_empty() && !self.state.done {
            let messages = self.reader.next_batch()?;
            if messages.is_empty() {
                self.state.end(events)?;
            }
            for message in messages {
                self.state.message(&message.data, events)?;
            }
        }
        Ok(())
    }
}

impl<B: http::Chunks + 'static> EventStream for Stream<B> {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut events = Vec::new();
        match self.read(&mut events) {
            Ok(()) => Ok(events),
            Err(error) if events.is_empty() => Err(error),
            // What came before an error is told before it, however much of both arrived at once.
            Err(error) => {
                self.failed = Some(error);
                Ok(events)
            }
        }
    }
}

impl State {
    /// The connection has ended. The vendor has no end mark; without a reason for stopping the answer broke off.
    fn end(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        self.done = true;
        let Some(word) = self.finish.take() else {
            let broke = "the vendor's stream ended in the middle of the answer";
            return Err(Error {
                sent: true,
                ..Error::new(ErrorKind::Unavailable, broke)
            });
        };
        events.push(Event::Finish(reply::finish(&word, self.calls > 0)));
        Ok(())
    }

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
