//! Tests of the emulated responses.

use serde_json::{Value, json};

use super::SEAL;
use crate::mock::MockArgs;
use crate::mock::tests::{answer_at, error_at, reply_at, text};

const PATH: &str = "/v1/responses";

fn asked(input: Value) -> Value {
    json!({"model": "gpt-4", "store": false, "input": input})
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn a_question_is_answered_in_items() {
    let body = with(
        asked(json!("hello there")),
        json!({"instructions": "be brief", "reasoning": {"effort": "low", "summary": "auto"},
            "include": ["reasoning.encrypted_content"]}),
    );
    let answer = answer_at(PATH, &body);
    assert_eq!(answer["status"], "completed");
    assert_eq!(answer["instructions"], "be brief");
    assert_eq!(answer["output"][0]["encrypted_content"], SEAL);
    assert_eq!(answer["output"][1]["content"][0]["text"], "You said: hello there");
    assert_eq!(answer["usage"]["input_tokens"], 4);
}

#[test]
fn a_stream_tells_what_the_whole_answer_says() {
    let tools = json!([{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}]);
    for fields in [
        json!({}),
        json!({"tools": tools}),
        json!({"reasoning": {"effort": "low", "summary": "auto"}}),
        json!({"reasoning": {"effort": "low"}}),
        json!({"model": "mock-refusal"}),
    ] {
        let body = with(asked(json!("hello there")), fields);
        let whole = answer_at(PATH, &body);
        let streamed = text(&reply_at(
            &MockArgs::default(),
            PATH,
            &with(body, json!({"stream": true})),
        ));
        let events: Vec<Value> = streamed
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).unwrap())
            .collect();
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event["sequence_number"], number, "{event}");
        }
        let last = events.last().unwrap();
        assert_eq!(last["type"], "response.completed");
        assert_eq!(last["response"]["output"], whole["output"]);
        let done = events
            .iter()
            .filter(|event| event["type"] == "response.output_item.done");
        let done: Value = done.map(|event| event["item"].clone()).collect();
        assert_eq!(done, whole["output"]);
    }
}

#[test]
fn what_the_vendor_would_not_take_is_refused() {
    let user = json!({"role": "user", "content": "hello"});
    let call = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"});
    let result = json!({"type": "function_call_output", "call_id": "c", "output": "x"});
    let said = |content: Value| json!({"type": "message", "role": "assistant", "content": content});
    for (input, word) in [
        (json!([user, call]), "No tool output"),
        (json!([user, result]), "No tool call"),
        (
            json!([{"type": "reasoning", "id": "rs_1", "summary": []}]),
            "not persisted",
        ),
        (
            json!([{"type": "reasoning", "summary": [], "encrypted_content": "x"}]),
            "could not be verified",
        ),
        (
            json!([{"type": "message", "id": "x", "role": "user", "content": "a"}]),
            "begins with",
        ),
        (
            json!([said(json!([{"type": "input_text", "text": "a"}]))]),
            "input_text",
        ),
        (
            json!([{"role": "user", "content": [{"type": "output_text", "text": "a"}]}]),
            "output_text",
        ),
    ] {
        let (status, error) = error_at(PATH, &asked(input));
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(word), "{word}: {status} {error}");
    }
    let (status, _) = error_at(PATH, &with(asked(json!("a")), json!({"seed": 7})));
    assert_eq!(status, 400, "that is chat completions'");
    let good = json!([user, {"type": "reasoning", "summary": [], "encrypted_content": SEAL}, call, result]);
    assert_eq!(
        answer_at(PATH, &asked(good))["output"][0]["content"][0]["text"],
        "The tool said: x"
    );
}
