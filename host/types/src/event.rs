//! The steps of a streamed answer.

use crate::{Extension, FinishReason, Json, Part, Reasoning, Usage};

/// The head of a streamed answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Start {
    /// The vendor's identifier.
    pub id: Option<String>,
    /// The model that answers.
    pub model: Option<String>,
    /// What else the vendor says at the start.
    pub extra: Option<Extension>,
}

/// A piece of a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallDelta {
    /// Which call, from 0.
    pub index: u32,
    /// Its identifier, on the first piece.
    pub id: Option<String>,
    /// The tool's name, on the first piece.
    pub name: Option<String>,
    /// More of the arguments.
    pub arguments: String,
    /// Vendor fields of the piece: a JSON object.
    pub extra: Option<Json>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start(Start),
    /// More text.
    Text(String),
    /// More reasoning.
    Reasoning(Reasoning),
    /// More of a tool call.
    ToolCall(CallDelta),
    /// More of a refusal.
    Refusal(String),
    /// A part that arrives whole.
    Part(Part),
    /// Tokens so far.
    Usage(Usage),
    /// The model stopped.
    Finish(FinishReason),
    /// What is left of a vendor event; holds for all later events until replaced.
    Extension(Extension),
}

impl Event {
    /// Whether the client can see something of the answer in it. Up to the first such event an attempt can
    /// be replaced by another; after it never.
    #[must_use]
    pub fn is_content(&self) -> bool {
        match self {
            Self::Text(_) | Self::Reasoning(_) | Self::ToolCall(_) | Self::Refusal(_) | Self::Part(_) => true,
            Self::Start(_) | Self::Usage(_) | Self::Finish(_) | Self::Extension(_) => false,
        }
    }

    /// Whether it says why the answer ends. An answer without such an event is not whole.
    #[must_use]
    pub fn is_finish(&self) -> bool {
        matches!(self, Self::Finish(_))
    }
}
