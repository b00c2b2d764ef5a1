//! What whole answers mean. Complete ones are in `tests/fixtures/answers`.

use serde_json::{Value, json};
use wharf_provider_sdk::{ErrorKind, FinishReason, Message, Role, ToolCall};

use super::*;

fn parse_new(body: &Value) -> Result<Response, Error> {
    parse(&body.to_string(), CallIds::default())
}

fn parsed(body: &str) -> Response {
    parse(body, CallIds::default()).unwrap()
}

#[test]
fn every_reason_to_stop_has_a_meaning() {
    for (reason, expected, kept) in [
        (json!("stop"), FinishReason::Stop, false),
        (json!("length"), FinishReason::Length, false),
        (json!("load"), FinishReason::Other, true),
        (json!("unload"), FinishReason::Other, true),
        (json!("something new"), FinishReason::Other, true),
        (json!(""), FinishReason::Stop, false),
        (json!(null), FinishReason::Stop, false),
    ] {
        let body = json!({"message": {"content": "a"}, "done": true, "done_reason": reason});
        let response = parse_new(&body).unwrap();
        assert_eq!(response.finish, expected, "{reason}");
        let extra = response.extra.map(|extra| extra.value);
        let word = json!({"done_reason": reason}).to_string();
        assert_eq!(extra, kept.then_some(word), "{reason}");
    }
}

#[test]
fn calls_are_the_reason_unless_there_is_a_stronger_one() {
    let finish = |reason: Value| {
        let call = json!({"function": {"name": "f", "arguments": {}}});
        let message = json!({"content": "", "tool_calls": [call]});
        parse_new(&json!({"message": message, "done": true, "done_reason": reason}))
            .unwrap()
            .finish
    };
    assert_eq!(finish(json!("stop")), FinishReason::ToolCalls);
    assert_eq!(finish(json!(null)), FinishReason::ToolCalls);
    assert_eq!(finish(json!("length")), FinishReason::Length);
}

#[test]
fn an_answer_that_says_nothing_is_an_empty_text() {
    let response = parsed(r#"{"message":{"role":"assistant","content":""},"done":true}"#);
    assert_eq!(response.parts, [Part::text("")]);
    assert_eq!(response.extra, None);
}

#[test]
fn calls_get_an_identifier_that_is_new_in_the_conversation() {
    let earlier = Message {
        role: Role::Assistant,
        name: None,
        parts: vec![Part::ToolCall(ToolCall {
            id: "call_0".into(),
            name: "f".into(),
            arguments: "{}".into(),
            extra: None,
        })],
        extra: None,
    };
    let body = r#"{"message":{"content":"","tool_calls":[
        {"function":{"index":0,"name":"f","arguments":{"big":123456789012345678901234567890}}},
        {"id":"theirs","function":{"name":"g","arguments":"{\"a\":1}"}},
        {"function":{"name":"h"}}]},"done":true}"#;
    let response = parse(body, CallIds::after(&[earlier])).unwrap();
    let calls = response.parts.into_iter().map(|part| match part {
        Part::ToolCall(call) => (call.id, call.name, call.arguments, call.extra),
        other => panic!("{other:?}"),
    });
    let call = |id: &str, name: &str, arguments: &str| {
        let nothing: Option<String> = None;
        (id.to_owned(), name.to_owned(), arguments.to_owned(), nothing)
    };
    assert_eq!(
        calls.collect::<Vec<_>>(),
        [
            call("call_1", "f", r#"{"big":123456789012345678901234567890}"#),
            call("theirs", "g", r#"{"a":1}"#),
            call("call_2", "h", "{}"),
        ]
    );
}

#[test]
fn what_nobody_mapped_keeps_its_structure() {
    let response = parsed(
        r#"{"created_at":"t","message":{"content":"a","images":["AQ=="],"tool_calls":[
        {"type":"function","function":{"name":"f","arguments":{},"why":1}}]},"done":true,"prompt_eval_count":-1}"#,
    );
    assert_eq!(
        response.extra.unwrap().value,
        r#"{"created_at":"t","prompt_eval_count":-1,"message":{"images":["AQ=="]}}"#
    );
    let Some(Part::ToolCall(call)) = response.parts.last() else {
        panic!("{:?}", response.parts)
    };
    assert_eq!(
        call.extra.as_deref(),
        Some(r#"{"type":"function","function":{"why":1}}"#)
    );
}

#[test]
fn an_answer_that_is_not_done_broke_off() {
    let error = parse_new(&json!({"message": {"content": "a"}, "done": false})).unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, true));
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    let error = parse_new(&json!({"error": "m is on fire"})).unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::Unavailable, "m is on fire")
    );
}

#[test]
fn what_is_no_answer_says_where_to_look() {
    for body in [
        "<html>",
        "[]",
        "{}",
        r#"{"response":"a"}"#,
        r#"{"message":"a"}"#,
        r#"{"message":{"content":1}}"#,
    ] {
        let error = parse(body, CallIds::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{body}");
    }
}
