//! From a whole answer to the contract's response.

use wharf_provider_sdk::{Error, Part, Response};

use crate::call_ids::CallIds;
use crate::reply::{self, Reply};

/// Reads the body of a 200 answer. `ids` names calls that have no identifier.
///
/// # Errors
/// A protocol error when it is no answer, and the vendor's own error when it carries one.
pub fn parse(body: &str, mut ids: CallIds) -> Result<Response, Error> {
    let reply = Reply::parse(body, &mut ids)?;
    if reply.done == Some(false) {
        return Err(reply::broke_off());
    }
    let finish = reply::finish(reply.reason, !reply.calls.is_empty());
    let mut parts: Vec<Part> = reply.reasoning.into_iter().map(Part::Reasoning).collect();
    // Beside calls the vendor writes an empty text where it means none.
    if !reply.text.is_empty() || reply.calls.is_empty() {
        parts.push(Part::text(reply.text));
    }
    parts.extend(reply.calls.into_iter().map(Part::ToolCall));
    Ok(Response {
        id: None,
        model: reply.model,
        parts,
        finish,
        usage: reply.usage,
        extra: reply.extra,
    })
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
