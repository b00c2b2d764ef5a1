//! A recorded stream, and the steps that every vendor's stream is made of.
//!
//! Decides into which steps an answer falls, not how a vendor writes them and not when they leave: `body` plays the
//! tape. Recording first costs one allocation for the whole stream and makes every event a slice of it; it also keeps
//! the writers pure, so that tests read a stream as text.

use bytes::Bytes;

use super::answer::{Answer, Call, Outcome, split_text};
use super::order::Ending;

/// Pieces the thoughts of an answer are cut into.
const REASONING_PIECES: usize = 2;

/// Fewest pieces for the arguments of a call, so that a reader that forgets to join them fails.
const MIN_ARGUMENT_PIECES: usize = 2;

/// A recorded stream.
#[derive(Debug)]
pub(super) struct Tape {
    /// All events, one after the other.
    pub(super) bytes: Bytes,
    /// Where they end.
    pub(super) events: Vec<Mark>,
    /// Whether the connection breaks after the last event.
    pub(super) cut: bool,
}

/// One event on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Offset of the first byte after it.
    pub(super) end: usize,
    /// Whether the chunk delay goes before it.
    pub(super) paced: bool,
}

impl Tape {
    /// A tape with one event.
    pub(super) fn single(bytes: Bytes, cut: bool) -> Self {
        let events = vec![Mark {
            end: bytes.len(),
            paced: false,
        }];
        Self { bytes, events, cut }
    }
}

/// A tape in the making.
#[derive(Debug)]
pub(super) struct Recording {
    /// Bytes so far. Whoever writes an event marks it.
    pub(super) out: Vec<u8>,
    events: Vec<Mark>,
}

impl Recording {
    /// An empty tape with room for this much.
    pub(super) fn with_capacity(bytes: usize, events: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            events: Vec::with_capacity(events),
        }
    }

    /// Ends an event.
    pub(super) fn mark(&mut self, paced: bool) {
        self.events.push(Mark {
            end: self.out.len(),
            paced,
        });
    }

    /// Whether nothing is recorded yet.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The tape, broken off if the ending says so.
    pub(super) fn finish(self, ending: Ending) -> Tape {
        Tape {
            bytes: Bytes::from(self.out),
            events: self.events,
            cut: matches!(ending, Ending::Cut { .. }),
        }
    }
}

/// The content of one chunk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// Part of the thoughts.
    Reasoning(&'a str),
    /// Part of the text.
    Text(&'a str),
    /// Part of a refusal.
    Refusal(&'a str),
    /// A call begins; its position among the calls.
    CallHead(usize, &'a Call),
    /// Part of the arguments of the call at this position.
    CallArguments(usize, &'a str),
}

/// The steps of an answer, with texts and arguments in at most `pieces` parts.
pub(super) fn steps(answer: &Answer, pieces: usize) -> Vec<Step<'_>> {
    let mut steps = Vec::with_capacity(pieces.min(4096));
    if let Some(reasoning) = answer.reasoning {
        steps.extend(split_text(reasoning, REASONING_PIECES).into_iter().map(Step::Reasoning));
    }
    match &answer.outcome {
        Outcome::Text(text) => steps.extend(split_text(text, pieces).into_iter().map(Step::Text)),
        Outcome::Refusal(text) => steps.extend(split_text(text, pieces).into_iter().map(Step::Refusal)),
        Outcome::Calls(calls) => {
            for (index, call) in calls.iter().enumerate() {
                steps.push(Step::CallHead(index, call));
                let parts = split_text(&call.arguments, pieces.max(MIN_ARGUMENT_PIECES));
                steps.extend(parts.into_iter().map(|part| Step::CallArguments(index, part)));
            }
        }
    }
    steps
}

/// The steps for a vendor that sends each call in one piece.
pub(super) fn steps_with_whole_calls(answer: &Answer, pieces: usize) -> Vec<Step<'_>> {
    let mut steps = steps(answer, pieces);
    steps.retain(|step| !matches!(step, Step::CallArguments(..)));
    steps
}
