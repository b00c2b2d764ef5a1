//! Plain data that every host crate speaks: requests, responses, events, errors, names.
//!
//! Nothing here does anything: no runtime, no serialization, no I/O. The shapes follow the contract in
//! `wit/types.wit` and `wit/optional.wit`, which explain every field; the wire formats of clients and vendors
//! are elsewhere.

#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

mod capabilities;
mod chat;
mod embedding;
mod error;
mod event;
mod features;
mod model;
mod names;
mod part;
mod tokens;

pub use capabilities::{Capabilities, CredentialScheme, HealthStatus, Manifest, Support};
pub use chat::{
    FinishReason, Json, JsonSchema, Message, OutputFormat, Request, Response, Role, Thinking, Tool, ToolChoice, Usage,
};
pub use embedding::{EmbedRequest, EmbedResponse};
pub use error::{Attempt, Error, ErrorKind, Phase, Retryability};
pub use event::{CallDelta, Event, Start};
pub use features::Features;
pub use model::{Model, PullProgress};
pub use names::{DeploymentName, InvalidName, ProviderName, RouteName};
pub use part::{Extension, Media, MediaData, Part, Reasoning, Text, ToolCall, ToolPart, ToolResult};
pub use tokens::TokenCount;
