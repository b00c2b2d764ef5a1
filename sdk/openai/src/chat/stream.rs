//! From a stream of chat completion chunks to the contract's events.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::reading::{Pieces, Reading};
use wharf_provider_sdk::{CallDelta, Error, Event, EventStream, Extension, FinishReason, Reasoning, Start, http, sse};

use crate::chat::answer::pieces::{self, Piece};
use crate::chat::residual::Residual;
use crate::chat::thoughts::Place;
use crate::chat::{DIALECT, answer};
use crate::{usage, wire};

mod calls;

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

/// What has to be remembered from chunk to chunk.
#[derive(Debug, Default)]
struct State {
    started: bool,
    /// Whether there was anything of an answer: something said, a reason to stop, or a count of tokens.
    answered: bool,
    finished: bool,
    done: bool,
    called: bool,
    calls: calls::Calls,
    /// Where the thought that goes on was found.
    thinking: Option<Place>,
    /// What was left of chunks that came before the answer itself, see [`State::hold`].
    held: Option<String>,
    /// What was left of the chunk before; sent again only when it changes.
    residual: Option<String>,
    /// The part of it beside the choices.
    top: Option<String>,
}

impl Pieces for State {
    type Piece = sse::Message;
    type Said = Event;

    fn piece(&mut self, message: &sse::Message, events: &mut Vec<Event>) -> Result<(), Error> {
        match message.data.as_str() {
            "[DONE]" => self.end_mark(events),
            data => self.chunk(data, &message.event, events),
        }
    }

    fn ended(&self) -> bool {
        self.done
    }

    /// Without an end mark that is regular only after a finish reason: some servers leave the mark out, but a broken
    /// connection must not pass for an end.
    fn broke_off(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        if !self.finished {
            return Err(Error::broke_off());
        }
        self.end_mark(events)
    }
}

impl State {
    /// The vendor's end mark. A server that never gave a reason stopped because it was done, but one that said nothing
    /// at all did not answer.
    fn end_mark(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        self.done = true;
        if !self.answered {
            return Err(Error::protocol("the vendor ended its stream without an answer"));
        }
        if !self.finished {
            self.finished = true;
            let reason = if self.called {
                FinishReason::ToolCalls
            } else {
                FinishReason::Stop
            };
            let finish = Event::Finish(reason);
            events.extend(self.thought_before(Some(&finish)));
            events.push(finish);
        }
        Ok(())
    }

    fn chunk(&mut self, data: &str, event: &str, events: &mut Vec<Event>) -> Result<(), Error> {
        let joined;
        if event == "error" {
            return Err(Error::from_event(data));
        }
        let mut top = Object::parse(data)?;
        if let Some(error) = answer::error(&mut top, data) {
            return Err(error);
        }
        let id: Option<String> = top.take_if::<Option<String>>("id").flatten();
        let model: Option<String> = top.take_if::<Option<String>>("model").flatten();
        let counts = top
            .take_if::<Option<Object<'_>>>("usage")
            .flatten()
            .map(|counts| usage::parse(counts, DIALECT));
        let choices: Vec<&RawValue> = top.take("choices")?.unwrap_or_default();
        if let Some(held) = self.held.take() {
            joined = join(&held, &top)?;
            top = Object::parse(&joined)?;
        }
        let nameless = id.as_deref().is_none_or(str::is_empty);
        if nameless && !self.started && choices.is_empty() && counts.is_none() {
            self.hold(&top);
            return Ok(());
        }

        let mut residual = Residual {
            top,
            choice: Object::default(),
            inner: Object::default(),
            inner_name: "delta",
            content: vec![],
            others: vec![],
        };
        let mut said = Vec::new();
        let has_choice = !choices.is_empty();
        for raw in choices {
            let mut choice = Object::parse(raw.get())?;
            if choice.take::<u32>("index")?.unwrap_or(0) != 0 {
                residual.others.push(raw);
                continue;
            }
            residual.inner = choice.take("delta")?.unwrap_or_default();
            residual.content = self.delta(&mut residual.inner, &mut said)?;
            if let Some(error) = answer::choice_error(&choice) {
                events.append(&mut said);
                return Err(error);
            }
            // The first reason counts: an answer ends once.
            let reason = answer::take_reason(&mut choice, self.called).filter(|_| !self.finished);
            if let Some(reason) = reason {
                self.finished = true;
                said.push(Event::Finish(reason));
            }
            residual.choice = choice;
        }
        let start = Start { id, model, extra: None };
        self.answered |= !said.is_empty() || counts.is_some() || residual.says_something();
        // The end of a thought belongs to what came before.
        events.extend(self.thought_before(said.first()));
        self.rest(&residual, start, has_choice, events);
        for event in said {
            events.extend(self.thought_before(Some(&event)));
            events.push(self.bare(event));
        }
        events.extend(counts.map(Event::Usage));
        Ok(())
    }

    /// The end of the thought that goes on, if what comes next is another thing: the mark that tells where it was found.
    fn thought_before(&mut self, next: Option<&Event>) -> Option<Event> {
        let goes_on = match next {
            None => true,
            Some(Event::Reasoning(thought)) => Place::found(thought) == self.thinking,
            Some(_) => false,
        };
        let place = self.thinking.take_if(|_| !goes_on)?;
        Some(Event::Reasoning(Reasoning {
            text: None,
            signature: Some(place.mark()),
            redacted: None,
            extra: None,
        }))
    }

    /// A piece of a thought without its mark, which comes at the end.
    fn bare(&mut self, event: Event) -> Event {
        match event {
            Event::Reasoning(thought) => {
                self.thinking = Place::found(&thought);
                Event::Reasoning(Reasoning {
                    signature: None,
                    ..thought
                })
            }
            event => event,
        }
    }

    /// Keeps a chunk that comes before the answer until the answer begins. Azure sends one with what its filter says
    /// about the prompt; its id is empty, and as the start of the answer it would take the answer's own id away.
    fn hold(&mut self, top: &Object<'_>) {
        self.held = top.rest();
    }

    /// Tells what nobody mapped: at the start with it, later only what is new or belongs to this chunk alone. A chunk
    /// without a choice, such as the one with the usage, says nothing about choices.
    fn rest(&mut self, residual: &Residual<'_>, start: Start, has_choice: bool, events: &mut Vec<Event>) {
        let text = residual.text();
        let top = residual.top.rest();
        let changed = if has_choice {
            text != self.residual
        } else {
            top != self.top
        };
        if !self.started {
            self.started = true;
            events.push(Event::Start(Start {
                extra: text.clone().map(extension),
                ..start
            }));
        } else if changed || residual.is_for_once() {
            let value = text.clone().unwrap_or_else(|| "{}".to_owned());
            events.push(Event::Extension(extension(value)));
        }
        if has_choice || changed {
            self.residual = text;
        }
        self.top = top;
    }

    /// Reads a delta. What it returns are the parts of its content that nobody maps.
    fn delta<'a>(&mut self, delta: &mut Object<'a>, said: &mut Vec<Event>) -> Result<Vec<&'a RawValue>, Error> {
        delta.take_raw("role");
        said.extend(answer::reasoning(delta).map(Event::Reasoning));
        let content = pieces::take(delta)?;
        said.extend(content.pieces.into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => (!text.is_empty()).then_some(Event::Text(text)),
            Piece::Thought(thought) => Some(Event::Reasoning(thought)),
        }));
        if let Some(text) = delta.take::<String>("refusal")?.filter(|t| !t.is_empty()) {
            said.push(Event::Refusal(text));
        }
        let calls: Vec<Object<'_>> = delta.take("tool_calls")?.unwrap_or_default();
        for mut call in calls {
            self.called = true;
            let index: Option<u32> = call.take("index")?;
            let id = call.take::<String>("id")?.filter(|id| !id.is_empty());
            if call.peek::<&str>("type") == Some("function") {
                call.take_raw("type");
            }
            let mut function: Object<'_> = call.take("function")?.unwrap_or_default();
            let name = function.take::<String>("name")?.filter(|name| !name.is_empty());
            let arguments = answer::arguments(&mut function).unwrap_or_default();
            let of_another_type = id.is_some() && call.contains("type");
            let names = of_another_type || name.is_some();
            let known = self.calls.count();
            let index = self.calls.place(index, id.as_deref(), names);
            // A server that omits ids still needs one to be answered by.
            let begins = self.calls.count() > known;
            let id = id.or_else(|| begins.then(|| format!("call_{index}")));
            let extra = answer::call_rest(&call, &function);
            said.push(Event::ToolCall(CallDelta {
                index,
                id,
                name,
                arguments,
                extra,
            }));
        }
        Ok(content.others)
    }
}

fn extension(value: String) -> Extension {
    Extension::new(DIALECT, value)
}

/// What was held together with what is new. Of a field that is in both the new value counts.
fn join(held: &str, new: &Object<'_>) -> Result<String, Error> {
    let held = Object::parse(held)?;
    let earlier = held.iter().filter(|(name, _)| !new.contains(name));
    let fields: Vec<(&str, String)> = earlier
        .chain(new.iter())
        .map(|(name, value)| (name, value.get().to_owned()))
        .collect();
    Ok(wire::object(&fields))
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
