//! Whole answers in Gemini's shape, and the pieces that streams share with them.

use serde_json::{Value, json};

use super::SIGNATURE;
use crate::mock::answer::{Answer, Call, Outcome, Usage};

/// An answer with all that its message says besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// Number of the request; part of the id.
    pub(super) number: u64,
    /// Model named in the answer.
    pub(super) model: &'a str,
    /// Token counts.
    pub(super) usage: Usage,
    /// The answer.
    pub(super) answer: &'a Answer,
}

impl Said<'_> {
    /// The whole answer.
    pub(super) fn whole(&self) -> Value {
        let thoughts = self.answer.reasoning.map(thought);
        let mut parts: Vec<Value> = thoughts.into_iter().collect();
        match &self.answer.outcome {
            Outcome::Text(said) => parts.push(self.signed(text(said))),
            Outcome::Refusal(_) => return self.refused(),
            Outcome::Calls(calls) => {
                let called = calls
                    .iter()
                    .enumerate()
                    .map(|(position, call)| self.call(position, call));
                parts.extend(called);
            }
        }
        self.answer(parts, Some("STOP"), true)
    }

    /// An answer with these parts; counts of what was said are in it when it is the last one.
    pub(super) fn answer(&self, parts: Vec<Value>, finish: Option<&str>, is_last: bool) -> Value {
        let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        candidate["index"] = json!(0);
        self.with_candidate(&candidate, is_last)
    }

    /// The answer that the vendor's own filter stopped.
    pub(super) fn refused(&self) -> Value {
        let rating = json!({"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true});
        self.with_candidate(
            &json!({"finishReason": "SAFETY", "index": 0, "safetyRatings": [rating]}),
            true,
        )
    }

    fn with_candidate(&self, candidate: &Value, is_last: bool) -> Value {
        json!({
            "candidates": [candidate],
            "usageMetadata": self.usage(is_last),
            "modelVersion": self.model,
            "responseId": format!("mock-{}", self.number),
        })
    }

    fn usage(&self, is_last: bool) -> Value {
        let prompt = self.usage.prompt;
        let details = json!([{"modality": "TEXT", "tokenCount": prompt}]);
        if !is_last {
            return json!({"promptTokenCount": prompt, "totalTokenCount": prompt, "promptTokensDetails": details});
        }
        let mut usage = json!({
            "promptTokenCount": prompt,
            "candidatesTokenCount": self.usage.completion - self.usage.reasoning,
            "totalTokenCount": prompt + self.usage.completion,
            "promptTokensDetails": details,
        });
        if self.usage.reasoning > 0 {
            usage["thoughtsTokenCount"] = json!(self.usage.reasoning);
        }
        usage
    }

    /// A part with the signature of the thoughts behind it, if there were any.
    pub(super) fn signed(&self, mut part: Value) -> Value {
        if self.answer.reasoning.is_some() {
            part["thoughtSignature"] = json!(SIGNATURE);
        }
        part
    }

    /// A part with a call; the first one has the signature. Calls have no ids.
    pub(super) fn call(&self, position: usize, call: &Call) -> Value {
        let part = json!({"functionCall": {"name": call.name, "args": call.input()}});
        if position == 0 { self.signed(part) } else { part }
    }
}

/// A part of text.
pub(super) fn text(text: &str) -> Value {
    json!({"text": text})
}

/// A part of thoughts.
pub(super) fn thought(text: &str) -> Value {
    json!({"text": text, "thought": true})
}
