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
fn thoughts_in_a_list_of_parts_are_told_from_what_is_said() {
    let reference = json!({"type": "reference", "reference_ids": [1]});
    let thinking = json!([{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]);
    let content =
        json!([{"type": "thinking", "thinking": thinking, "closed": true}, {"type": "text", "text": "a"}, reference]);
    let response = parse(&json!({"choices": [{"message": {"content": content}}]}).to_string()).unwrap();
    let [Part::Reasoning(thought), said] = response.parts.as_slice() else {
        panic!("{response:?}")
    };
    assert_eq!(thought.text.as_deref(), Some("hm"));
    assert_eq!(*said, Part::text("a"));
    assert_eq!(
        rest(&response),
        json!({"choices": [{"message": {"content": [reference]}}]}),
        "what nobody maps is kept"
    );
}

#[test]
fn odd_parts_of_a_list_do_not_cost_the_answer() {
    let content =
        json!([7, {"type": "thinking", "thinking": "hm"}, {"type": "thinking", "thinking": []}, {"text": "a"}]);
    let response = parse(&json!({"choices": [{"message": {"content": content}}]}).to_string()).unwrap();
    assert!(
        matches!(&response.parts[..], [Part::Reasoning(_), Part::Text(text)] if text.text == "a"),
        "{response:?}"
    );
    assert_eq!(rest(&response), json!({"choices": [{"message": {"content": [7]}}]}));
    assert!(
        parse(r#"{"choices":[{"message":{"content":7}}]}"#).is_err(),
        "what is no content at all is an error"
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
    for body in [
        r#"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
        r#"{"choices":[],"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#,
        r#"{"object":"error","message":"slow down","type":"rate_limit_exceeded","code":429}"#,
    ] {
        let error = parse(body).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::RateLimited, "slow down"),
            "{body}"
        );
    }
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
fn an_answer_that_calls_waits_for_results_whatever_its_word() {
    let of = |word: &str| {
        let calls = json!([{"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
        parse(&json!({"choices": [{"message": {"tool_calls": calls}, "finish_reason": word}]}).to_string()).unwrap()
    };
    for word in ["stop", "eos"] {
        let response = of(word);
        assert_eq!(response.finish, FinishReason::ToolCalls, "{word}");
        assert_eq!(
            rest(&response),
            json!({"choices": [{"finish_reason": word}]}),
            "the vendor's word is kept"
        );
    }
    assert_eq!(of("length").finish, FinishReason::Length);
    assert!(of("tool_calls").extra.is_none());
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
