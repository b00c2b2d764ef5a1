//! What is left of a response once everything mapped is taken out, in the response's own structure.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;

use crate::wire::{Map, Node};

/// The rest of a whole answer or of one event of a stream.
#[derive(Debug, Default)]
pub(crate) struct Residual<'a> {
    /// Beside `candidates`.
    top: Object<'a>,
    /// In the first candidate.
    pub(crate) candidate: Object<'a>,
    /// In the first candidate's `content`.
    pub(crate) content: Object<'a>,
    /// Other candidates, untouched. Nobody asks for them.
    pub(crate) others: Vec<&'a RawValue>,
}

impl<'a> Residual<'a> {
    /// With these leftovers beside the candidates.
    pub(crate) fn of(top: Object<'a>) -> Self {
        Self { top, ..Self::default() }
    }

    /// Whether something in it belongs to a candidate, and so to this one event.
    pub(crate) fn is_for_once(&self) -> bool {
        !(self.candidate.is_empty() && self.content.is_empty() && self.others.is_empty())
    }

    /// As JSON text; `None` when nothing is left.
    pub(crate) fn text(&self) -> Option<String> {
        let mut map = Map::of(&self.top);
        if self.is_for_once() {
            let mut first = Map::of(&self.candidate);
            if !self.content.is_empty() {
                first.set("content", Node::Map(Map::of(&self.content)));
            }
            let mut candidates = vec![Node::Map(first)];
            candidates.extend(self.others.iter().copied().map(Node::Raw));
            map.set("candidates", Node::List(candidates));
        }
        // Serializing strings and unparsed values cannot fail.
        (!map.is_empty()).then(|| serde_json::to_string(&map).unwrap_or_default())
    }
}
