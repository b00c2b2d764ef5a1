//! Whole answers in Ollama's shape, and the pieces that streams share with them.

use serde_json::{Map, Value, json};

use crate::mock::answer::{Answer, Call, Outcome, Usage};
use crate::mock::json::CREATED_DATE;

/// Nanoseconds that every answer says it took; the emulator does not look at the clock.
const DURATION: u64 = 1_000_000;

/// A whole answer.
pub(super) fn whole(model: &str, answer: &Answer, usage: Usage) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    let content: &str = match &answer.outcome {
        Outcome::Text(text) => text,
        Outcome::Refusal(text) => text,
        Outcome::Calls(_) => "",
    };
    message.insert("content".to_owned(), json!(content));
    if let Some(thinking) = answer.reasoning {
        message.insert("thinking".to_owned(), json!(thinking));
    }
    if let Outcome::Calls(calls) = &answer.outcome {
        message.insert("tool_calls".to_owned(), calls.iter().map(call).collect());
    }
    with_counts(line(model, &Value::Object(message), true), usage)
}

/// The last line of a stream.
pub(super) fn end(model: &str, usage: Usage) -> Value {
    with_counts(line(model, &json!({"role": "assistant", "content": ""}), true), usage)
}

/// The answer to a request that only loads the model, or only unloads it.
pub(super) fn loaded(model: &str, stays: bool) -> Value {
    let mut answer = line(model, &json!({"role": "assistant", "content": ""}), true);
    answer["done_reason"] = json!(if stays { "load" } else { "unload" });
    answer
}

/// One line of a stream: all an answer has but its counts.
pub(super) fn line(model: &str, message: &Value, done: bool) -> Value {
    let mut line = json!({"model": model, "created_at": CREATED_DATE, "message": message, "done": done});
    if done {
        line["done_reason"] = json!("stop");
    }
    line
}

/// A call. Ollama's have no ids.
pub(super) fn call(call: &Call) -> Value {
    json!({"function": {"name": call.name, "arguments": call.input()}})
}

fn with_counts(mut line: Value, usage: Usage) -> Value {
    line["total_duration"] = json!(4 * DURATION);
    line["load_duration"] = json!(DURATION);
    line["prompt_eval_count"] = json!(usage.prompt);
    line["prompt_eval_duration"] = json!(DURATION);
    line["eval_count"] = json!(usage.completion);
    line["eval_duration"] = json!(2 * DURATION);
    line
}
