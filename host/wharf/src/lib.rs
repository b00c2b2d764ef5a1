//! Wharf as a library: one interface to every AI provider, each a sandboxed component.
//!
//! ```no_run
//! use wharf::{Host, Message, Request, Role, config};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = config::load("wharf.yaml".as_ref(), &config::ProcessEnv)?;
//! let host = Host::start(config).await?;
//! let request = Request {
//!     model: "gpt-4".into(),
//!     messages: vec![Message::text(Role::User, "hello")],
//!     ..Request::default()
//! };
//! let answer = host.generate(&request).await?;
//! println!("{} said: {}", answer.deployment, answer.value.text());
//! # Ok(()) }
//! ```
//!
//! Reading order: [`config`] is what an operator wrote; [`discover`] loads the plugin directory; `assemble` makes a
//! snapshot of both; [`Host`] answers from it.

#![forbid(unsafe_code)]

mod assemble;
mod client;
pub mod config;
pub mod discover;
mod host;
mod settings_check;
mod snapshot;

pub use client::{AiClient, ClientError, ClientFactory};
pub use host::{Host, StartError};
pub use snapshot::{DeploymentState, ModelEntry};
pub use wharf_policy::{Answered, OpenStream};
pub use wharf_runtime::inspect;
pub use wharf_runtime::{EngineConfig, EngineError, LoadError, LoadProblem, Provider, Runtime, Secret};
pub use wharf_types::*;
