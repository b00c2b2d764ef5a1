//! Write a Wharf provider in Rust.
//!
//! A provider maps one request to one exchange with its vendor and says precisely what went wrong.
//! Implement [`Provider`] for a type and write one macro line; the SDK turns it into a component:
//!
//! ```
//! use wharf_provider_sdk::{Capabilities, Error, Event, Manifest, Provider, Request, Response, stream};
//!
//! struct Parrot;
//!
//! impl Provider for Parrot {
//!     type Stream = stream::Once;
//!
//!     fn describe() -> Manifest {
//!         Manifest { vendor: "parrot".into(), ..Manifest::new("parrot", "0.1.0", "Says hello.") }
//!     }
//!     fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> {
//!         Ok(Capabilities::default())
//!     }
//!     fn generate(_request: Request) -> Result<Response, Error> {
//!         Ok(Response::text("hello"))
//!     }
//!     fn stream(_request: Request) -> Result<Self::Stream, Error> {
//!         Ok(stream::Once::new(vec![Event::Text("hello".into())]))
//!     }
//! }
//!
//! wharf_provider_sdk::provider!(Parrot);
//! # fn main() {}
//! ```
//!
//! Build it with `cargo build --target wasm32-wasip2 --release` from a crate of type `cdylib`.
//!
//! What the host does for a provider, so that it must not do it itself: retries, waiting, timeouts,
//! credentials (never visible here; just leave the header out), connection pooling, health state, metrics.
//!
//! Everything but [`http::Request::send`], [`config`] and [`log`] also runs natively, so conversions are
//! tested with plain `cargo test`.

#[doc(hidden)]
pub mod bindings;
pub mod config;
mod defaults;
mod error;
mod export;
pub mod http;
pub mod json;
mod lines;
pub mod log;
pub mod ndjson;
mod provider;
mod retry_after;
pub mod sse;
pub mod stream;
mod vendor_error;

pub use bindings::wharf::provider::types::{
    CallDelta, Credential, Error, ErrorKind, Event, Extension, FinishReason, HealthStatus, JsonSchema, Manifest, Media,
    MediaData, Message, ModelCapabilities as Capabilities, OutputFormat, Part, Reasoning, Request, Response, Role,
    Start, Support, Text, Thinking, Tool, ToolCall, ToolChoice, ToolPart, ToolResult, Usage,
};
#[doc(hidden)]
pub use export::Adapter;
pub use provider::{EventStream, Provider};
