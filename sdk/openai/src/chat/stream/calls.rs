//! Which call a piece of a streamed tool call belongs to.
//!
//! OpenAI counts its calls. Other servers leave the index out, or give every call the same; their calls get the next
//! index that is free, so that no two are taken for one.

use std::collections::{BTreeMap, HashMap};

/// The calls of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// The last call under each of the server's indexes.
    by_index: BTreeMap<u32, Call>,
    /// The calls that came without an index, by their identifiers.
    by_id: HashMap<String, u32>,
    /// The call that the last piece belonged to.
    last: Option<u32>,
    /// The first index behind all that are in use.
    free: u32,
    /// Whether a call got an index that is not the server's.
    moved: bool,
    /// How many calls there are.
    count: usize,
}

#[derive(Debug)]
struct Call {
    index: u32,
    id: Option<String>,
}

impl Calls {
    /// How many calls have begun.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The index of the call that this piece belongs to. `names`: the piece says which tool is called, as the first of
    /// a call does. Identifiers alone begin nothing, for some servers make up a new one for every piece.
    pub(super) fn place(&mut self, index: Option<u32>, id: Option<&str>, names: bool) -> u32 {
        let known = match index {
            Some(index) => self.of_index(index, id, names),
            None => self.without_index(id, names),
        };
        let place = known.unwrap_or_else(|| self.begin(index, id));
        self.last = Some(place);
        place
    }

    fn of_index(&self, index: u32, id: Option<&str>, names: bool) -> Option<u32> {
        let call = self.by_index.get(&index)?;
        let another = names && id.is_some() && call.id.is_some() && call.id.as_deref() != id;
        (!another).then_some(call.index)
    }

    fn without_index(&self, id: Option<&str>, names: bool) -> Option<u32> {
        let known = id.and_then(|id| self.by_id.get(id)).copied();
        known.or_else(|| self.last.filter(|_| !names))
    }

    fn begin(&mut self, index: Option<u32>, id: Option<&str>) -> u32 {
        // Calls that begin out of order keep the server's indexes, as long as none of those was given to another.
        let own = index.filter(|index| *index >= self.free || !(self.moved || self.by_index.contains_key(index)));
        self.moved |= own.is_none();
        self.count += 1;
        let place = own.unwrap_or(self.free);
        self.free = self.free.max(place.saturating_add(1));
        let id = id.map(str::to_owned);
        match (index, id) {
            (Some(index), id) => {
                self.by_index.insert(index, Call { index: place, id });
            }
            (None, Some(id)) => {
                self.by_id.insert(id, place);
            }
            (None, None) => {}
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of pieces: the server's index, the identifier, whether a tool is named.
    fn places(pieces: &[(Option<u32>, Option<&str>, bool)]) -> Vec<u32> {
        let mut calls = Calls::default();
        let place = |(index, id, names): &(Option<u32>, Option<&str>, bool)| calls.place(*index, *id, *names);
        pieces.iter().map(place).collect()
    }

    #[test]
    fn a_server_that_counts_is_believed() {
        let first = |index, id| (Some(index), Some(id), true);
        let more = |index| (Some(index), None, false);
        let pieces = [first(1, "y"), first(0, "x"), more(1), more(0), first(2, "z")];
        assert_eq!(places(&pieces), [1, 0, 1, 0, 2]);
    }

    #[test]
    fn without_an_index_a_new_identifier_begins_a_call() {
        let pieces = [
            (None, Some("x"), true),
            (None, None, false),
            (None, Some("y"), true),
            (None, Some("made-up"), false),
            (None, Some("x"), true),
        ];
        assert_eq!(places(&pieces), [0, 0, 1, 1, 0]);
    }

    #[test]
    fn without_anything_a_name_begins_a_call() {
        let pieces = [(None, None, true), (None, None, false), (None, None, true)];
        assert_eq!(places(&pieces), [0, 0, 1]);
    }

    #[test]
    fn an_index_that_is_used_again_is_another_call() {
        let pieces = [
            (Some(0), Some("x"), true),
            (Some(0), None, false),
            (Some(0), Some("y"), true),
            (Some(0), Some("made-up"), false),
            (Some(1), Some("z"), true),
            (Some(1), None, false),
        ];
        assert_eq!(places(&pieces), [0, 0, 1, 1, 2, 2]);
    }
}
