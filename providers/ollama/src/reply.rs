//! What one JSON object of an answer says. A whole answer is one of them; a streamed one has the same shape on each of
//! its lines, with a piece of the message.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, Extension, FinishReason, Reasoning, ToolCall, Usage};

use crate::call_ids::CallIds;
use crate::{DIALECT, error, residual, usage};

/// One object, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The model that answers.
    pub(crate) model: Option<String>,
    /// What it thought.
    pub(crate) reasoning: Option<Reasoning>,
    /// What it said; may be empty.
    pub(crate) text: String,
    /// What it wants called. Calls always come whole.
    pub(crate) calls: Vec<ToolCall>,
    /// Whether this is the end. Nothing when the server does not say.
    pub(crate) done: Option<bool>,
    /// Why it stopped, in the vendor's view, which does not count calls.
    pub(crate) reason: Option<FinishReason>,
    /// What it cost; at the end.
    pub(crate) usage: Usage,
    /// What is left, in the structure of the wire.
    pub(crate) extra: Option<Extension>,
}

impl Reply {
    /// Reads one object.
    ///
    /// # Errors
    /// The vendor's own error when it carries one, and a protocol error when it is no part of an answer.
    pub(crate) fn parse(json: &str, ids: &mut CallIds) -> Result<Self, Error> {
        let mut top = Object::parse(json)?;
        if let Some(error) = error::carried(&top, json) {
            return Err(error);
        }
        let done = top.take_if::<Option<bool>>("done").flatten();
        let mut message = match top.take::<Object<'_>>("message")? {
            Some(message) => message,
            // Loading and unloading a model says nothing.
            None if done == Some(true) => Object::default(),
            None => {
                let problem = "the vendor's answer has no `message`; is `base_url` the address of an Ollama server?";
                return Err(Error::protocol(problem));
            }
        };
        message.take_raw("role");
        let thinking = message.take::<String>("thinking")?;
        let text = message.take("content")?.unwrap_or_default();
        let calls: Vec<Object<'_>> = message.take("tool_calls")?.unwrap_or_default();
        let calls = calls.into_iter().map(|one| call(one, ids));
        Ok(Self {
            model: top.take_if::<Option<String>>("model").flatten(),
            reasoning: thinking.filter(|text| !text.is_empty()).map(reasoning),
            text,
            calls: calls.collect::<Result<_, _>>()?,
            done,
            reason: take_reason(&mut top),
            usage: usage::take(&mut top),
            extra: residual::text(&top, "message", &message).map(|value| Extension::new(DIALECT, value)),
        })
    }
}

fn reasoning(text: String) -> Reasoning {
    Reasoning {
        text: Some(text),
        signature: None,
        redacted: None,
        extra: None,
    }
}

/// A call. Its place in the list says which it is, so the index inside it says nothing more.
fn call(mut call: Object<'_>, ids: &mut CallIds) -> Result<ToolCall, Error> {
    let id = call.take_if::<Option<String>>("id").flatten();
    let mut function: Object<'_> = call.take("function")?.unwrap_or_default();
    function.take_raw("index");
    Ok(ToolCall {
        id: ids.next(id),
        name: function.take("name")?.unwrap_or_default(),
        arguments: arguments(&mut function),
        extra: residual::text(&call, "function", &function),
    })
}

/// Arguments as text. The vendor sends an object; servers that copy its API may send the text itself.
fn arguments(function: &mut Object<'_>) -> String {
    if let Some(text) = function.take_if::<String>("arguments") {
        return text;
    }
    let raw = function.take_raw("arguments").filter(|raw| raw.get() != "null");
    raw.map_or_else(|| "{}".to_owned(), |raw| raw.get().to_owned())
}

/// Takes the reason out. A word with a meaning of its own stays among the rest as well.
fn take_reason(top: &mut Object<'_>) -> Option<FinishReason> {
    let word = top.peek::<Option<String>>("done_reason").flatten();
    let reason = match word.as_deref() {
        None | Some("") => None,
        Some("stop") => Some(FinishReason::Stop),
        Some("length") => Some(FinishReason::Length),
        // `load` and `unload`: a request without messages. Whatever else there may come.
        Some(_) => return Some(FinishReason::Other),
    };
    top.take_raw("done_reason");
    reason
}

/// Why the model stopped. For the vendor a model that wants something called has stopped like any other; older servers
/// give no reason at all.
pub(crate) fn finish(reason: Option<FinishReason>, called: bool) -> FinishReason {
    match reason {
        None | Some(FinishReason::Stop) if called => FinishReason::ToolCalls,
        None => FinishReason::Stop,
        Some(reason) => reason,
    }
}

/// The answer ended before it was done.
pub(crate) fn broke_off() -> Error {
    Error {
        sent: true,
        ..Error::new(ErrorKind::Unavailable, "the vendor's answer ended before it was done")
    }
}
