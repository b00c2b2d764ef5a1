//! The contract's types ⇄ the host's. Total functions without I/O. Requests are lent to the guest without
//! a copy; everything that comes back is moved.

mod answer;
mod error;
mod manifest;
mod optional;
mod request;

pub(crate) use answer::{event, response};
pub(crate) use error::{cut, error};
pub(crate) use manifest::{capabilities, health, manifest};
pub(crate) use optional::{EmbedLists, embed_request, embed_response, model, progress, token_count};
pub(crate) use request::{Lists, request, weight};

use wharf_types::Json;

/// JSON text from a guest.
fn json(text: Option<String>) -> Option<Json> {
    text.map(Json)
}
