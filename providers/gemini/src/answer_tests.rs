//! What whole answers mean. Complete ones are in `tests/fixtures/answers`.

use wharf_provider_sdk::{ErrorKind, Text};

use super::*;

fn parts(parts: &str) -> Vec<Part> {
    parse(&format!(r#"{{"candidates":[{{"content":{{"parts":{parts}}}}}]}}"#))
        .unwrap()
        .parts
}

fn stopped(word: &str) -> Response {
    parse(&format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"a"}}]}},"finishReason":"{word}"}}]}}"#
    ))
    .unwrap()
}

#[test]
fn every_reason_to_stop_has_a_meaning() {
    use FinishReason as F;
    for (word, expected) in [
        ("STOP", F::Stop),
        ("MAX_TOKENS", F::Length),
        ("SAFETY", F::ContentFilter),
        ("RECITATION", F::ContentFilter),
        ("BLOCKLIST", F::ContentFilter),
        ("PROHIBITED_CONTENT", F::ContentFilter),
        ("SPII", F::ContentFilter),
        ("IMAGE_SAFETY", F::ContentFilter),
        ("MALFORMED_FUNCTION_CALL", F::Error),
        ("UNEXPECTED_TOOL_CALL", F::Error),
        ("LANGUAGE", F::Other),
        ("OTHER", F::Other),
        ("A_NEW_ONE", F::Other),
        ("FINISH_REASON_UNSPECIFIED", F::Stop),
    ] {
        assert_eq!(stopped(word).finish, expected, "{word}");
    }
}

#[test]
fn a_reason_that_says_more_is_kept() {
    assert!(stopped("STOP").extra.is_none());
    assert_eq!(
        stopped("SPII").extra.unwrap().value,
        r#"{"candidates":[{"finishReason":"SPII"}]}"#
    );
}

#[test]
fn signatures_stay_on_the_part_they_came_with() {
    let found = parts(
        r#"[{"text":"hm","thought":true,"thoughtSignature":"s1"},{"text":"a","thoughtSignature":"s2"},
        {"functionCall":{"name":"f"},"thoughtSignature":"s3"},{"thoughtSignature":"s4"}]"#,
    );
    let [
        Part::Reasoning(thought),
        Part::Text(text),
        Part::ToolCall(call),
        Part::Text(last),
    ] = found.as_slice()
    else {
        panic!("{found:?}")
    };
    assert_eq!(thought.signature.as_deref(), Some("wharf:gemini.generate:s1"));
    assert_eq!(
        text.extra.as_deref(),
        Some(r#"{"thoughtSignature":"wharf:gemini.generate:s2"}"#)
    );
    assert_eq!(
        call.extra.as_deref(),
        Some(r#"{"thoughtSignature":"wharf:gemini.generate:s3"}"#)
    );
    assert_eq!(
        *last,
        Text {
            text: String::new(),
            extra: Some(r#"{"thoughtSignature":"wharf:gemini.generate:s4"}"#.to_owned())
        }
    );
}

#[test]
fn arguments_are_what_the_model_wrote() {
    let found = parts(r#"[{"functionCall":{"id":"x","name":"f","args":{"a": 1.0}}},{"functionCall":{"name":"g"}}]"#);
    let [Part::ToolCall(first), Part::ToolCall(second)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!((first.id.as_str(), first.arguments.as_str()), ("x", r#"{"a":1.0}"#));
    assert_eq!(second.arguments, "{}");
    assert!(second.id.starts_with("call_"), "{second:?}");
}

#[test]
fn a_part_of_nothing_is_none() {
    assert_eq!(parts(r#"[{},{"text":"a"}]"#), [Part::text("a")]);
}

#[test]
fn what_is_not_an_answer_says_where_to_look() {
    for body in [
        "<html>",
        "[]",
        "{}",
        r#"{"candidates":[]}"#,
        r#"{"candidates":"x"}"#,
        r#"{"candidates":[{"content":{"parts":[{"inlineData":{"data":"?"}}]}}]}"#,
    ] {
        assert_eq!(parse(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
    }
}

#[test]
fn an_error_inside_a_success_is_an_error() {
    let error = parse(r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Overloaded, "m"));
}

#[test]
fn a_blocked_prompt_is_an_error_that_says_why() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"responseId":"r"}"#;
    let error = parse(body).unwrap_err();
    assert_eq!(error.kind, ErrorKind::ContentFiltered);
    assert_eq!(error.provider_code.as_deref(), Some("PROHIBITED_CONTENT"));
    assert_eq!(error.request_id.as_deref(), Some("r"));
    assert!(error.sent && error.message.contains("PROHIBITED_CONTENT"), "{error:?}");
}

#[test]
fn bookkeeping_of_a_wrong_type_does_not_cost_the_answer() {
    let body = r#"{"responseId":7,"modelVersion":null,"usageMetadata":[],
        "candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    let response = parse(body).unwrap();
    assert_eq!(response.parts, [Part::text("a")]);
    assert_eq!(response.extra.unwrap().value, r#"{"responseId":7,"usageMetadata":[]}"#);
}
