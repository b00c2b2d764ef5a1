//! From a whole answer to the contract's response.

use wharf_provider_sdk::{Error, FinishReason, Part, Response};

use crate::call_ids::CallIds;
use crate::reply::{self, Reply};

/// Reads the body of a 200 answer.
///
/// # Errors
/// A protocol error when there is no answer in it, the vendor's own error when it carries one, and
/// [`ErrorKind::ContentFiltered`](wharf_provider_sdk::ErrorKind::ContentFiltered) when the prompt was blocked.
pub fn parse(body: &str) -> Result<Response, Error> {
    let reply = Reply::read(body, &mut CallIds::default())?;
    if !reply.has_candidate {
        return Err(Error::protocol(
            "the vendor's answer has no candidate; is `base_url` the right address?",
        ));
    }
    let called = reply.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    Ok(Response {
        id: reply.id,
        model: reply.model,
        parts: reply.parts,
        finish: match reply.finish.as_deref() {
            Some(word) => reply::finish(word, called),
            None if called => FinishReason::ToolCalls,
            None => FinishReason::Stop,
        },
        usage: reply.usage.unwrap_or_default(),
        extra: reply.residual.text().map(reply::extension),
    })
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
