//! Whole responses, and the pieces that streams share with them.

use serde_json::{Value, json};

use super::SEAL;
use super::request::ResponsesRequest;
use crate::mock::answer::{Answer, Call, Outcome, Usage};
use crate::mock::json::CREATED;

/// What `include` has for sealed thoughts.
const SEALS: &str = "reasoning.encrypted_content";
/// What `include` has for the probabilities of words.
const LOGPROBS: &str = "message.output_text.logprobs";

/// An answer with all that its response says besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// Number of the request; part of the ids.
    pub(super) number: u64,
    /// The request.
    pub(super) request: &'a ResponsesRequest<'a>,
    /// Token counts.
    pub(super) usage: Usage,
    /// The answer.
    pub(super) answer: &'a Answer,
}

impl Said<'_> {
    /// The whole response.
    pub(super) fn whole(&self) -> Value {
        self.response("completed", &self.items())
    }

    /// The response before it says anything.
    pub(super) fn opening(&self) -> Value {
        self.response("in_progress", &[])
    }

    fn response(&self, status: &str, output: &[Value]) -> Value {
        let done = status == "completed";
        let usage = json!({
            "input_tokens": self.usage.prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": self.usage.completion,
            "output_tokens_details": {"reasoning_tokens": self.usage.reasoning},
            "total_tokens": self.usage.prompt + self.usage.completion,
        });
        let mut response = json!({
            "id": format!("resp_mock_{}", self.number),
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": null,
            "model": self.request.model,
            "output": output,
            "previous_response_id": null,
            "service_tier": "default",
            "store": false,
            "usage": done.then_some(usage),
        });
        for (name, value) in self.request.repeated() {
            response[name] = value;
        }
        response
    }

    fn items(&self) -> Vec<Value> {
        let mut items: Vec<Value> = self.thought().into_iter().collect();
        match &self.answer.outcome {
            Outcome::Text(text) => items.push(self.message("completed", &[self.text(text)])),
            Outcome::Refusal(text) => items.push(self.message("completed", &[refusal(text)])),
            Outcome::Calls(calls) => items.extend(calls.iter().map(|call| self.call(call, "completed"))),
        }
        items
    }

    /// The thoughts, if there are any: summed up and sealed as far as that was asked for.
    pub(super) fn thought(&self) -> Option<Value> {
        let text = self.answer.reasoning?;
        let summary = self.request.sums_up().then(|| summary(text));
        let mut item = self.empty_thought();
        item["summary"] = summary.into_iter().collect();
        if self.request.includes(SEALS) {
            item["encrypted_content"] = SEAL.into();
        }
        Some(item)
    }

    pub(super) fn empty_thought(&self) -> Value {
        json!({"id": format!("rs_mock_{}", self.number), "type": "reasoning", "summary": []})
    }

    pub(super) fn message(&self, status: &str, content: &[Value]) -> Value {
        json!({
            "id": format!("msg_mock_{}", self.number),
            "type": "message",
            "status": status,
            "role": "assistant",
            "phase": "final_answer",
            "content": content,
        })
    }

    pub(super) fn call(&self, call: &Call, status: &str) -> Value {
        json!({
            "id": format!("fc_{}", call.id),
            "type": "function_call",
            "status": status,
            "arguments": if status == "completed" { call.arguments.as_str() } else { "" },
            "call_id": format!("call_{}", call.id),
            "name": call.name,
        })
    }

    pub(super) fn text(&self, text: &str) -> Value {
        json!({"type": "output_text", "text": text, "annotations": [], "logprobs": self.logprobs(text)})
    }

    pub(super) fn logprobs(&self, text: &str) -> Value {
        let wanted = self.request.includes(LOGPROBS) && !text.is_empty();
        let one = json!({"token": text, "bytes": text.as_bytes(), "logprob": -0.5, "top_logprobs": []});
        wanted.then_some(one).into_iter().collect()
    }
}

/// A part of a summary of thoughts.
pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

/// A refusal.
pub(super) fn refusal(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
}
