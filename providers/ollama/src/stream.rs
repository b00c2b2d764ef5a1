//! From a stream of lines to the contract's events.
//!
//! What nobody mapped belongs to its line alone, since every line has a time of its own. So it is told with each.

use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{CallDelta, Error, Event, EventStream, Start, Usage, http, ndjson};

use crate::call_ids::CallIds;
use crate::reply::{self, Reply};

/// A running answer.
#[derive(Debug)]
pub struct Stream<B = http::Body>(Reading<ndjson::Reader<B>, State>);

impl<B: http::Chunks> Stream<B> {
    /// Reads the answer from this body. `ids` names calls that have no identifier.
    pub fn new(body: B, ids: CallIds) -> Self {
        let state = State {
            ids,
            ..State::default()
        };
        Self(Reading::new(ndjson::Reader::new(body), state))
    }
}

impl<B: http::Chunks + 'static> EventStream for Stream<B> {
    fn next(&mut self) -> Result<Vec<Event>, Error> {
        self.0.next_batch()
    }
}

/// What has to be remembered from line to line.
#[derive(Debug, Default)]
struct State {
    started: bool,
    done: bool,
    ids: CallIds,
    /// Calls so far.
    calls: u32,
}

impl Pieces for State {
    type Piece = String;
    type Said = Event;

    fn piece(&mut self, line: &String, events: &mut Vec<Event>) -> Result<(), Error> {
        let reply = Reply::parse(line, &mut self.ids)?;
        if self.started {
            events.extend(reply.extra.map(Event::Extension));
        } else {
            self.started = true;
            events.push(Event::Start(Start {
                id: None,
                model: reply.model,
                extra: reply.extra,
            }));
        }
        events.extend(reply.reasoning.map(Event::Reasoning));
        if !reply.text.is_empty() {
            events.push(Event::Text(reply.text));
        }
        for call in reply.calls {
            events.push(Event::ToolCall(CallDelta {
                index: self.calls,
                id: Some(call.id),
                name: Some(call.name),
                arguments: call.arguments,
                extra: call.extra,
            }));
            self.calls += 1;
        }
        if reply.done == Some(true) {
            self.done = true;
            events.push(Event::Finish(reply::finish(reply.reason, self.calls > 0)));
        }
        if reply.usage != Usage::default() {
            events.push(Event::Usage(reply.usage));
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.done
    }

    fn broke_off(&mut self, _: &mut Vec<Event>) -> Result<(), Error> {
        Err(reply::broke_off())
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
