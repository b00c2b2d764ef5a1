//! What streams look like.

use serde_json::{Value, json};
use wharf::{Json, Text, ToolCall};

use super::*;

/// The events of a stream, each checked to tell its type twice, all of them to be well formed.
fn render(events: &[Event]) -> Vec<Value> {
    try_render(events).unwrap()
}

fn try_render(events: &[Event]) -> Result<Vec<Value>, Error> {
    let own = Identity {
        id: "own",
        model: "route",
    };
    let mut writer = Events::new(&own);
    let mut out = String::new();
    for event in events {
        writer.event(event, &mut out)?;
    }
    writer.end(&mut out);
    let told = read(&out);
    well_formed(&told);
    Ok(told)
}

fn read(out: &str) -> Vec<Value> {
    assert!(out.ends_with("\n\n"), "{out}");
    let event = |text: &str| {
        let (name, data) = text.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
        assert_eq!(data["type"], name);
        data
    };
    out.split_terminator("\n\n").map(event).collect()
}

/// What Anthropic's clients rely on when they put a message together.
fn well_formed(events: &[Value]) {
    let (mut open, mut next) = (None, 0);
    for (at, event) in events.iter().enumerate() {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "message_start" => assert_eq!(at, 0, "the head comes first, once"),
            "content_block_start" => {
                assert_eq!((open, index), (None, Some(next)), "one block after the other: {event}");
                open = index;
                next += 1;
            }
            "content_block_delta" => {
                assert!(
                    open.is_some() && index == open,
                    "a piece belongs to the open block: {event}"
                );
            }
            "content_block_stop" => {
                assert!(open.is_some() && index == open, "only the open block ends: {event}");
                open = None;
            }
            "message_delta" => {
                assert_eq!((open, at + 2), (None, events.len()), "it comes when all is said");
            }
            "message_stop" => assert_eq!(at + 1, events.len(), "nothing follows the end"),
            _ => assert!(at > 0, "the head comes first: {event}"),
        }
    }
    assert_eq!(events[0]["type"], "message_start");
    assert_eq!(events[events.len() - 1]["type"], "message_stop");
}

/// In short: a block begins with its type, goes on with its pieces and ends with `.`
fn story(events: &[Value]) -> Vec<String> {
    let short = |event: &Value| match event["type"].as_str().unwrap() {
        "content_block_start" => format!(
            "{} {}",
            event["index"],
            event["content_block"]["type"].as_str().unwrap()
        ),
        "content_block_delta" => {
            let delta = &event["delta"];
            let said = ["text", "thinking", "signature", "partial_json"];
            let said = said.iter().find_map(|name| delta[*name].as_str());
            format!("{} {}", event["index"], said.unwrap_or(delta["type"].as_str().unwrap()))
        }
        "content_block_stop" => format!("{} .", event["index"]),
        other => other.to_owned(),
    };
    events.iter().map(short).collect()
}

fn ours(value: &str) -> Extension {
    Extension {
        kind: "anthropic.messages".into(),
        value: Json(value.into()),
    }
}

fn start(extra: Option<Extension>) -> Event {
    Event::Start(Start {
        id: Some("msg_1".into()),
        model: Some("big-1".into()),
        extra,
    })
}

fn thought(text: &str) -> Event {
    Event::Reasoning(Reasoning {
        text: Some(text.into()),
        ..Reasoning::default()
    })
}

fn seal(seal: &str) -> Event {
    Event::Reasoning(Reasoning {
        signature: Some(seal.into()),
        ..Reasoning::default()
    })
}

fn call(index: u32, id: Option<&str>, arguments: &str) -> Event {
    Event::ToolCall(CallDelta {
        index,
        id: id.map(str::to_owned),
        name: id.map(|_| "f".to_owned()),
        arguments: arguments.into(),
        extra: None,
    })
}

fn usage(input: u64, output: u64) -> Event {
    Event::Usage(Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        ..Usage::default()
    })
}

#[test]
fn a_stream_of_any_vendor_is_complete() {
    let events = render(&[
        Event::Text("a\"b".into()),
        Event::Text("c".into()),
        Event::Finish(FinishReason::Length),
        usage(3, 4),
    ]);
    assert_eq!(
        events,
        [
            json!({"type": "message_start", "message": {"id": "own", "type": "message", "role": "assistant",
                "model": "route", "content": [], "stop_reason": null, "stop_sequence": null,
                "usage": {"input_tokens": 0, "output_tokens": 0}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a\"b"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "c"}}),
            json!({"type": "content_block_stop", "index": 0}),
            json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens", "stop_sequence": null},
                "usage": {"input_tokens": 3, "output_tokens": 4}}),
            json!({"type": "message_stop"}),
        ]
    );
}

#[test]
fn the_head_tells_what_is_known_by_then() {
    let head = ours(r#"{"message":{"service_tier":"standard","stop_sequence":null}}"#);
    let events = render(&[start(Some(head)), usage(3, 1), Event::Text("a".into()), usage(3, 9)]);
    let message = &events[0]["message"];
    assert_eq!((&message["id"], &message["model"]), (&json!("msg_1"), &json!("big-1")));
    assert_eq!(message["usage"], json!({"input_tokens": 3, "output_tokens": 1}));
    assert_eq!(message["service_tier"], "standard");
    let last = &events[events.len() - 2];
    assert_eq!(last["usage"]["output_tokens"], 9, "the last count holds");
    assert_eq!(last["delta"]["stop_reason"], Value::Null, "no reason is invented");
}

#[test]
fn a_stream_without_content_is_an_empty_message() {
    let events = render(&[start(None), Event::Finish(FinishReason::Stop)]);
    assert_eq!(story(&events), ["message_start", "message_delta", "message_stop"]);
    assert!(!story(&render(&[])).is_empty(), "even when nothing was said at all");
}

#[test]
fn blocks_follow_each_other_with_running_indices() {
    let redacted = Event::Reasoning(Reasoning {
        redacted: Some("d".into()),
        ..Reasoning::default()
    });
    let events = render(&[
        thought("h"),
        thought("m"),
        seal("wharf:anthropic.messages:s1"),
        thought("so"),
        seal("s2"),
        redacted,
        Event::Text("hi".into()),
        call(0, Some("x"), ""),
        call(0, None, "{\"a\""),
        call(0, None, ":1}"),
        call(1, Some("y"), "{}"),
        Event::Text("bye".into()),
        Event::Finish(FinishReason::ToolCalls),
    ]);
    assert_eq!(
        story(&events),
        [
            "message_start",
            "0 thinking",
            "0 h",
            "0 m",
            "0 s1",
            "0 .",
            "1 thinking",
            "1 so",
            "1 s2",
            "1 .",
            "2 redacted_thinking",
            "2 .",
            "3 text",
            "3 hi",
            "3 .",
            "4 tool_use",
            "4 {\"a\"",
            "4 :1}",
            "4 .",
            "5 tool_use",
            "5 {}",
            "5 .",
            "6 text",
            "6 bye",
            "6 .",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(
        events[15]["content_block"],
        json!({"type": "tool_use", "id": "x", "name": "f", "input": {}})
    );
    assert_eq!(events[10]["content_block"]["data"], "d");
}

#[test]
fn calls_that_are_told_side_by_side_are_read_one_after_the_other() {
    let events = render(&[
        call(0, Some("x"), "{"),
        call(1, Some("y"), "{\"b\""),
        call(0, None, "}"),
        call(1, None, ":2}"),
    ]);
    assert_eq!(
        story(&events)[1..9],
        [
            "0 tool_use",
            "0 {",
            "0 }",
            "0 .",
            "1 tool_use",
            "1 {\"b\"",
            "1 :2}",
            "1 ."
        ]
    );
}

#[test]
fn what_comes_in_the_middle_of_a_call_waits_for_its_end() {
    let events = render(&[
        call(0, Some("x"), "{"),
        Event::Text("a".into()),
        Event::Text("b".into()),
        call(0, None, "}"),
        Event::Text("c".into()),
    ]);
    assert_eq!(
        story(&events)[1..9],
        ["0 tool_use", "0 {", "0 }", "0 .", "1 text", "1 a", "1 b", "1 c"]
    );
}

#[test]
fn a_call_that_is_never_complete_ends_with_the_answer() {
    let events = render(&[
        call(0, Some("x"), ""),
        call(1, Some("y"), "{"),
        Event::Text("a".into()),
        Event::Text("b".into()),
        Event::Finish(FinishReason::Length),
    ]);
    assert_eq!(
        story(&events)[1..10],
        [
            "0 tool_use",
            "0 .",
            "1 tool_use",
            "1 {",
            "1 .",
            "2 text",
            "2 a",
            "2 b",
            "2 ."
        ]
    );
}

#[test]
fn calls_beside_one_that_is_never_complete_end_the_stream_when_they_are_too_many() {
    let beside = (1..5_000).map(|index| call(index, Some("y"), "{}"));
    let events: Vec<Event> = std::iter::once(call(0, Some("x"), "{")).chain(beside).collect();
    let error = try_render(&events).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol);
    let complete: Vec<Event> = (0..5_000).map(|index| call(index, Some("y"), "{}")).collect();
    assert!(try_render(&complete).is_ok(), "those that take turns do not wait");
}

#[test]
fn calls_under_one_index_are_told_apart_by_their_identifiers() {
    let events = render(&[
        call(0, Some("x"), ""),
        call(0, Some("y"), "{}"),
        call(0, Some("z"), "{}"),
    ]);
    let begun = events.iter().filter_map(|event| event["content_block"]["id"].as_str());
    assert_eq!(begun.collect::<Vec<_>>(), ["x", "y", "z"]);
}

#[test]
fn more_of_a_call_that_is_closed_is_an_error_and_not_lost() {
    let told = |late: &str| {
        let events = [
            call(0, Some("x"), "{}"),
            Event::Text("a".into()),
            call(0, None, late),
            Event::Text("b".into()),
        ];
        try_render(&events)
    };
    let error = told("{}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol);
    assert_eq!(
        story(&told(" ").unwrap())[5..8],
        ["1 a", "1 b", "1 ."],
        "white space says nothing"
    );
}

/// Every sequence of five of these, as strange as it may be.
#[test]
fn whatever_a_provider_says_is_told_well_formed_and_whole() {
    let all = [
        Event::Text("t".into()),
        Event::Part(Part::text("p")),
        thought("h"),
        seal("s"),
        call(0, Some("x"), "{"),
        call(0, None, "}"),
        call(1, Some("y"), "{}"),
    ];
    let said = ["t", "p", "h", "s", "{", "}", "{}"];
    for number in 0..all.len().pow(5) {
        let digits = (0..5_u32).map(|digit| number / all.len().pow(digit) % all.len());
        let (events, expected): (Vec<Event>, Vec<&str>) = digits.map(|at| (all[at].clone(), said[at])).unzip();
        // `render` checks that it is well formed; what is refused is not told at all.
        let Ok(told) = try_render(&events) else { continue };
        let texts = ["text", "thinking", "signature", "partial_json"];
        let piece = |event: &Value| {
            texts
                .iter()
                .find_map(|name| event["delta"][*name].as_str().map(str::to_owned))
        };
        let mut told: Vec<String> = told.iter().filter_map(piece).collect();
        let mut expected = expected;
        told.sort();
        expected.sort_unstable();
        assert_eq!(told, expected, "{events:?}");
    }
}

#[test]
fn a_call_without_a_name_for_it_can_still_be_answered() {
    let events = render(&[Event::Text("a".into()), call(0, None, "{}")]);
    assert_eq!(events[4]["content_block"]["id"], "call_1");
}

#[test]
fn parts_that_arrive_whole_are_blocks_of_their_own() {
    let text = |text: &str| Event::Part(Part::text(text));
    let call = Event::Part(Part::ToolCall(ToolCall {
        id: "x".into(),
        name: "f".into(),
        arguments: Json("{}".into()),
        extra: None,
    }));
    let own = Event::Part(Part::Extension(ours(
        r#"{"type":"web_search_tool_result","content":[]}"#,
    )));
    let foreign = Event::Part(Part::Extension(Extension {
        kind: "openai.chat".into(),
        value: Json(r#"{"type":"x"}"#.into()),
    }));
    let events = render(&[text("a"), text("b"), call, own, foreign, Event::Text("c".into())]);
    assert_eq!(
        story(&events),
        [
            "message_start",
            "0 text",
            "0 a",
            "0 .",
            "1 text",
            "1 b",
            "1 .",
            "2 tool_use",
            "2 {}",
            "2 .",
            "3 web_search_tool_result",
            "3 .",
            "4 text",
            "4 c",
            "4 .",
            "message_delta",
            "message_stop"
        ]
    );
}

#[test]
fn a_refusal_is_a_text_and_a_reason_to_stop() {
    let events = render(&[Event::Refusal("no".into()), Event::Finish(FinishReason::Stop)]);
    assert_eq!(events[2]["delta"], json!({"type": "text_delta", "text": "no"}));
    assert_eq!(events[4]["delta"]["stop_reason"], "refusal");
}

#[test]
fn the_vendor_says_where_a_block_begins_and_ends() {
    let block = Event::Extension(ours(
        r#"{"type":"content_block_start","content_block":{"citations":[]}}"#,
    ));
    let cited = Event::Extension(ours(
        r#"{"delta":{"type":"citations_delta","citation":{"type":"char_location"}}}"#,
    ));
    let stop = Event::Extension(ours(r#"{"type":"content_block_stop"}"#));
    let events = render(&[
        start(None),
        Event::Text("a".into()),
        block,
        Event::Text("b".into()),
        cited,
        stop,
        Event::Text("c".into()),
    ]);
    assert_eq!(
        story(&events),
        [
            "message_start",
            "0 text",
            "0 a",
            "0 .",
            "1 text",
            "1 b",
            "1 citations_delta",
            "1 .",
            "2 text",
            "2 c",
            "2 .",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(events[4]["content_block"]["citations"], json!([]));
    assert_eq!(
        events[8]["content_block"],
        json!({"type": "text", "text": ""}),
        "told once"
    );
}

#[test]
fn what_nobody_mapped_passes_with_running_indices() {
    let event = |value: &str| Event::Extension(ours(value));
    let events = render(&[
        Event::Text("a".into()),
        event(r#"{"type":"content_block_start","index":7,"content_block":{"type":"server_tool_use","id":"s"}}"#),
        event(r#"{"type":"content_block_delta","index":7,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#),
        event("{\"type\":\"ping\",\n\n\"x\":1}"),
        event(
            r#"{"type":"message_delta","delta":{"stop_sequence":"END","stop_reason":"pause_turn"},"context":{"y":1}}"#,
        ),
        Event::Finish(FinishReason::Other),
        event(r#"{"type":"message_stop","metrics":{"z":1}}"#),
    ]);
    assert_eq!(
        story(&events)[4..],
        [
            "1 server_tool_use",
            "1 {}",
            "ping",
            "1 .",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(events[6]["x"], 1, "and a line break in it does not break the stream");
    assert_eq!(
        events[8]["delta"],
        json!({"stop_reason": "pause_turn", "stop_sequence": "END"})
    );
    assert_eq!(events[8]["context"], json!({"y": 1}));
    assert_eq!(events[9]["metrics"], json!({"z": 1}));
}

#[test]
fn a_block_that_is_told_in_pieces_and_then_whole_is_told_once() {
    let event = |value: &str| Event::Extension(ours(value));
    let begins =
        event(r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s"}}"#);
    let goes_on =
        event(r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#);
    let ends = event(r#"{"type":"content_block_stop","index":0,"z":1}"#);
    let whole = Event::Part(Part::Extension(ours(
        r#"{"type":"server_tool_use","id":"s","input":{}}"#,
    )));
    let once = ["0 server_tool_use", "0 {}", "0 ."];
    let events = render(&[
        start(None),
        begins.clone(),
        goes_on.clone(),
        ends.clone(),
        whole.clone(),
    ]);
    assert_eq!(story(&events)[1..4], once);
    assert_eq!(events[3]["z"], 1);
    let cut = render(&[start(None), begins.clone(), goes_on.clone(), whole.clone()]);
    assert_eq!(story(&cut)[1..4], once, "and ends with the part");
    let text = Event::Text("a".into());
    let twice = render(&[
        begins.clone(),
        goes_on,
        ends,
        whole.clone(),
        text.clone(),
        whole.clone(),
    ]);
    assert_eq!(
        story(&twice)[1..],
        [
            "0 server_tool_use",
            "0 {}",
            "0 .",
            "1 text",
            "1 a",
            "1 .",
            "2 server_tool_use",
            "2 .",
            "message_delta",
            "message_stop"
        ],
        "a part without events is another block"
    );
    let between = render(&[begins, text, whole]);
    assert_eq!(story(&between).iter().filter(|told| told.ends_with("_use")).count(), 2);
}

#[test]
fn a_ping_of_the_vendor_reaches_the_client_behind_the_head() {
    let ping = || Event::Extension(ours(r#"{"type":"ping"}"#));
    let events = render(&[
        ping(),
        start(None),
        ping(),
        Event::Text("a".into()),
        ping(),
        Event::Text("b".into()),
        Event::Extension(Extension {
            kind: "other.dialect".into(),
            value: Json(r#"{"type":"ping"}"#.into()),
        }),
    ]);
    assert_eq!(
        story(&events),
        [
            "message_start",
            "ping",
            "0 text",
            "0 a",
            "ping",
            "0 b",
            "0 .",
            "message_delta",
            "message_stop"
        ]
    );
    assert_eq!(events[0]["message"]["id"], "msg_1", "not the host's own");
}

#[test]
fn fields_of_a_piece_stay_with_it() {
    let rest = Event::Extension(ours(r#"{"type":"content_block_delta","delta":{"x":1}}"#));
    let whole = Event::Part(Part::Text(Text {
        text: "c".into(),
        extra: Some(Json(r#"{"y":1}"#.into())),
    }));
    let events = render(&[
        start(None),
        rest,
        Event::Text("a".into()),
        Event::Text("b".into()),
        whole,
    ]);
    assert_eq!(events[2]["delta"], json!({"type": "text_delta", "text": "a", "x": 1}));
    assert_eq!(events[3]["delta"], json!({"type": "text_delta", "text": "b"}));
    assert_eq!(events[5]["content_block"], json!({"type": "text", "text": "", "y": 1}));
}

#[test]
fn a_leftover_may_name_the_kind_that_it_is_left_of() {
    let event = |value: &str| Event::Extension(ours(value));
    let events = render(&[
        start(None),
        Event::Text("a".into()),
        event(r#"{"type":"content_block_start","index":1,"v":0,"content_block":{"type":"text","citations":[]}}"#),
        event(r#"{"type":"content_block_delta","index":1,"w":1,"delta":{"type":"text_delta","x":1}}"#),
        Event::Text("b".into()),
        event(r#"{"type":"content_block_start","index":2,"content_block":{"type":"text"}}"#),
        event(r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","y":1}}"#),
        event(r#"{"type":"content_block_stop","index":2,"z":1}"#),
    ]);
    assert_eq!(
        events[4..10],
        [
            json!({"type": "content_block_start", "index": 1, "v": 0,
                "content_block": {"type": "text", "text": "", "citations": []}}),
            json!({"type": "content_block_delta", "index": 1, "w": 1,
                "delta": {"type": "text_delta", "text": "b", "x": 1}}),
            json!({"type": "content_block_stop", "index": 1}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "", "y": 1}}),
            json!({"type": "content_block_stop", "index": 2, "z": 1}),
        ],
        "nothing is lost, and a client that needs the text finds one"
    );
}

#[test]
fn what_is_beside_the_head_stays_there() {
    let beside = Event::Extension(ours(r#"{"type":"message_start","x":1}"#));
    let events = render(&[start(Some(ours("{}"))), beside, Event::Text("a".into())]);
    assert_eq!(events[0]["x"], 1);
    assert_eq!(events[0]["message"].get("x"), None);
}

#[test]
fn fields_of_a_call_stay_with_their_piece() {
    let piece = |id: Option<&str>, arguments: &str, extra: &str| {
        Event::ToolCall(CallDelta {
            index: 0,
            id: id.map(str::to_owned),
            name: id.map(|_| "f".to_owned()),
            arguments: arguments.into(),
            extra: Some(Json(extra.into())),
        })
    };
    let events = render(&[
        start(Some(ours("{}"))),
        piece(Some("x"), "", r#"{"caller":{"type":"direct"}}"#),
        piece(None, "{}", r#"{"y":1}"#),
        piece(None, "", r#"{"z":1}"#),
    ]);
    assert_eq!(
        events[1]["content_block"],
        json!({"type": "tool_use", "id": "x", "name": "f", "input": {}, "caller": {"type": "direct"}})
    );
    assert_eq!(
        events[2]["delta"],
        json!({"type": "input_json_delta", "partial_json": "{}", "y": 1})
    );
    assert_eq!(
        events[3]["delta"],
        json!({"type": "input_json_delta", "partial_json": "", "z": 1})
    );
}

#[test]
fn leftovers_of_another_dialect_are_dropped() {
    let foreign = Extension {
        kind: "openai.chat".into(),
        value: Json(r#"{"object":"o","choices":[{"delta":{"x":1}}]}"#.into()),
    };
    let reasoning = Event::Reasoning(Reasoning {
        text: Some("hm".into()),
        extra: Some(Json(r#"{"field":"reasoning"}"#.into())),
        ..Reasoning::default()
    });
    let events = render(&[start(Some(foreign.clone())), reasoning, Event::Extension(foreign)]);
    assert_eq!(events[0]["message"].get("object"), None);
    assert_eq!(events[2]["delta"], json!({"type": "thinking_delta", "thinking": "hm"}));
    assert_eq!(story(&events).len(), 6);
}
