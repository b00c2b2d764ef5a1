//! Ways in which OpenAI-compatible servers differ from OpenAI, and the set of them an answer is written with.
//!
//! Quirks come from the command line for all answers and from the model name for one, and add up. They change only
//! answers in OpenAI's shape (Azure's too): what imitates OpenAI is what strays from it.

use clap::ValueEnum as _;

/// Stands between the quirks in a model name.
const SEPARATOR: char = '+';

/// One way in which an OpenAI-compatible upstream differs from OpenAI.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// No `usage`, not even when asked for
    NoUsage,
    /// No `id` on answers, chunks and tool calls
    NoIds,
    /// No finish reason: null in a whole answer, no last chunk in a stream
    NoFinish,
    /// Fields OpenAI does not have, on every level
    ExtraFields,
    /// `data:` without the space
    TightData,
    /// No `data: [DONE]`
    NoDone,
    /// Embeddings as lists of numbers, also when base64 is asked for
    PlainVectors,
    /// An empty finish reason in every chunk but the last
    EmptyFinish,
}

/// The quirks as bits, looked up on every chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Quirks(u8);

impl Quirks {
    /// Collects the quirks of the command line.
    pub(super) fn of(list: &[Quirk]) -> Self {
        Self(list.iter().fold(0, |bits, quirk| bits | bit(*quirk)))
    }

    /// Reads names as on the command line, with `+` between them; none if one is unknown.
    pub(super) fn of_names(names: &str) -> Option<Self> {
        let quirks: Option<Vec<Quirk>> = names
            .split(SEPARATOR)
            .map(|name| Quirk::from_str(name, false).ok())
            .collect();
        quirks.map(|quirks| Self::of(&quirks))
    }

    /// Both sets together.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether answers have this quirk.
    pub(super) fn has(self, quirk: Quirk) -> bool {
        self.0 & bit(quirk) != 0
    }
}

fn bit(quirk: Quirk) -> u8 {
    1 << (quirk as u8)
}
