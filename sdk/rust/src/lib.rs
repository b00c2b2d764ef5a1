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
//! What a vendor offers beyond answers has a trait each: [`Embeddings`], [`Tokens`] (counting them) and [`Models`]
//! (listing and managing). Implement those that fit and name them in the macro line; the component exports these
//! interfaces and no others:
//!
//! ```
//! # use wharf_provider_sdk::{Capabilities, Event, Manifest, Provider, Request, Response, stream};
//! use wharf_provider_sdk::{EmbedRequest, EmbedResponse, Embeddings, Error};
//! # struct Parrot;
//! # impl Provider for Parrot {
//! #     type Stream = stream::Once;
//! #     fn describe() -> Manifest { Manifest::new("parrot", "0.1.0", "Says hello.") }
//! #     fn capabilities(_model: Option<String>) -> Result<Capabilities, Error> { Ok(Capabilities::default()) }
//! #     fn generate(_request: Request) -> Result<Response, Error> { Ok(Response::text("hello")) }
//! #     fn stream(_request: Request) -> Result<Self::Stream, Error> { Ok(stream::Once::new(Vec::new())) }
//! # }
//!
//! impl Embeddings for Parrot {
//!     fn embed(request: EmbedRequest) -> Result<EmbedResponse, Error> {
//!         let vectors = request.input.iter().map(|text| vec![text.len() as f32]).collect();
//!         Ok(EmbedResponse { vectors, ..EmbedResponse::default() })
//!     }
//! }
//!
//! wharf_provider_sdk::provider!(Parrot: Embeddings);
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
pub mod call_ids;
pub mod config;
mod defaults;
mod error;
mod export;
pub mod foreign;
pub mod http;
pub mod json;
mod lines;
pub mod log;
pub mod ndjson;
mod optional;
mod provider;
pub mod reading;
mod retry_after;
pub mod seal;
pub mod sse;
pub mod stream;
mod vendor_error;

pub use bindings::embeddings::exports::wharf::provider::embeddings::{EmbedRequest, EmbedResponse};
pub use bindings::models::exports::wharf::provider::models::{Model, PullProgress};
pub use bindings::tokens::exports::wharf::provider::tokens::TokenCount;
pub use bindings::wharf::provider::types::{
    CallDelta, Credential, Error, ErrorKind, Event, Extension, FinishReason, HealthStatus, JsonSchema, Manifest, Media,
    MediaData, Message, ModelCapabilities as Capabilities, OutputFormat, Part, Reasoning, Request, Response, Role,
    Start, Support, Text, Thinking, Tool, ToolCall, ToolChoice, ToolPart, ToolResult, Usage,
};
#[doc(hidden)]
pub use export::Adapter;
pub use optional::{Embeddings, Models, NoPull, PullStream, Tokens};
pub use provider::{EventStream, Provider};
