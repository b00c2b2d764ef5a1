//! Laying a vendor's leftover fields back over an answer. They mean something only if the vendor speaks the
//! client's dialect; see `docs/adr/003-residual-extensions.md`.

use serde_json::value::RawValue;
use wharf::{Extension, Json};

use super::DIALECT;
use crate::api::leftover::Leftover;
use crate::api::seal;

/// What was left of an answer or a chunk.
#[derive(Debug, Default)]
pub(super) struct Residual {
    /// Beside `choices`.
    pub(super) top: Leftover,
    /// In the first choice.
    pub(super) choice: Leftover,
    /// In the first choice's `message` or `delta`.
    pub(super) inner: Leftover,
    /// The other choices, whole.
    pub(super) others: Vec<Box<RawValue>>,
}

impl Residual {
    /// Reads it. A provider that sends nonsense loses its leftovers, nothing else.
    pub(super) fn of(extension: Option<&Extension>, inner_name: &str) -> Self {
        extension
            .filter(|e| e.kind == DIALECT)
            .and_then(|e| Self::parse(&e.value.0, inner_name))
            .unwrap_or_default()
    }

    fn parse(text: &str, inner_name: &str) -> Option<Self> {
        let mut top: Leftover = serde_json::from_str(text).ok()?;
        let choices = top.shift_remove("choices");
        let mut choices: Vec<Box<RawValue>> =
            choices.map_or_else(|| Some(Vec::new()), |raw| serde_json::from_str(raw.get()).ok())?;
        let others = if choices.is_empty() {
            Vec::new()
        } else {
            choices.split_off(1)
        };
        let mut choice: Leftover = match choices.first() {
            Some(raw) => serde_json::from_str(raw.get()).ok()?,
            None => Leftover::default(),
        };
        let inner = choice
            .shift_remove(inner_name)
            .and_then(|raw| serde_json::from_str(raw.get()).ok());
        Some(Self {
            top,
            choice,
            inner: inner.unwrap_or_default(),
            others,
        })
    }
}

/// The vendor fields of a tool call.
#[derive(Debug, Default)]
pub(super) struct CallExtra {
    /// Beside `function`; everything if the call is of another type.
    pub(super) beside: Leftover,
    /// Inside `function`.
    pub(super) inside: Leftover,
    /// The call is of another type and stands in `beside` as it came.
    pub(super) whole: bool,
}

impl CallExtra {
    /// Reads them. `ours`: the vendor speaks this dialect, or has not said which.
    pub(super) fn of(extra: Option<&Json>, ours: bool) -> Self {
        let mut beside = seal::fields(extra, ours);
        let whole = beside.contains_key("type");
        let inside = if whole { None } else { beside.shift_remove("function") };
        let inside = inside
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default();
        Self { beside, inside, whole }
    }
}
