//! OpenAI's API to and from the contract, for every provider whose vendor speaks it.
//!
//! Pure conversions: [`chat`] for chat completions, [`responses`], [`embeddings`], [`models`] for the list of models, and
//! [`capabilities`] for what operators say about them. They know no
//! address, no header, no setting and no status; those differ from vendor to vendor and stay with the provider.

pub mod capabilities;
pub mod chat;
pub mod embeddings;
pub mod models;
pub mod responses;
mod usage;
mod wire;
