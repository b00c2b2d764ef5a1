//! From a stream of this API's events to the contract's.
//!
//! A client of the same dialect gets the vendor's events as they came. Each crosses as an extension, without its `delta`
//! where the contract has an event for that; the event follows at once, and the host's API puts the two together
//! again. A client of another dialect gets the contract's events alone.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{CallDelta, Error, ErrorKind, Event, EventStream, Part, Reasoning, Start, http, sse};

use super::answer::{self, extension};

/// A running answer.
#[derive(Debug)]
pub struct Stream<B = http::Body>(Reading<sse::Reader<B>, State>);

impl<B: http::Chunks> Stream<B> {
    /// Reads the answer from this body, for a client who speaks `dialect`.
    pub fn new(body: B, dialect: &str) -> Self {
        let state = State {
            relays: dialect == super::DIALECT,
            ..State::default()
        };
        Self(Reading::new(sse::Reader::new(body), state))
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
    /// Whether the client speaks this dialect.
    relays: bool,
    done: bool,
    /// The calls, by the places of their items.
    calls: BTreeMap<u64, Call>,
    /// Whether there is a call of any kind to answer.
    called: bool,
}

#[derive(Debug)]
struct Call {
    /// Which of the calls it is.
    index: u32,
    /// Whether some of its arguments were told.
    told: bool,
}

impl Pieces for State {
    type Piece = sse::Message;
    type Said = Event;

    fn piece(&mut self, message: &sse::Message, events: &mut Vec<Event>) -> Result<(), Error> {
        match message.data.as_str() {
            // The end mark of chat completions, which some servers add to all of their streams.
            "[DONE]" => Ok(()),
            data => self.event(data, &message.event, events),
        }
    }

    fn ended(&self) -> bool {
        self.done
    }

    fn broke_off(&mut self, _: &mut Vec<Event>) -> Result<(), Error> {
        Err(Error::broke_off())
    }
}

impl State {
    /// `name`: what the event is called outside of its data, where some servers name an error.
    fn event(&mut self, data: &str, name: &str, events: &mut Vec<Event>) -> Result<(), Error> {
        if name == "error" {
            return Err(Error::from_event(data));
        }
        let mut event = Object::parse(data)?;
        let kind: Option<String> = event.peek("type");
        let Some(kind) = kind else {
            // An error needs no type; anything else without one says nothing that is known.
            let error = answer::error(&mut event);
            self.relay(&event, events);
            return error.map_or(Ok(()), Err);
        };
        match kind.as_str() {
            "error" => return Err(Error::from_event(data)),
            "response.failed" => return Err(failed(&event, data)),
            "response.created" => self.start(&event, events)?,
            "response.output_text.delta" => self.delta(&mut event, events, |_, text| Event::Text(text)),
            "response.refusal.delta" => self.delta(&mut event, events, |_, text| Event::Refusal(text)),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.delta(&mut event, events, |_, text| thought(text));
            }
            "response.function_call_arguments.delta" => {
                let index = self.calls.get_mut(&place(&event)).map(|call| {
                    call.told = true;
                    call.index
                });
                match index {
                    Some(index) => self.delta(&mut event, events, |_, text| piece(index, text)),
                    // Of a call that was never begun.
                    None => self.relay(&event, events),
                }
            }
            "response.reasoning_summary_part.added" => {
                self.relay(&event, events);
                // For others they are one text, as in a whole answer.
                if !self.relays && event.peek::<u64>("summary_index").is_some_and(|index| index > 0) {
                    events.push(thought("\n\n".to_owned()));
                }
            }
            "response.output_item.added" => self.added(&event, events)?,
            "response.output_item.done" => self.ended(&event, events)?,
            "response.completed" | "response.incomplete" => self.end(&event, events)?,
            _ => self.relay(&event, events),
        }
        Ok(())
    }

    /// Hands an event on, to clients who understand it.
    fn relay(&self, event: &Object<'_>, events: &mut Vec<Event>) {
        if self.relays {
            events.extend(event.rest().map(|rest| Event::Extension(extension(rest))));
        }
    }

    /// A piece of what is said: what is left of the event, and the piece.
    fn delta(&self, event: &mut Object<'_>, events: &mut Vec<Event>, said: impl FnOnce(&Self, String) -> Event) {
        // An empty one says nothing and stays where it is.
        let is_empty = |event: &Object<'_>| event.peek::<String>("delta").is_some_and(|text| text.is_empty());
        let text = if is_empty(event) { None } else { event.take_if("delta") };
        self.relay(event, events);
        events.extend(text.map(|text| said(self, text)));
    }

    fn start(&self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let response: Object<'_> = of(event, "response")?;
        events.push(Event::Start(Start {
            id: response.peek::<Option<String>>("id").flatten(),
            model: response.peek::<Option<String>>("model").flatten(),
            extra: event.rest().filter(|_| self.relays).map(extension),
        }));
        Ok(())
    }

    /// An item begins. A function is called with what is known of the call; what the contract has no part for is told
    /// at once, for the model has begun to answer.
    fn added(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        self.relay(event, events);
        let raw: &RawValue = of(event, "item")?;
        let mut item = Object::parse(raw.get())?;
        match item.peek::<&str>("type") {
            Some("message" | "reasoning") => {}
            Some("function_call") => self.call(place(event), &mut item, events),
            _ => {
                self.called |= answer::is_custom_call(&item);
                events.push(Event::Part(Part::Extension(extension(raw.get().to_owned()))));
            }
        }
        Ok(())
    }

    fn call(&mut self, place: u64, item: &mut Object<'_>, events: &mut Vec<Event>) {
        item.take_raw("type");
        if let Some(call) = answer::call(item) {
            self.called = true;
            let index = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
            let told = !call.arguments.is_empty();
            self.calls.insert(place, Call { index, told });
            events.push(Event::ToolCall(CallDelta {
                index,
                id: Some(call.id),
                name: Some(call.name),
                arguments: call.arguments,
                // Fields of the item mean something to clients of this dialect only.
                extra: call.extra.filter(|_| self.relays),
            }));
        }
    }

    /// An item is complete. What of it was not told in pieces is told now.
    fn ended(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        self.relay(event, events);
        let mut item: Object<'_> = of(event, "item")?;
        let place = place(event);
        match item.peek::<&str>("type") {
            Some("reasoning") => {
                item.take_raw("type");
                let thought = answer::reasoning(&mut item);
                events.extend(
                    thought
                        .redacted
                        .is_some()
                        .then_some(Event::Reasoning(Reasoning { text: None, ..thought })),
                );
            }
            Some("function_call") => match self.calls.get_mut(&place) {
                Some(call) if !call.told => {
                    call.told = true;
                    let arguments: Option<String> = item.take_if("arguments");
                    let arguments = arguments.filter(|arguments| !arguments.is_empty());
                    events.extend(arguments.map(|arguments| piece(call.index, arguments)));
                }
                Some(_) => {}
                None => self.call(place, &mut item, events),
            },
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Error> {
        let mut response: Object<'_> = of(event, "response")?;
        if let Some(error) = answer::error(&mut response) {
            return Err(error);
        }
        self.done = true;
        self.relay(event, events);
        let usage = answer::counts(&mut response);
        let finish = answer::take_finish(&mut response, self.called);
        events.extend([Event::Usage(usage), Event::Finish(finish)]);
        Ok(())
    }
}

/// A field that an event has to have.
fn of<'a, T: serde::Deserialize<'a>>(event: &Object<'a>, name: &str) -> Result<T, Error> {
    let missing = || Error::protocol(format!("an event of the vendor's stream has no `{name}`"));
    event.peek(name).ok_or_else(missing)
}

/// The place of the item that an event is about.
fn place(event: &Object<'_>) -> u64 {
    event.peek("output_index").unwrap_or_default()
}

fn thought(text: String) -> Event {
    Event::Reasoning(Reasoning {
        text: Some(text),
        signature: None,
        redacted: None,
        extra: None,
    })
}

fn piece(index: u32, arguments: String) -> Event {
    Event::ToolCall(CallDelta {
        index,
        id: None,
        name: None,
        arguments,
        extra: None,
    })
}

/// The error that a failed response has.
fn failed(event: &Object<'_>, data: &str) -> Error {
    let response: Option<Object<'_>> = event.peek("response");
    let error = response.and_then(|mut response| answer::error(&mut response));
    error.unwrap_or_else(|| Error {
        detail: Some(data.to_owned()),
        sent: true,
        ..Error::new(ErrorKind::Unavailable, "the vendor says that generation broke off")
    })
}
