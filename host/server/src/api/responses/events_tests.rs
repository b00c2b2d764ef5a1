//! What streams look like.

use serde_json::{Value, json};
use wharf::{ErrorKind, Extension, Json, Reasoning, Start, Text, ToolCall};

use super::*;

/// What a stream tells: each event's type and its body.
fn told(events: &[Event]) -> Vec<(String, Value)> {
    let mut stream = Events::new(Head::new("req_7", "route", 9), Leftover::default());
    let mut out = String::new();
    for event in events {
        stream.event(event, &mut out);
    }
    stream.end(&mut out);
    read(&out)
}

fn read(out: &str) -> Vec<(String, Value)> {
    let one = |(number, event): (usize, &str)| {
        let (name, data) = event.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        let body: Value = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
        assert_eq!(body["type"], name, "an event tells its type twice");
        assert_eq!(body["sequence_number"], number, "events are counted from 0: {body}");
        (name.strip_prefix("response.").unwrap_or(name).to_owned(), body)
    };
    out.split_terminator("\n\n").enumerate().map(one).collect()
}

fn names(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(name, _)| name.as_str()).collect()
}

/// The bodies of all events of this type.
fn all<'a>(told: &'a [(String, Value)], name: &str) -> Vec<&'a Value> {
    told.iter()
        .filter(|(told, _)| told == name)
        .map(|(_, body)| body)
        .collect()
}

/// The response of the last event.
fn last(told: &[(String, Value)]) -> &Value {
    &told.last().unwrap().1["response"]
}

fn start() -> Event {
    Event::Start(Start {
        id: Some("c1".into()),
        model: Some("m-1".into()),
        extra: None,
    })
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

fn piece(index: u32, id: Option<&str>, arguments: &str) -> Event {
    Event::ToolCall(CallDelta {
        index,
        id: id.map(str::to_owned),
        name: id.map(|_| "f".to_owned()),
        arguments: arguments.to_owned(),
        extra: None,
    })
}

fn thought(text: Option<&str>, signature: Option<&str>, redacted: Option<&str>) -> Event {
    Event::Reasoning(Reasoning {
        text: text.map(str::to_owned),
        signature: signature.map(str::to_owned),
        redacted: redacted.map(str::to_owned),
        extra: None,
    })
}

#[test]
fn a_text_is_told_from_its_item_to_its_end() {
    let told = told(&[start(), text("a\"b"), text("c"), Event::Finish(FinishReason::Stop)]);
    assert_eq!(
        names(&told),
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ]
    );
    let place = |event: usize| {
        let body = &told[event].1;
        (
            body["item_id"].clone(),
            body["output_index"].clone(),
            body["content_index"].clone(),
        )
    };
    for event in 3..8 {
        assert_eq!(place(event), (json!("msg_c1_0"), json!(0), json!(0)), "{event}");
    }
    assert_eq!(told[4].1["delta"], "a\"b");
    assert_eq!(told[6].1["text"], "a\"bc");
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    assert_eq!((&told[3].1["part"], &told[7].1["part"]), (&part(""), &part("a\"bc")));
    let item = |status: &str, content: Value| json!({"id": "msg_c1_0", "type": "message", "status": status, "role": "assistant", "content": content});
    assert_eq!(told[2].1["item"], item("in_progress", json!([])));
    let whole = item("completed", json!([part("a\"bc")]));
    assert_eq!(told[8].1["item"], whole);
    assert_eq!(last(&told)["output"], json!([whole]));
    let created = &told[0].1["response"];
    assert_eq!(
        (
            &created["id"],
            &created["model"],
            &created["status"],
            &created["output"]
        ),
        (&json!("resp_c1"), &json!("m-1"), &json!("in_progress"), &json!([]))
    );
    assert_eq!(created["id"], last(&told)["id"], "a response keeps its identifier");
}

#[test]
fn a_stream_without_a_start_or_a_word_is_a_response() {
    let told = told(&[Event::Finish(FinishReason::Stop)]);
    assert_eq!(names(&told), ["created", "in_progress", "completed"]);
    let response = last(&told);
    assert_eq!(
        (&response["id"], &response["model"]),
        (&json!("resp_7"), &json!("route"))
    );
    assert_eq!((&response["output"], &response["usage"]), (&json!([]), &Value::Null));
}

#[test]
fn tokens_are_told_at_the_end_wherever_they_were_counted() {
    let usage = |output| {
        Event::Usage(Usage {
            input_tokens: Some(1),
            output_tokens: Some(output),
            ..Usage::default()
        })
    };
    let told = told(&[
        usage(0),
        start(),
        text("a"),
        Event::Finish(FinishReason::Stop),
        usage(2),
    ]);
    assert_eq!(told[0].1["response"]["usage"], Value::Null);
    assert_eq!(last(&told)["usage"]["total_tokens"], 3);
}

#[test]
fn calls_are_items_of_their_own_and_may_take_turns() {
    let told = told(&[
        start(),
        text("a"),
        piece(0, Some("x"), ""),
        piece(1, Some("y"), "{"),
        piece(0, None, "{}"),
        piece(1, None, "}"),
        Event::Finish(FinishReason::ToolCalls),
    ]);
    let deltas: Vec<_> = all(&told, "function_call_arguments.delta")
        .iter()
        .map(|body| (body["output_index"].clone(), body["delta"].clone()))
        .collect();
    let delta = |index: usize, piece: &str| (json!(index), json!(piece));
    assert_eq!(deltas, [delta(2, "{"), delta(1, "{}"), delta(2, "}")]);
    let done = all(&told, "function_call_arguments.done");
    assert_eq!(
        (&done[0]["item_id"], &done[0]["name"], &done[0]["arguments"]),
        (&json!("fc_c1_1"), &json!("f"), &json!("{}"))
    );
    let item = |place: usize, id: &str, status: &str, arguments: &str| {
        json!({"id": format!("fc_c1_{place}"), "type": "function_call", "status": status, "call_id": id, "name": "f",
            "arguments": arguments})
    };
    assert_eq!(
        all(&told, "output_item.added")[1]["item"],
        item(1, "x", "in_progress", "")
    );
    let output = &last(&told)["output"];
    assert_eq!(output[0]["type"], "message", "items keep the vendor's order");
    assert_eq!(output[1], item(1, "x", "completed", "{}"));
    assert_eq!(output[2], item(2, "y", "completed", "{}"));
    assert_eq!(last(&told)["status"], "completed");
}

#[test]
fn an_index_that_is_used_again_is_another_call() {
    let told = told(&[
        start(),
        piece(0, Some("x"), "{}"),
        piece(0, Some("y"), "{"),
        piece(0, None, "}"),
        Event::Finish(FinishReason::ToolCalls),
    ]);
    let calls: Vec<_> = last(&told)["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["call_id"].clone(), item["arguments"].clone()))
        .collect();
    assert_eq!(calls, [(json!("x"), json!("{}")), (json!("y"), json!("{}"))]);
}

#[test]
fn a_call_that_comes_whole_ends_at_once_and_can_be_answered() {
    let call = |id: &str| {
        Event::Part(Part::ToolCall(ToolCall {
            id: id.into(),
            name: "f".into(),
            arguments: Json("{}".into()),
            extra: Some(Json(r#"{"thoughtSignature":"wharf:gemini.generate:s"}"#.into())),
        }))
    };
    let whole = told(&[start(), call("x"), text("a")]);
    assert_eq!(
        names(&whole)[2..7],
        [
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "output_item.added"
        ]
    );
    assert_eq!(last(&whole)["output"][0]["thoughtSignature"], "wharf:gemini.generate:s");
    let nameless = told(&[start(), piece(0, None, "{}")]);
    assert_eq!(last(&nameless)["output"][0]["call_id"], "call_c1_0");
}

#[test]
fn thoughts_are_told_as_a_summary_with_their_seal() {
    let told = told(&[
        start(),
        thought(Some("h"), None, None),
        thought(Some("m"), None, None),
        thought(None, Some("abc"), None),
        thought(None, None, Some("gA")),
        thought(Some("so"), None, None),
        text("a"),
        Event::Finish(FinishReason::Stop),
    ]);
    assert_eq!(
        names(&told)[2..9],
        [
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
        ]
    );
    let body = &told[6].1;
    assert_eq!(
        (
            &body["item_id"],
            &body["output_index"],
            &body["summary_index"],
            &body["text"]
        ),
        (&json!("rs_c1_0"), &json!(0), &json!(0), &json!("hm"))
    );
    let summary = |text: &str| json!([{"type": "summary_text", "text": text}]);
    let output = &last(&told)["output"];
    assert_eq!(
        output[0],
        json!({"id": "rs_c1_0", "type": "reasoning", "summary": summary("hm"), "encrypted_content": "signature:abc"})
    );
    assert_eq!(
        output[1],
        json!({"id": "rs_c1_1", "type": "reasoning", "summary": [], "encrypted_content": "gA"}),
        "a sealed thought is complete, the next is another one"
    );
    assert_eq!(
        output[2],
        json!({"id": "rs_c1_2", "type": "reasoning", "summary": summary("so")})
    );
    assert_eq!(output[3]["type"], "message");
}

#[test]
fn a_refusal_is_another_part_of_the_message() {
    let told = told(&[
        start(),
        text("a"),
        Event::Refusal("n".into()),
        Event::Refusal("o".into()),
        Event::Finish(FinishReason::Refusal),
    ]);
    assert_eq!(all(&told, "output_item.added").len(), 1);
    let done = all(&told, "refusal.done")[0];
    assert_eq!((&done["content_index"], &done["refusal"]), (&json!(1), &json!("no")));
    let response = last(&told);
    assert_eq!(response["status"], "completed", "a refusal in words is an answer");
    assert_eq!(
        response["output"][0]["content"][1],
        json!({"type": "refusal", "refusal": "no"})
    );
}

#[test]
fn texts_that_come_whole_are_parts_of_their_own() {
    let whole = |text: &str| {
        Event::Part(Part::Text(Text {
            text: text.into(),
            extra: Some(Json(r#"{"annotations":[1]}"#.into())),
        }))
    };
    let parts = |events: &[Event]| last(&told(events))["output"][0]["content"].clone();
    let texts = |parts: Value| -> Vec<Value> {
        parts
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["text"].clone())
            .collect()
    };
    assert_eq!(
        texts(parts(&[text("a"), whole("b"), whole("c"), text("d")])),
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        parts(&[whole("b")])[0]["annotations"],
        json!([]),
        "another dialect's fields"
    );
}

#[test]
fn an_answer_that_was_cut_off_does_not_seem_complete() {
    let end = |reason| {
        let told = told(&[start(), text("a"), Event::Finish(reason)]);
        let response = last(&told);
        (
            told.last().unwrap().0.clone(),
            response["incomplete_details"]["reason"].clone(),
            response["output"][0]["status"].clone(),
        )
    };
    let incomplete = |reason: &str| ("incomplete".to_owned(), json!(reason), json!("incomplete"));
    assert_eq!(end(FinishReason::Length), incomplete("max_output_tokens"));
    assert_eq!(end(FinishReason::ContentFilter), incomplete("content_filter"));
    assert_eq!(
        end(FinishReason::Refusal),
        incomplete("content_filter"),
        "without a word of refusal"
    );
    assert_eq!(
        end(FinishReason::Error),
        ("failed".to_owned(), Value::Null, json!("incomplete"))
    );
    assert_eq!(
        end(FinishReason::Other),
        incomplete("max_output_tokens"),
        "whatever it was, the answer is not whole"
    );
}

#[test]
fn an_error_ends_the_stream_under_the_next_number() {
    let mut stream = Events::new(Head::new("req_7", "route", 9), Leftover::default());
    let mut out = String::new();
    stream.event(&start(), &mut out);
    stream.event(&text("a"), &mut out);
    let error = Error::new(ErrorKind::Unauthenticated, "invalid key sk-abc");
    out.push_str(&stream.failure(&error));
    let told = read(&out);
    let (name, body) = told.last().unwrap();
    assert_eq!(
        (name.as_str(), &body["code"]),
        ("error", &json!("upstream_credential_refused"))
    );
    assert_eq!(
        body["error"]["message"], body["message"],
        "clients read the one or the other"
    );
    assert_eq!(all(&told, "completed").len(), 0);
    assert!(
        !out.contains("sk-abc"),
        "what a vendor says about its operator stays here"
    );
}

#[test]
fn what_has_no_place_is_left_out() {
    let foreign = Extension {
        kind: "anthropic.messages".into(),
        value: Json(r#"{"x":1}"#.into()),
    };
    let told = told(&[
        start(),
        Event::Extension(foreign.clone()),
        Event::Part(Part::Extension(foreign)),
        text(""),
        Event::Finish(FinishReason::Stop),
    ]);
    assert_eq!(names(&told), ["created", "in_progress", "completed"]);
    assert_eq!(last(&told).get("x"), None);
}
