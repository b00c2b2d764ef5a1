//! What whole answers mean. Complete ones are in `tests/fixtures/answers`.

use wharf_provider_sdk::ErrorKind;

use super::*;

fn stopped(rest: &str) -> Response {
    parse(&format!(r#"{{"content":[{{"type":"text","text":"a"}}]{rest}}}"#)).unwrap()
}

fn parts(content: &str) -> Vec<Part> {
    parse(&format!(r#"{{"content":{content}}}"#)).unwrap().parts
}

fn rest(response: &Response) -> &str {
    &response.extra.as_ref().unwrap().value
}

#[test]
fn every_reason_to_stop_has_a_meaning() {
    use FinishReason as F;
    for (word, expected) in [
        ("end_turn", F::Stop),
        ("stop_sequence", F::Stop),
        ("max_tokens", F::Length),
        ("model_context_window_exceeded", F::Length),
        ("tool_use", F::ToolCalls),
        ("refusal", F::Refusal),
        ("pause_turn", F::Other),
        ("something_new", F::Other),
    ] {
        let found = stopped(&format!(r#","stop_reason":"{word}""#));
        assert_eq!(found.finish, expected, "{word}");
    }
}

#[test]
fn a_reason_that_is_not_plain_stays_readable() {
    assert_eq!(
        rest(&stopped(r#","stop_reason":"end_turn","stop_sequence":null"#)),
        "{}"
    );
    for word in ["pause_turn", "model_context_window_exceeded", "something_new"] {
        let field = format!(r#""stop_reason":"{word}""#);
        assert_eq!(rest(&stopped(&format!(",{field}"))), format!("{{{field}}}"));
    }
}

#[test]
fn without_a_reason_the_parts_say_why_it_stopped() {
    assert_eq!(stopped("").finish, FinishReason::Stop);
    assert_eq!(stopped(r#","stop_reason":null"#).finish, FinishReason::Stop);
    let called = parse(r#"{"content":[{"type":"tool_use","id":"x","name":"f"}]}"#).unwrap();
    assert_eq!(called.finish, FinishReason::ToolCalls);
}

#[test]
fn bookkeeping_of_a_wrong_type_does_not_cost_the_answer() {
    let found = stopped(r#","id":7,"model":null,"usage":[],"stop_reason":{}"#);
    assert_eq!(found.parts, [Part::text("a")]);
    assert_eq!(rest(&found), r#"{"id":7,"usage":[],"stop_reason":{}}"#);
}

#[test]
fn the_dialect_is_named_even_when_nothing_is_left() {
    let extra = stopped("").extra.unwrap();
    assert_eq!((extra.kind.as_str(), extra.value.as_str()), (crate::DIALECT, "{}"));
}

#[test]
fn a_block_without_what_its_type_demands_is_kept_whole() {
    for block in [
        r#"{"type":"text"}"#,
        r#"{"type":"tool_use","name":"f","input":{}}"#,
        r#"{"type":"redacted_thinking","data":1}"#,
        r#"{"type":"something_new","number":1.10}"#,
        "{}",
    ] {
        let found = parts(&format!("[{block}]"));
        assert_eq!(found, [Part::Extension(extension(block.to_owned()))], "{block}");
    }
}

#[test]
fn arguments_are_what_the_model_wrote() {
    let found = parts(r#"[{"type":"tool_use","id":"x","name":"f","input":{"a": 1.0}}]"#);
    let [Part::ToolCall(call)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(call.arguments, r#"{"a": 1.0}"#);
    assert_eq!(call.extra, None);
}

#[test]
fn what_is_no_message_says_where_to_look() {
    for body in ["<html>", "[]", "{}", r#"{"content":"a"}"#, r#"{"choices":[]}"#] {
        assert_eq!(parse(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
    }
    let error = parse(r#"{"choices":[]}"#).unwrap_err();
    assert!(error.message.contains("`base_url`"), "{error:?}");
}
