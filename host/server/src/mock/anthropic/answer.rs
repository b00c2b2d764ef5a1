//! Whole messages in Anthropic's shape, and the pieces that streams share with them.

use serde_json::{Value, json};

use super::SIGNATURE;
use super::conversation::Cache;
use crate::mock::answer::{Answer, Call, Outcome, Usage};

/// An answer with all that its message says besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// Number of the request; part of the ids.
    pub(super) number: u64,
    /// Model named in the answer.
    pub(super) model: &'a str,
    /// Token counts.
    pub(super) usage: Usage,
    /// The answer.
    pub(super) answer: &'a Answer,
    /// What the cache did.
    pub(super) cache: Cache,
}

impl Said<'_> {
    /// The whole message.
    pub(super) fn whole(&self) -> Value {
        self.message(self.blocks(), self.stop_reason().into(), self.usage.completion)
    }

    /// The message before it says anything.
    pub(super) fn opening(&self) -> Value {
        self.message(Vec::new(), Value::Null, 1)
    }

    fn message(&self, content: Vec<Value>, stop_reason: Value, output_tokens: usize) -> Value {
        let cache = self.cache_counts();
        json!({
            "id": format!("msg_mock_{}", self.number),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": null,
            "usage": {
                "input_tokens": cache.fresh,
                "cache_creation_input_tokens": cache.created,
                "cache_read_input_tokens": cache.read,
                "cache_creation": {"ephemeral_5m_input_tokens": cache.created, "ephemeral_1h_input_tokens": 0},
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        })
    }

    /// The usage at the end of a stream.
    pub(super) fn final_usage(&self) -> Value {
        let cache = self.cache_counts();
        json!({
            "input_tokens": cache.fresh,
            "cache_creation_input_tokens": cache.created,
            "cache_read_input_tokens": cache.read,
            "output_tokens": self.usage.completion,
        })
    }

    /// Why the answer ends.
    pub(super) fn stop_reason(&self) -> &'static str {
        match self.answer.outcome {
            Outcome::Text(_) => "end_turn",
            Outcome::Refusal(_) => "refusal",
            Outcome::Calls(_) => "tool_use",
        }
    }

    fn blocks(&self) -> Vec<Value> {
        let thoughts = self.answer.reasoning.map(|text| thinking(text, SIGNATURE));
        let mut blocks: Vec<Value> = thoughts.into_iter().collect();
        match &self.answer.outcome {
            Outcome::Text(said) => blocks.push(text(said)),
            Outcome::Refusal(said) => blocks.push(text(said)),
            Outcome::Calls(calls) => blocks.extend(calls.iter().map(|call| tool_use(call, call.input()))),
        }
        blocks
    }

    fn cache_counts(&self) -> CacheCounts {
        let Cache { words, is_hit } = self.cache;
        CacheCounts {
            fresh: self.usage.prompt.saturating_sub(words),
            created: if is_hit { 0 } else { words },
            read: if is_hit { words } else { 0 },
        }
    }
}

struct CacheCounts {
    fresh: usize,
    created: usize,
    read: usize,
}

/// A block of text.
pub(super) fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A block of thoughts.
pub(super) fn thinking(thinking: &str, signature: &str) -> Value {
    json!({"type": "thinking", "thinking": thinking, "signature": signature})
}

/// A block with a call.
pub(super) fn tool_use(call: &Call, input: Value) -> Value {
    json!({"type": "tool_use", "id": format!("toolu_{}", call.id), "name": call.name, "input": input})
}
