//! Tests of the emulator in Anthropic's shape.

use serde_json::{Value, json};

use crate::mock::MockArgs;
use crate::mock::plan::Settings;
use crate::mock::tests::{answer_at, error_at, reply_at, text};

const MESSAGES: &str = "/v1/messages";

fn ask(model: &str, stream: bool) -> Value {
    let messages = json!([{"role": "user", "content": "hello there"}]);
    json!({"model": model, "stream": stream, "max_tokens": 4096, "messages": messages})
}

/// The data of all events, each under the name that its line `event:` says.
fn events(args: &MockArgs, body: &Value) -> Vec<Value> {
    let stream = text(&reply_at(args, MESSAGES, body));
    let event = |event: &str| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(Some(data["type"].as_str().unwrap()), name.strip_prefix("event: "));
        data
    };
    stream.split_terminator("\n\n").map(event).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let mut types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    types.dedup();
    types
}

fn joined(events: &[Value], pointer: &str) -> String {
    let parts = events.iter().filter_map(|event| event.pointer(pointer));
    parts.filter_map(Value::as_str).collect()
}

#[test]
fn a_whole_message_has_anthropics_form() {
    let answer = answer_at(MESSAGES, &ask("gpt-4", false));
    assert_eq!(
        answer,
        json!({
            "id": "msg_mock_1", "type": "message", "role": "assistant", "model": "gpt-4",
            "content": [{"type": "text", "text": "You said: hello there"}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {
                "input_tokens": 2, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 4, "service_tier": "standard",
            },
        })
    );
}

#[test]
fn a_stream_has_anthropics_events_in_order() {
    let mut body = ask("gpt-4", true);
    body["thinking"] = json!({"type": "adaptive"});
    let events = events(&MockArgs::default(), &body);
    assert_eq!(
        types(&events),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    assert_eq!(events[0]["message"]["content"], json!([]));
    assert_eq!(events[1]["content_block"]["type"], "thinking");
    assert_eq!(joined(&events, "/delta/text"), "You said: hello there");
    assert!(joined(&events, "/delta/thinking").starts_with("The user said"));
    assert_eq!(joined(&events, "/delta/signature"), super::SIGNATURE);
    let end = &events[events.len() - 2];
    assert_eq!(end["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
    assert_eq!(end["usage"]["output_tokens"], 13);
}

#[test]
fn streamed_calls_split_their_arguments() {
    let mut body = ask("gpt-4", true);
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    body["tools"] = json!([{"name": "a", "input_schema": schema}, {"name": "b", "input_schema": schema}]);
    let events = events(&MockArgs::default(), &body);
    let starts: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "content_block_start")
        .collect();
    assert_eq!(
        starts[1]["content_block"],
        json!({"type": "tool_use", "id": "toolu_mock_1_1", "name": "b", "input": {}})
    );
    assert_eq!(starts[1]["index"], 1);
    let arguments = joined(&events, "/delta/partial_json");
    assert_eq!(arguments, r#"{"city":"mock"}{"city":"mock"}"#);
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[test]
fn tool_choice_is_obeyed() {
    let names = |choice: Value| {
        let mut body = ask("gpt-4", false);
        body["tools"] = json!([{"name": "a", "input_schema": {}}, {"name": "b", "input_schema": {}}]);
        body["tool_choice"] = choice;
        let answer = answer_at(MESSAGES, &body);
        let blocks = answer["content"].as_array().unwrap().clone();
        let names = blocks.iter().filter_map(|block| block["name"].as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(json!({"type": "auto"})), ["a", "b"]);
    assert_eq!(names(json!({"type": "any", "disable_parallel_tool_use": true})), ["a"]);
    assert_eq!(names(json!({"type": "tool", "name": "b"})), ["b"]);
    assert!(names(json!({"type": "none"})).is_empty());
}

#[test]
fn faults_come_after_the_ordered_number_of_deltas() {
    let error = events(&MockArgs::default(), &ask("mock-error-event", true));
    assert_eq!(
        types(&error),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "error"
        ]
    );
    assert_eq!(error.last().unwrap()["error"]["type"], "api_error");
    let cut = events(&MockArgs::default(), &ask("mock-cut", true));
    assert_eq!(types(&cut).last(), Some(&"content_block_delta"));
}

#[test]
fn what_is_marked_for_the_cache_is_counted_apart() {
    let mut body = ask("gpt-4", false);
    body["system"] = json!([{"type": "text", "text": "be very kind", "cache_control": {"type": "ephemeral"}}]);
    let usage = |body: &Value| answer_at(MESSAGES, body)["usage"].clone();
    let first = usage(&body);
    assert_eq!(first["input_tokens"], 2);
    assert_eq!(first["cache_creation_input_tokens"], 3);
    body["messages"] = json!([
        {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "x"},
    ]);
    let second = usage(&body);
    assert_eq!(second["input_tokens"], 3);
    assert_eq!(second["cache_read_input_tokens"], 3);
}

#[test]
fn tokens_are_counted_without_a_limit_in_the_request() {
    let mut body = ask("gpt-4", false);
    body.as_object_mut().unwrap().remove("max_tokens");
    assert_eq!(
        answer_at("/v1/messages/count_tokens", &body),
        json!({"input_tokens": 2})
    );
}

#[test]
fn what_the_vendor_refuses_is_refused() {
    let check = |change: &dyn Fn(&mut Value), words: &str| {
        let mut body = ask("gpt-4", false);
        change(&mut body);
        let (status, error) = error_at(MESSAGES, &body);
        assert_eq!(status, 400, "{body}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message} says {words}");
    };
    check(&|body| body["max_tokens"] = Value::Null, "max_tokens: Field required");
    check(&|body| body["messages"] = json!([]), "at least one message");
    check(
        &|body| body["messages"][0]["role"] = json!("system"),
        "Unexpected role \"system\"",
    );
    check(
        &|body| body["thinking"] = json!({"type": "enabled", "budget_tokens": 4096}),
        "must be greater than `thinking.budget_tokens`",
    );
    let call = |id: &str| json!([{"type": "tool_use", "id": id, "name": "a", "input": {}}]);
    check(&|body| body["messages"][0] = json!(7), "Invalid type");
    check(
        &|body| {
            body["messages"] = json!([
                {"role": "user", "content": "x"}, {"role": "assistant", "content": call("toolu_1")},
                {"role": "user", "content": "no result"},
            ]);
        },
        "`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
    );
    check(
        &|body| {
            let result = json!([{"type": "tool_result", "tool_use_id": "toolu_2", "content": "x"}]);
            body["messages"] = json!([{"role": "user", "content": result}]);
        },
        "unexpected `tool_use_id`",
    );
    check(
        &|body| body["messages"] = json!([{"role": "assistant", "content": call("a.b")}]),
        "should match pattern",
    );
    check(
        &|body| {
            let thoughts = json!([{"type": "thinking", "thinking": "x", "signature": "theirs"}]);
            body["messages"] = json!([{"role": "assistant", "content": thoughts}]);
        },
        "Invalid `signature`",
    );
}

#[test]
fn errors_have_anthropics_types() {
    let check = |model: &str, status: u16, kind: &str| {
        let (found, error) = error_at(MESSAGES, &ask(model, true));
        assert_eq!(
            (found, error["error"]["type"].as_str().unwrap()),
            (status, kind),
            "{error}"
        );
        assert_eq!(error["type"], "error");
        assert_eq!(error["request_id"], "req_mock_1");
        error["error"]["message"].as_str().unwrap().to_owned()
    };
    check("mock-status-401", 401, "authentication_error");
    check("mock-status-402", 402, "billing_error");
    check("mock-status-403", 403, "permission_error");
    check("mock-status-413", 413, "request_too_large");
    check("mock-status-429", 429, "rate_limit_error");
    check("mock-status-500", 500, "api_error");
    check("mock-status-504", 504, "timeout_error");
    check("mock-status-529", 529, "overloaded_error");
    assert_eq!(check("missing", 404, "not_found_error"), "model: missing");
    assert!(check("mock-context-length", 400, "invalid_request_error").starts_with("prompt is too long"));
    assert!(check("mock-quota", 400, "invalid_request_error").contains("credit balance"));
}

#[test]
fn models_come_in_pages() {
    let settings = Settings::new(MockArgs {
        models: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ..MockArgs::default()
    })
    .unwrap();
    let page = |after: Option<&str>| -> Value {
        serde_json::from_str(&text(&super::models::list(&settings, Some("2"), after))).unwrap()
    };
    let first = page(None);
    assert_eq!(first["has_more"], true);
    assert_eq!((&first["first_id"], &first["last_id"]), (&json!("a"), &json!("b")));
    let last = page(Some("b"));
    assert_eq!(
        (&last["has_more"], &last["data"][0]["id"]),
        (&json!(false), &json!("c"))
    );
}
