//! What streams look like.

use serde_json::{Value, json};
use wharf::{FinishReason, Json, Start, ToolCall};

use super::*;

fn render(include_usage: bool, events: &[Event]) -> Vec<Value> {
    let own = Identity {
        id: "own",
        model: "route",
        created: 7,
    };
    let mut chunks = Chunks::new(&own, include_usage);
    let mut out = String::new();
    for event in events {
        chunks.event(event, &mut out);
    }
    chunks.end(&mut out);
    let lines: Vec<&str> = out
        .split_terminator("\n\n")
        .map(|line| line.strip_prefix("data: ").unwrap())
        .collect();
    let (done, chunks) = lines.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap_or_else(|e| panic!("{e}: {chunk}")))
        .collect()
}

fn start(extra: Option<&str>) -> Event {
    let extra = extra.map(|text| Extension {
        kind: "openai.chat".into(),
        value: Json(text.into()),
    });
    Event::Start(Start {
        id: Some("c".into()),
        model: None,
        extra,
    })
}

#[test]
fn a_stream_of_any_vendor_is_complete() {
    let chunks = render(
        false,
        &[Event::Text("a\"b".into()), Event::Finish(FinishReason::Length)],
    );
    let chunk = |delta: Value, reason: Value| {
        json!({"id": "own", "object": "chat.completion.chunk", "created": 7, "model": "route",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    };
    assert_eq!(
        chunks,
        [
            chunk(
                json!({"role": "assistant", "content": "", "refusal": null}),
                Value::Null
            ),
            chunk(json!({"content": "a\"b"}), Value::Null),
            chunk(json!({}), json!("length")),
        ]
    );
}

fn leftover(text: &str) -> Event {
    Event::Extension(Extension {
        kind: "openai.chat".into(),
        value: Json(text.into()),
    })
}

#[test]
fn leftovers_hold_until_they_are_replaced() {
    let first = r#"{"object":"o","created":1,"system_fingerprint":"fp","choices":[{"logprobs":null}]}"#;
    let second = r#"{"object":"o","created":1,"choices":[{},{"index":1,"delta":{"content":"n"}}]}"#;
    let events = [
        start(Some(first)),
        Event::Text("a".into()),
        leftover(second),
        Event::Text("b".into()),
    ];
    let chunks = render(false, &events);
    assert_eq!(chunks[1]["system_fingerprint"], "fp");
    assert!(
        chunks[1]["choices"][0].as_object().unwrap().contains_key("logprobs"),
        "a null is told again"
    );
    assert_eq!(
        chunks[2]["choices"][0],
        json!({"index": 1, "delta": {"content": "n"}}),
        "other choices come at once"
    );
    assert_eq!(chunks[3]["choices"][0]["delta"], json!({"content": "b"}));
    assert!(chunks[3].get("system_fingerprint").is_none());
}

#[test]
fn what_belongs_to_one_vendor_event_is_told_once() {
    let first = r#"{"choices":[{"logprobs":{"a":1},"delta":{"x":1}}]}"#;
    let events = [
        start(Some(first)),
        Event::Text("a".into()),
        Event::Finish(FinishReason::Stop),
    ];
    let chunks = render(false, &events);
    assert_eq!(chunks.len(), 3, "{chunks:?}");
    let told = |chunk: &Value| chunk["choices"][0].get("logprobs").is_some();
    assert_eq!(chunks.iter().map(told).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(chunks[1]["choices"][0]["delta"], json!({"content": "a", "x": 1}));
}

#[test]
fn an_event_of_nothing_but_leftovers_is_not_lost() {
    let call = |arguments: &str| {
        leftover(&format!(
            r#"{{"choices":[{{"delta":{{"function_call":{{"arguments":"{arguments}"}}}}}}]}}"#
        ))
    };
    let events = [
        start(None),
        call("1"),
        call("2"),
        Event::Finish(FinishReason::ToolCalls),
        call("3"),
    ];
    let chunks = render(false, &events);
    let calls: Vec<_> = chunks
        .iter()
        .filter_map(|c| c["choices"][0]["delta"].get("function_call"))
        .collect();
    assert_eq!(
        calls,
        [
            &json!({"arguments": "1"}),
            &json!({"arguments": "2"}),
            &json!({"arguments": "3"})
        ]
    );
}

#[test]
fn parts_of_the_content_that_nobody_mapped_do_not_replace_the_text() {
    let parts = leftover(r#"{"choices":[{"delta":{"content":[{"type":"reference"}],"x":1}}]}"#);
    let chunks = render(false, &[start(None), parts, Event::Text("a".into())]);
    let delta = |chunk: &Value| chunk["choices"][0]["delta"].clone();
    assert_eq!(delta(&chunks[1]), json!({"content": [{"type": "reference"}]}));
    assert_eq!(delta(&chunks[2]), json!({"content": "a", "x": 1}));
}

#[test]
fn a_line_break_in_a_leftover_does_not_break_the_stream() {
    let chunks = render(
        false,
        &[start(Some("{\"x\":{\n\n\"y\":\r\n1}}")), Event::Text("a".into())],
    );
    assert_eq!(chunks[1]["x"], json!({"y": 1}));
}

#[test]
fn leftovers_of_another_dialect_are_dropped() {
    let extension = Extension {
        kind: "anthropic.messages".into(),
        value: Json(r#"{"x":1}"#.into()),
    };
    let chunks = render(
        false,
        &[start(None), Event::Extension(extension), Event::Text("a".into())],
    );
    assert!(chunks[1].get("x").is_none());
}

#[test]
fn of_the_fields_of_another_vendors_call_only_its_seal_is_shown() {
    let of = |kind: &str| {
        let start = Event::Start(Start {
            extra: Some(Extension {
                kind: kind.into(),
                value: Json("{}".into()),
            }),
            ..Start::default()
        });
        let call = Event::ToolCall(CallDelta {
            index: 0,
            id: Some("x".into()),
            name: Some("f".into()),
            arguments: "{}".into(),
            extra: Some(Json(
                r#"{"caller":1,"thoughtSignature":"wharf:gemini.generate:s"}"#.into(),
            )),
        });
        render(false, &[start, call])[1]["choices"][0]["delta"]["tool_calls"][0].clone()
    };
    let theirs = of("gemini.generate");
    assert_eq!(theirs["thoughtSignature"], "wharf:gemini.generate:s");
    assert!(theirs.get("caller").is_none(), "{theirs}");
    assert_eq!(of("openai.chat")["caller"], 1);
}

#[test]
fn usage_comes_last_and_only_when_asked_for() {
    let usage = Event::Usage(Usage {
        input_tokens: Some(1),
        output_tokens: Some(2),
        ..Usage::default()
    });
    let events = [
        start(None),
        Event::Text("a".into()),
        Event::Finish(FinishReason::Stop),
        usage,
    ];
    let chunks = render(true, &events);
    assert!(
        chunks[..3]
            .iter()
            .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some())
    );
    assert_eq!(chunks[3]["choices"], json!([]));
    assert_eq!(chunks[3]["usage"]["total_tokens"], 3);
    assert!(render(false, &events).iter().all(|chunk| chunk.get("usage").is_none()));
}

#[test]
fn a_tool_call_says_who_it_is_once() {
    let call = |id: Option<&str>, arguments: &str| {
        let name = id.map(|_| "f".to_owned());
        Event::ToolCall(CallDelta {
            index: 1,
            id: id.map(str::to_owned),
            name,
            arguments: arguments.to_owned(),
            extra: None,
        })
    };
    let chunks = render(
        false,
        &[
            call(Some("x"), ""),
            call(None, "{}"),
            Event::Finish(FinishReason::ToolCalls),
        ],
    );
    assert_eq!(
        chunks[1]["choices"][0]["delta"]["tool_calls"],
        json!([{"index": 1, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}])
    );
    assert_eq!(
        chunks[2]["choices"][0]["delta"]["tool_calls"],
        json!([{"index": 1, "function": {"arguments": "{}"}}])
    );
    assert_eq!(chunks[3]["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn every_call_has_an_index_of_its_own() {
    let piece = |index: u32, id: Option<&str>| {
        Event::ToolCall(CallDelta {
            index,
            id: id.map(str::to_owned),
            name: id.map(|_| "f".to_owned()),
            arguments: "{}".to_owned(),
            extra: None,
        })
    };
    let whole = Event::Part(Part::ToolCall(ToolCall {
        id: "w".into(),
        name: "f".into(),
        arguments: Json("{}".into()),
        extra: None,
    }));
    let indexes = |events: &[Event]| -> Vec<Value> {
        render(false, events)[1..]
            .iter()
            .map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0]["index"].clone())
            .collect()
    };
    assert_eq!(
        indexes(&[
            piece(0, Some("x")),
            piece(0, Some("y")),
            piece(0, None),
            piece(1, Some("z"))
        ]),
        [0, 1, 1, 2],
        "a vendor's index with a new identifier is another call"
    );
    assert_eq!(
        indexes(&[piece(1, Some("y")), piece(0, Some("x")), piece(1, None)]),
        [1, 0, 1],
        "a vendor that counts is believed"
    );
    assert_eq!(
        indexes(&[whole.clone(), piece(0, Some("x")), whole]),
        [0, 1, 2],
        "calls that come whole count too"
    );
}

#[test]
fn a_stream_that_is_no_whole_answer_does_not_look_done() {
    let word = |events: &[Event]| render(false, events).last().unwrap()["choices"][0]["finish_reason"].clone();
    let refusal = Event::Finish(FinishReason::Refusal);
    assert_eq!(word(std::slice::from_ref(&refusal)), "content_filter");
    assert_eq!(
        word(&[Event::Refusal("no".into()), refusal]),
        "stop",
        "what is said in words needs no other sign"
    );
    assert_eq!(
        word(&[Event::Text("a".into()), Event::Finish(FinishReason::Other)]),
        "length"
    );
}

#[test]
fn a_finish_reason_of_the_vendors_own_is_shown() {
    let own = Extension {
        kind: "openai.chat".into(),
        value: Json(r#"{"choices":[{"finish_reason":"eos"}]}"#.into()),
    };
    let chunks = render(
        false,
        &[
            Event::Text("a".into()),
            Event::Extension(own),
            Event::Finish(FinishReason::Stop),
        ],
    );
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "eos");
}
