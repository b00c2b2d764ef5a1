//! Whose turn it is in a stream with tool calls.
//!
//! A vendor may tell several calls side by side; Anthropic's clients read one block after the other. So a call whose
//! arguments are not complete keeps its turn, and what comes meanwhile waits, in the order in which it began. A vendor
//! that never completes a call must not fill memory with it, so only so much waits.

mod weight;

use std::collections::{BTreeMap, VecDeque};

use wharf::{CallDelta, Error, ErrorKind, Event};

use self::weight::{of_call, of_event};
use super::json_end::JsonEnd;
use crate::api::another_call::is_another_call;

/// How many calls may wait. No model has so many called at once.
const MAX_CALLS: usize = 4096;
/// How much may wait, in bytes. Whole answers are smaller.
const MAX_BYTES: usize = 32 << 20;

/// The calls of a stream.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The call that was told last.
    last: Option<Call>,
    /// What waits for its turn.
    waiting: VecDeque<Waiting>,
    /// How much has had its turn after it waited: what waits is numbered on from there.
    passed: usize,
    /// The number of the last call of each index among those that wait.
    places: BTreeMap<u32, usize>,
    /// How many calls wait.
    count: usize,
    /// How much waits, in bytes.
    bytes: usize,
    /// The calls that had their turn, by the vendor's index, with their identifiers.
    told: BTreeMap<u32, Option<String>>,
}

/// A call whose block was begun.
#[derive(Debug)]
struct Call {
    index: u32,
    block: u32,
    arguments: JsonEnd,
}

/// What waits for its turn.
#[derive(Debug)]
pub(super) enum Waiting {
    /// The pieces of a call.
    Call(Vec<CallDelta>),
    /// Anything else.
    Content(Event),
}

/// What a piece of a call is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The first of a call whose turn it is.
    Begins,
    /// More of the call whose turn it is.
    GoesOn,
    /// Of a call that has to wait.
    Waits,
    /// Of a call whose block was closed.
    Late,
}

impl Calls {
    /// Whether what is no piece of the present call has to wait. `open` is the block that is open: with its block, a
    /// call ends.
    pub(super) fn busy(&self, open: Option<u32>) -> bool {
        self.present(open).is_some_and(|call| !call.arguments.is_reached())
    }

    /// What this piece is.
    pub(super) fn turn(&self, piece: &CallDelta, open: Option<u32>) -> Turn {
        let present = self.present(open).is_some_and(|call| call.index == piece.index);
        if self.place(piece.index).is_some() {
            return Turn::Waits;
        }
        if self.told.contains_key(&piece.index) && !self.another(piece) {
            return if present { Turn::GoesOn } else { Turn::Late };
        }
        // A vendor that uses an index again is done with the call that had it.
        if self.waiting.is_empty() && (present || !self.busy(open)) {
            Turn::Begins
        } else {
            Turn::Waits
        }
    }

    /// It is a call's turn, and this is its block.
    pub(super) fn begin(&mut self, piece: &CallDelta, block: u32) {
        self.told.insert(piece.index, piece.id.clone());
        self.last = Some(Call {
            index: piece.index,
            block,
            arguments: JsonEnd::default(),
        });
    }

    /// More arguments of the present call.
    pub(super) fn argue(&mut self, arguments: &str) {
        if let Some(call) = &mut self.last {
            call.arguments.read(arguments);
        }
    }

    /// Has a piece of a call wait.
    ///
    /// # Errors
    /// `UpstreamProtocol` when too much waits.
    pub(super) fn wait(&mut self, piece: CallDelta) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(of_call(&piece));
        let place = self.place(piece.index);
        if let Some(Waiting::Call(pieces)) = place.and_then(|at| self.waiting.get_mut(at))
            && !is_another_call(pieces.first().and_then(|first| first.id.as_ref()), &piece)
        {
            pieces.push(piece);
        } else {
            self.count += 1;
            self.places.insert(piece.index, self.passed + self.waiting.len());
            self.waiting.push_back(Waiting::Call(vec![piece]));
        }
        self.check()
    }

    /// Has anything else wait.
    ///
    /// # Errors
    /// As [`Calls::wait`].
    pub(super) fn wait_with(&mut self, content: Event) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(of_event(&content));
        self.waiting.push_back(Waiting::Content(content));
        self.check()
    }

    fn check(&self) -> Result<(), Error> {
        if self.count <= MAX_CALLS && self.bytes <= MAX_BYTES {
            return Ok(());
        }
        let message = "the provider said too much beside a tool call that it did not complete";
        Err(Error::new(ErrorKind::UpstreamProtocol, message))
    }

    /// What has waited longest.
    pub(super) fn take_next(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        match &next {
            Waiting::Call(pieces) => {
                self.count = self.count.saturating_sub(1);
                let bytes: usize = pieces.iter().map(of_call).sum();
                self.bytes = self.bytes.saturating_sub(bytes);
                // A later call may have the same index.
                if let Some(first) = pieces.first()
                    && self.places.get(&first.index) == Some(&self.passed)
                {
                    self.places.remove(&first.index);
                }
            }
            Waiting::Content(event) => self.bytes = self.bytes.saturating_sub(of_event(event)),
        }
        self.passed += 1;
        Some(next)
    }

    fn present(&self, open: Option<u32>) -> Option<&Call> {
        self.last.as_ref().filter(|call| Some(call.block) == open)
    }

    /// Where the last call of this index among those that wait is.
    fn place(&self, index: u32) -> Option<usize> {
        self.places.get(&index)?.checked_sub(self.passed)
    }

    /// Whether a piece begins another call under an index that was used: some vendors give all calls the same.
    fn another(&self, piece: &CallDelta) -> bool {
        self.told
            .get(&piece.index)
            .is_some_and(|id| is_another_call(id.as_ref(), piece))
    }
}

#[cfg(test)]
#[path = "calls_tests.rs"]
mod tests;
