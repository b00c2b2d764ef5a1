//! Wharf as a library: one interface to every AI provider, each a sandboxed component.
//!
//! ```no_run
//! use wharf::{CallOptions, Host, Message, Request, Role, config};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = config::load("wharf.yaml".as_ref(), &config::ProcessEnv)?;
//! let host = Host::start(config).await?;
//! let request = Request {
//!     model: "gpt-4".into(),
//!     messages: vec![Message::text(Role::User, "hello")],
//!     ..Request::default()
//! };
//! let answer = host.generate(&request, &CallOptions::default()).await?;
//! println!("{:?} said: {}", answer.deployment, answer.value.text());
//! # Ok(()) }
//! ```
//!
//! Reading order: [`config`] is what an operator wrote; [`discover`] loads the plugin directory; `assemble` makes a
//! snapshot of both; [`Host`] answers from it, and `wharf_policy` decides how.

#![forbid(unsafe_code)]

mod assemble;
mod capabilities;
mod client;
pub mod config;
pub mod discover;
mod health;
mod host;
mod models;
mod seeds;
mod settings_check;
mod snapshot;
mod state;

pub use client::{AiClient, ClientError, ClientFactory};
pub use host::{Host, StartError};
pub use models::PullStream;
pub use snapshot::ModelEntry;
pub use state::{DeploymentReport, HostState, Reset};
pub use wharf_policy as policy;
pub use wharf_policy::{Access, Answered, CallOptions, Degraded, OpenStream, RequestTimeouts, status};
pub use wharf_runtime::inspect;
pub use wharf_runtime::{EngineConfig, EngineError, LoadError, LoadProblem, Provider, Runtime, Secret};
pub use wharf_types::*;
