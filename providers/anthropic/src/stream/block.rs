//! A block that is being told, and the pieces of it.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{CallDelta, Event, Part, Reasoning};

use crate::kept::Kept;
use crate::{answer, extension};

/// A block that is being told.
#[derive(Debug)]
pub(super) enum Block {
    Text,
    Thinking,
    Call {
        index: u32,
        /// Whether anything of the arguments has come.
        argued: bool,
    },
    /// Told in the vendor's events, and whole when it stops.
    Kept(Kept),
    /// Told when it started.
    Told,
}

impl Block {
    /// Tells what is still to be told of the block at its end.
    pub(super) fn stop(self, events: &mut Vec<Event>) {
        match self {
            // A call without arguments has an empty object as its arguments, which nobody wrote.
            Self::Call { index, argued: false } => events.push(more(index, "{}".to_owned())),
            Self::Kept(kept) => events.push(Event::Part(Part::Extension(extension(kept.json())))),
            Self::Text | Self::Thinking | Self::Call { .. } | Self::Told => {}
        }
    }
}

/// Takes out a text, if there is any.
pub(super) fn some(object: &mut Object<'_>, name: &str) -> Option<String> {
    object.take_if::<String>(name).filter(|text| !text.is_empty())
}

/// Takes out a signature, if there is any.
pub(super) fn seal(object: &mut Object<'_>) -> Option<String> {
    answer::take_seal(object, "signature").filter(|seal| !seal.is_empty())
}

pub(super) fn thought(text: Option<String>, signature: Option<String>) -> Event {
    Event::Reasoning(Reasoning {
        text,
        signature,
        redacted: None,
        extra: None,
    })
}

/// More of a call's arguments.
pub(super) fn more(index: u32, arguments: String) -> Event {
    Event::ToolCall(CallDelta {
        index,
        id: None,
        name: None,
        arguments,
        extra: None,
    })
}
