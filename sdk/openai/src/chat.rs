//! Chat completions: [`request::body`] writes what goes on the wire, [`answer::parse`] reads a whole answer,
//! [`stream::Stream`] a streamed one. What servers expect differently on the wire is in [`Server`].

pub mod answer;
mod content;
pub mod request;
mod residual;
mod server;
pub mod stream;
mod thoughts;
mod tools;

pub use server::Server;
pub use thoughts::Thoughts;

/// The dialect that is shared with the host's OpenAI API: what neither side maps passes through unchanged.
pub const DIALECT: &str = "openai.chat";
