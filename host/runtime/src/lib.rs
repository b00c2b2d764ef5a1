//! Runs provider components: loads them, calls them under limits, and makes their HTTP requests for them.
//!
//! The only crate that knows wasmtime. It never retries, picks or waits for anything but the call at hand:
//! those are decisions, and decisions live in `wharf-policy`. Reading order: [`Runtime`] loads a
//! [`Provider`]; a [`Deployment`] is a provider with an upstream; each call gets an instance; what the
//! instance asks of the network passes [`outbound`].

#![forbid(unsafe_code)]

mod bindings;
mod call;
mod convert;
mod deployment;
mod engine;
mod exports;
mod guest_log;
pub mod inspect;
mod instance;
mod limits;
mod metering;
pub mod outbound;
mod provider;
mod runtime;
mod secret;
mod settings;
mod state;
mod stream;
mod verdict;

pub use call::CallOptions;
pub use deployment::{Deployment, DeploymentError, DeploymentOptions};
pub use engine::{EngineConfig, EngineError};
pub use limits::Limits;
pub use outbound::{AllowEntry, OutboundError, OutboundOptions, OutboundTimeouts};
pub use provider::{LoadError, LoadProblem, Provider};
pub use runtime::Runtime;
pub use secret::Secret;
pub use stream::{EventStream, PullStream};
