//! What whole answers mean.

use serde_json::{Value, json};
use wharf_provider_sdk::ErrorKind;

use super::*;

fn rest(response: &Response) -> Value {
    response
        .extra
        .as_ref()
        .map_or(Value::Null, |extra| serde_json::from_str(&extra.value).unwrap())
}

#[test]
fn a_full_answer_is_mapped_and_the_rest_is_kept_in_its_structure() {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "gpt-x",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hi", "refusal": null, "annotations": []},
             "logprobs": null, "finish_reason": "stop"},
            {"index": 1, "message": {"role": "assistant", "content": "ho"}, "finish_reason": "length"},
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 1}},
        "system_fingerprint": "fp",
    });
    let response = parse(&body.to_string()).unwrap();
    assert_eq!(response.id.as_deref(), Some("chatcmpl-1"));
    assert_eq!(response.parts, [Part::text("hi")]);
    assert_eq!(response.finish, FinishReason::Stop);
    assert_eq!(
        rest(&response),
        json!({
            "object": "chat.completion", "created": 5, "system_fingerprint": "fp",
            "choices": [
                {"logprobs": null, "message": {"annotations": []}},
                {"index": 1, "message": {"role": "assistant", "content": "ho"}, "finish_reason": "length"},
            ],
        })
    );
    let usage = &response.usage;
    assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), Some(2)));
    assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (Some(1), Some(1)));
    assert_eq!(
        serde_json::from_str::<Value>(&usage.extra.as_ref().unwrap().value).unwrap(),
        json!({"total_tokens": 5, "prompt_tokens_details": {"audio_tokens": 0}})
    );
}

fn parts(message: Value) -> Vec<Part> {
    parse(&json!({"choices": [{"message": message}]}).to_string())
        .unwrap()
        .parts
}

#[test]
fn servers_that_leave_things_out_are_understood() {
    let response = parse(r#"{"choices":[{"message":{"content":"hi"}}]}"#).unwrap();
    assert_eq!(response.parts, [Part::text("hi")]);
    assert_eq!(response.finish, FinishReason::Stop);
    assert_eq!(response.usage, Usage::default());
    assert!(response.extra.is_none());
}

#[test]
fn empty_fields_are_not_lost() {
    let message = json!({"content": "hi", "reasoning_content": "", "reasoning": null, "tool_calls": []});
    let response = parse(&json!({"choices": [{"message": message}]}).to_string()).unwrap();
    assert_eq!(response.parts, [Part::text("hi")]);
    assert_eq!(
        rest(&response),
        json!({"choices": [{"message": {"reasoning_content": "", "reasoning": null, "tool_calls": []}}]})
    );
    let counted = json!({"choices": [{"message": {}}], "usage": {"prompt_tokens": 1, "prompt_tokens_details": null}});
    let usage = parse(&counted.to_string()).unwrap().usage;
    assert_eq!(usage.extra.unwrap().value, r#"{"prompt_tokens_details":null}"#);
}

#[test]
fn text_as_a_list_of_parts_is_joined() {
    assert_eq!(
        parts(json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})),
        [Part::text("ab")]
    );
}

#[test]
fn tool_calls_get_an_id_and_their_arguments_as_text() {
    let calls = json!([
        {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
        {"function": {"name": "g", "arguments": {"b": 2}}},
    ]);
    let call = |id: &str, name: &str, arguments: &str| {
        Part::ToolCall(ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
            extra: None,
        })
    };
    assert_eq!(
        parts(json!({"content": null, "tool_calls": calls})),
        [call("x", "f", "{\"a\": 1}"), call("call_1", "g", "{\"b\":2}")]
    );
}

#[test]
fn reasoning_is_found_under_both_of_its_names() {
    for name in ["reasoning_content", "reasoning"] {
        let found = parts(json!({name: "hm", "content": "a"}));
        assert!(
            matches!(&found[0], Part::Reasoning(r) if r.text.as_deref() == Some("hm")),
            "{name}: {found:?}"
        );
    }
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    let error = parse(r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
}

#[test]
fn what_is_not_a_completion_says_where_to_look() {
    for body in ["<html>", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":"x"}"#] {
        assert_eq!(parse(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
    }
}

#[test]
fn a_finish_reason_of_the_vendors_own_is_kept() {
    let response = parse(r#"{"choices":[{"message":{"content":"a"},"finish_reason":"eos"}]}"#).unwrap();
    assert_eq!(response.finish, FinishReason::Stop);
    assert_eq!(rest(&response), json!({"choices": [{"finish_reason": "eos"}]}));
}

#[test]
fn fields_of_a_call_and_calls_of_other_types_are_kept() {
    let custom = r#"{"id":"y","type":"custom","custom":{"name":"g","input":"a"}}"#;
    let calls = format!(
        r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"x","type":"function","sig":1,"function":{{"name":"f","arguments":"{{}}","t":2}}}},{custom}]}}}}]}}"#
    );
    let response = parse(&calls).unwrap();
    let [Part::ToolCall(first), Part::ToolCall(second)] = response.parts.as_slice() else {
        panic!("{response:?}")
    };
    assert_eq!(first.extra.as_deref(), Some(r#"{"sig":1,"function":{"t":2}}"#));
    assert_eq!(
        (second.name.as_str(), second.arguments.as_str(), second.extra.as_deref()),
        ("g", "a", Some(custom))
    );
}
