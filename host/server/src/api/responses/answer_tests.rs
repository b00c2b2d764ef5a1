//! What whole answers look like.

use serde_json::{Value, json};
use wharf::{Extension, FinishReason, Json, Reasoning, Text, ToolCall, Usage};

use super::*;

fn response(parts: Vec<Part>, finish: FinishReason) -> Response {
    Response {
        id: Some("c1".into()),
        model: Some("m-1".into()),
        parts,
        finish,
        usage: Usage::default(),
        extra: None,
    }
}

fn own(value: &str) -> Option<Extension> {
    Some(Extension {
        kind: "openai.responses".into(),
        value: Json(value.into()),
    })
}

fn echo() -> Leftover {
    leftover::of(Some(&Json(r#"{"temperature":0.5,"tools":[]}"#.into())))
}

fn shown(response: &Response) -> Value {
    serde_json::from_str(&render(response, Head::new("req_7", "route", 9), &echo())).unwrap()
}

fn call(id: &str, extra: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: "f".into(),
        arguments: Json("{\"a\": 1}".into()),
        extra: extra.map(|text| Json(text.into())),
    })
}

#[test]
fn an_answer_of_any_vendor_is_complete() {
    let mut response = response(vec![Part::text("a\"b")], FinishReason::Stop);
    response.usage.input_tokens = Some(1);
    response.usage.output_tokens = Some(2);
    let text = json!({"type": "output_text", "text": "a\"b", "annotations": [], "logprobs": []});
    assert_eq!(
        shown(&response),
        json!({
            "id": "resp_c1", "object": "response", "created_at": 9, "status": "completed", "error": null,
            "incomplete_details": null, "model": "m-1", "background": false, "previous_response_id": null,
            "store": false, "temperature": 0.5, "tools": [],
            "output": [{"id": "msg_c1_0", "type": "message", "status": "completed", "role": "assistant",
                "content": [text]}],
            "usage": {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 3},
        })
    );
}

#[test]
fn what_the_vendor_does_not_say_is_the_hosts() {
    let silent = Response {
        id: None,
        model: None,
        ..response(vec![], FinishReason::Stop)
    };
    let shown = shown(&silent);
    assert_eq!((&shown["id"], &shown["model"]), (&json!("resp_7"), &json!("route")));
    assert_eq!((&shown["usage"], &shown["output"]), (&Value::Null, &json!([])));
}

#[test]
fn items_come_in_the_vendors_order() {
    let thought = Part::Reasoning(Reasoning {
        text: Some("hm".into()),
        signature: Some("abc".into()),
        ..Reasoning::default()
    });
    let parts = vec![
        thought,
        Part::text("a"),
        Part::text("b"),
        call(
            "x",
            Some(r#"{"thoughtSignature":"wharf:gemini.generate:s","id":"theirs","caller":1}"#),
        ),
        Part::Refusal("no".into()),
    ];
    let shown = shown(&response(parts, FinishReason::ToolCalls));
    let kinds: Vec<&str> = shown["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call", "message"]);
    assert_eq!(
        shown["output"][0],
        json!({"id": "rs_c1_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "signature:abc"})
    );
    assert_eq!(shown["output"][1]["content"][1]["text"], "b");
    assert_eq!(
        shown["output"][2],
        json!({"id": "fc_c1_2", "type": "function_call", "status": "completed", "call_id": "x", "name": "f",
            "arguments": "{\"a\": 1}", "thoughtSignature": "wharf:gemini.generate:s"}),
        "what a vendor wants back goes to the client, and nothing else of its own"
    );
    assert_eq!(
        shown["output"][3]["content"],
        json!([{"type": "refusal", "refusal": "no"}])
    );
}

#[test]
fn an_answer_that_was_cut_off_does_not_seem_complete() {
    let of = |finish, parts| {
        let shown = shown(&response(parts, finish));
        let items: Vec<Value> = shown["output"].as_array().unwrap().clone();
        let last = items.last().map(|item| item["status"].clone()).unwrap_or_default();
        (
            shown["status"].clone(),
            shown["incomplete_details"]["reason"].clone(),
            last,
        )
    };
    let incomplete = |reason: &str| (json!("incomplete"), json!(reason), json!("incomplete"));
    let text = || vec![call("x", None), Part::text("a")];
    assert_eq!(of(FinishReason::Length, text()), incomplete("max_output_tokens"));
    assert_eq!(of(FinishReason::ContentFilter, text()), incomplete("content_filter"));
    assert_eq!(
        of(FinishReason::Refusal, text()),
        incomplete("content_filter"),
        "without a word of refusal"
    );
    let complete = (json!("completed"), Value::Null, json!("completed"));
    assert_eq!(
        of(FinishReason::Refusal, vec![Part::Refusal("no".into())]),
        complete,
        "a refusal in words is an answer"
    );
    assert_eq!(
        of(FinishReason::Other, text()),
        incomplete("max_output_tokens"),
        "whatever it was, the answer is not whole"
    );
    let failed = shown(&response(text(), FinishReason::Error));
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("server_error"))
    );
}

#[test]
fn thoughts_that_were_sealed_apart_are_items_apart() {
    let thought = Part::Reasoning(Reasoning {
        text: Some("hm".into()),
        signature: Some("abc".into()),
        redacted: Some("gA".into()),
        extra: None,
    });
    let shown = shown(&response(
        vec![thought, Part::Reasoning(Reasoning::default())],
        FinishReason::Stop,
    ));
    let seals: Vec<&Value> = shown["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["encrypted_content"])
        .collect();
    assert_eq!(seals, [&json!("signature:abc"), &json!("gA")]);
}

#[test]
fn a_vendor_of_the_same_dialect_is_repeated_word_for_word() {
    let text = Part::Text(Text {
        text: "a".into(),
        extra: Some(Json(
            r#"{"annotations":[{"type":"url_citation"}],"message":{"id":"msg_theirs","phase":"final_answer"}}"#.into(),
        )),
    });
    let thought = Part::Reasoning(Reasoning {
        redacted: Some("gA".into()),
        extra: Some(Json(r#"{"id":"rs_theirs"}"#.into())),
        ..Reasoning::default()
    });
    let search = Part::Extension(own(r#"{"type":"web_search_call","id":"ws_1"}"#).unwrap());
    let parts = || vec![thought.clone(), search.clone(), text.clone()];
    let mut theirs = response(parts(), FinishReason::Stop);
    theirs.id = Some("resp_theirs".into());
    theirs.extra = own(r#"{"service_tier":"default","temperature":1.00}"#);
    let body = render(&theirs, Head::new("req_7", "route", 9), &echo());
    assert!(
        body.contains(r#""temperature":1.00"#),
        "the vendor knows better than the request: {body}"
    );
    let shown_whole = shown(&theirs);
    assert_eq!(
        (&shown_whole["id"], &shown_whole["service_tier"], &shown_whole["status"]),
        (&json!("resp_theirs"), &json!("default"), &json!("completed"))
    );
    let output = &shown_whole["output"];
    assert_eq!(output[0]["id"], "rs_theirs", "its seal belongs to its identifier");
    assert_eq!(output[1], json!({"type": "web_search_call", "id": "ws_1"}));
    let message = |name: &str| output[2][name].clone();
    assert_eq!(
        (message("id"), message("phase")),
        (json!("msg_theirs"), json!("final_answer"))
    );
    assert_eq!(
        output[2]["content"][0]["annotations"],
        json!([{"type": "url_citation"}])
    );
    let foreign = shown(&response(parts(), FinishReason::Stop));
    assert_eq!(foreign["output"][0]["id"], "rs_c1_0");
    assert_eq!(
        foreign["output"][2]["content"][0]["annotations"],
        json!([]),
        "another dialect's fields mean nothing here"
    );
}

#[test]
fn messages_of_the_same_dialect_are_as_many_as_there_were() {
    let text = |text: &str, extra: Option<&str>| {
        Part::Text(Text {
            text: text.into(),
            extra: extra.map(|extra| Json(extra.into())),
        })
    };
    let mut theirs = response(
        vec![
            text("a", Some(r#"{"message":{"id":"msg_1"}}"#)),
            text("b", None),
            text("c", Some(r#"{"message":{"id":"msg_2"}}"#)),
            text("", Some(r#"{"message":{"id":"msg_3"}}"#)),
            Part::Refusal("no".into()),
        ],
        FinishReason::Stop,
    );
    theirs.extra = own("{}");
    let output = shown(&theirs)["output"].clone();
    let messages: Vec<(Value, usize)> = output
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].clone(), item["content"].as_array().map_or(0, Vec::len)))
        .collect();
    assert_eq!(
        messages,
        [(json!("msg_1"), 2), (json!("msg_2"), 1), (json!("msg_3"), 1)]
    );
}

#[test]
fn thoughts_of_the_same_dialect_are_as_they_were() {
    let thought = |extra: &str| {
        Part::Reasoning(Reasoning {
            text: Some("a\n\nb".into()),
            extra: Some(Json(extra.into())),
            ..Reasoning::default()
        })
    };
    let summary = r#"{"id":"rs_1","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]}"#;
    let content = r#"{"id":"rs_2","summary":[],"content":[{"type":"reasoning_text","text":"a"}],"status":null}"#;
    let mut theirs = response(vec![thought(summary), thought(content)], FinishReason::Stop);
    theirs.extra = own("{}");
    let output = shown(&theirs)["output"].clone();
    let with_type = |json: &str| {
        let mut item: Value = serde_json::from_str(json).unwrap();
        item["type"] = json!("reasoning");
        item
    };
    assert_eq!(output[0], with_type(summary));
    assert_eq!(output[1], with_type(content));
}

#[test]
fn an_end_that_the_host_has_no_word_for_is_told_by_the_vendor() {
    let mut theirs = response(vec![], FinishReason::Other);
    assert_eq!(shown(&theirs)["status"], "incomplete", "it is not whole");
    theirs.extra = own(r#"{"status":"cancelled","incomplete_details":null}"#);
    assert_eq!(shown(&theirs)["status"], "cancelled");
}

#[test]
fn a_thought_of_which_nothing_is_shown_is_an_item_if_it_is_the_vendors() {
    let silent = Part::Reasoning(Reasoning {
        extra: Some(Json(r#"{"id":"rs_1","summary":[]}"#.into())),
        ..Reasoning::default()
    });
    let mut response = response(vec![silent, Part::text("a")], FinishReason::Stop);
    assert_eq!(shown(&response)["output"].as_array().unwrap().len(), 1);
    response.extra = own("{}");
    let shown = shown(&response);
    assert_eq!(
        shown["output"][0],
        json!({"id": "rs_1", "type": "reasoning", "summary": []})
    );
}

#[test]
fn a_message_with_parts_that_nobody_knows_has_the_vendors_content() {
    let content = json!([{"type": "output_text", "text": "a"}, {"type": "new_part", "x": 1}]);
    let text = Part::Text(Text {
        text: "a".into(),
        extra: Some(Json(
            json!({"message": {"id": "msg_1", "content": content}}).to_string(),
        )),
    });
    let mut response = response(vec![text], FinishReason::Stop);
    response.extra = own("{}");
    let message = shown(&response)["output"][0].take();
    assert_eq!((&message["id"], &message["content"]), (&json!("msg_1"), &content));
}
