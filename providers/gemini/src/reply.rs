//! One `GenerateContentResponse`: a whole answer, or one event of a stream. Both have the same shape.

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, FinishReason, Part, Usage};

use crate::call_ids::CallIds;
use crate::residual::Residual;
use crate::{DIALECT, answer_parts, error, usage};

/// What one response of the vendor says.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Usage>,
    /// Whether there is an answer at all. A stream may end with an event of counts alone.
    pub(crate) has_candidate: bool,
    pub(crate) parts: Vec<Part>,
    /// The vendor's word for why the model stopped.
    pub(crate) finish: Option<String>,
    pub(crate) residual: Residual<'a>,
}

impl<'a> Reply<'a> {
    /// Reads a response.
    ///
    /// # Errors
    /// A protocol error when it is none, the vendor's own error when it carries one, and
    /// [`ErrorKind::ContentFiltered`](wharf_provider_sdk::ErrorKind::ContentFiltered) when the prompt was blocked.
    pub(crate) fn read(body: &'a str, ids: &mut CallIds) -> Result<Self, Error> {
        let mut top = Object::parse(body)?;
        if let Some(error) = top.take_raw("error").filter(|error| error.get() != "null") {
            return Err(error::in_answer(&format!(r#"{{"error":{error}}}"#)));
        }
        // Bookkeeping of a wrong type does not cost an answer that is there; it stays among the rest.
        let id = top.take_if::<Option<String>>("responseId").flatten();
        let model = top.take_if::<Option<String>>("modelVersion").flatten();
        let counts = top.take_if::<Option<Object<'_>>>("usageMetadata").flatten();
        if let Some(feedback) = top.peek::<Object<'_>>("promptFeedback") {
            error::check_prompt(&feedback, id.as_deref())?;
        }
        ids.of_answer(id.as_deref());
        let candidates: Vec<&RawValue> = top.take("candidates")?.unwrap_or_default();
        let mut reply = Self {
            id,
            model,
            usage: counts.map(usage::parse),
            has_candidate: false,
            parts: Vec::new(),
            finish: None,
            residual: Residual::of(top),
        };
        for raw in candidates {
            reply.candidate(raw, ids)?;
        }
        Ok(reply)
    }

    fn candidate(&mut self, raw: &'a RawValue, ids: &mut CallIds) -> Result<(), Error> {
        let mut candidate = Object::parse(raw.get())?;
        if self.has_candidate || candidate.take::<u32>("index")?.unwrap_or(0) != 0 {
            self.residual.others.push(raw);
            return Ok(());
        }
        self.has_candidate = true;
        let mut content: Object<'_> = candidate.take("content")?.unwrap_or_default();
        content.take_raw("role");
        let parts: Vec<&RawValue> = content.take("parts")?.unwrap_or_default();
        for part in parts {
            self.parts.extend(answer_parts::read(part, ids)?);
        }
        self.finish = take_finish(&mut candidate);
        self.residual.candidate = candidate;
        self.residual.content = content;
        Ok(())
    }
}

/// Takes the word for why the model stopped. One that says more than the contract's stays among the rest as well.
fn take_finish(candidate: &mut Object<'_>) -> Option<String> {
    let word = candidate.peek::<Option<String>>("finishReason").flatten();
    let word = word.filter(|word| word != "FINISH_REASON_UNSPECIFIED");
    if word.as_deref().is_none_or(|word| matches!(word, "STOP" | "MAX_TOKENS")) {
        candidate.take_raw("finishReason");
    }
    word
}

/// What the vendor's word means. For a call it has none of its own: it stops.
pub(crate) fn finish(word: &str, called: bool) -> FinishReason {
    match word {
        "STOP" if called => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => FinishReason::ContentFilter,
        // The model wrote a call that is none, or the vendor could not go on with it.
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE" => FinishReason::Error,
        _ => FinishReason::Other,
    }
}

/// A leftover in this dialect.
pub(crate) fn extension(value: String) -> Extension {
    Extension::new(DIALECT, value)
}
