//! OpenAI's Responses API without its state: [`request::body`] writes what goes on the wire, [`answer::parse`] reads a
//! whole answer, [`stream::Stream`] a streamed one.
//!
//! What one answer holds are items here: thoughts, messages, calls. In the contract they are parts, and the vendor's
//! fields of an item stand in the `extra` of its part. A message has none of its own, so its fields (its identifier and
//! whatever comes) are under `message` in the `extra` of its first text, which is also how two messages in a row are
//! told apart. The host's API of this dialect reads and writes the same.

pub mod answer;
mod content;
mod input;
mod options;
pub mod request;
pub mod stream;
mod tools;

/// The dialect that is shared with the host's API: what neither side maps passes through unchanged.
pub const DIALECT: &str = "openai.responses";
/// Where the fields of a message of the assistant stand in the `extra` of its first text.
const MESSAGE: &str = "message";
