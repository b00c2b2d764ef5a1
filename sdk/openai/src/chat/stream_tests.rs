//! What streams mean.

use serde_json::{Value, json};
use wharf_provider_sdk::{ErrorKind, Usage};

use super::*;

fn run(stream: &str) -> Result<Vec<Event>, Error> {
    let mut stream = Stream::new(vec![stream.as_bytes().to_vec()].into_iter());
    let mut events = Vec::new();
    loop {
        let batch = stream.next()?;
        if batch.is_empty() {
            return Ok(events);
        }
        events.extend(batch);
    }
}

fn sse(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect()
}

fn chunk(delta: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]})
}

fn last(reason: &str) -> Value {
    let mut last = chunk(json!({}));
    last["choices"][0]["finish_reason"] = json!(reason);
    last
}

const DONE: &str = "data: [DONE]\n\n";

#[test]
fn a_plain_stream_tells_the_unmapped_fields_once() {
    let counts = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2}});
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"content": "a"})),
        chunk(json!({"content": "b"})),
        last("stop"),
    ];
    let events = run(&(sse(&chunks) + &sse(&[counts]) + DONE)).unwrap();
    let Event::Start(start) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((start.id.as_deref(), start.model.as_deref()), (Some("c"), Some("m")));
    assert_eq!(
        serde_json::from_str::<Value>(&start.extra.as_ref().unwrap().value).unwrap(),
        json!({"object": "chat.completion.chunk", "created": 1, "choices": [{"logprobs": null}]})
    );
    assert_eq!(
        events[1..4],
        [
            Event::Text("a".into()),
            Event::Text("b".into()),
            Event::Finish(FinishReason::Stop)
        ]
    );
    let usage = Usage {
        input_tokens: Some(1),
        output_tokens: Some(2),
        ..Usage::default()
    };
    assert_eq!(
        events[4..],
        [Event::Usage(usage)],
        "the usage chunk has no choice, and nothing else is new in it"
    );
}

#[test]
fn tool_calls_come_in_pieces_and_in_parallel() {
    let piece = |call: Value| chunk(json!({"tool_calls": [call]}));
    let chunks = [
        piece(json!({"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}})),
        piece(json!({"index": 0, "function": {"arguments": "{\"a\""}})),
        piece(json!({"index": 1, "id": "y", "function": {"name": "g", "arguments": "{}"}})),
        piece(json!({"index": 0, "function": {"arguments": ":1}"}})),
        last("tool_calls"),
    ];
    let calls: Vec<_> = run(&(sse(&chunks) + DONE))
        .unwrap()
        .into_iter()
        .filter_map(|e| match e {
            Event::ToolCall(call) => Some((call.index, call.id, call.name, call.arguments)),
            _ => None,
        })
        .collect();
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(
        calls,
        [
            (0, text("x"), text("f"), String::new()),
            (0, None, None, "{\"a\"".into()),
            (1, text("y"), text("g"), "{}".into()),
            (0, None, None, ":1}".into()),
        ]
    );
}

#[test]
fn calls_that_nobody_counted_are_told_apart() {
    let call =
        |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}});
    let counted = |index: u32, mut call: Value| {
        call["index"] = json!(index);
        call
    };
    let streams = [
        // One call in each chunk, as Gemini tells them under OpenAI's API.
        vec![vec![call("x", "f")], vec![call("y", "f")]],
        vec![vec![call("x", "f"), call("y", "f")]],
        vec![vec![counted(0, call("x", "f"))], vec![counted(0, call("y", "f"))]],
    ];
    for stream in streams {
        let chunks: Vec<Value> = stream.iter().map(|calls| chunk(json!({"tool_calls": calls}))).collect();
        let calls: Vec<_> = run(&(sse(&chunks) + &sse(&[last("stop")]) + DONE))
            .unwrap()
            .into_iter()
            .filter_map(|event| match event {
                Event::ToolCall(call) => Some((call.index, call.id)),
                _ => None,
            })
            .collect();
        assert_eq!(
            calls,
            [(0, Some("x".to_owned())), (1, Some("y".to_owned()))],
            "{stream:?}"
        );
    }
}

#[test]
fn a_stream_that_calls_waits_for_results_whatever_its_word() {
    let call = json!({"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}});
    let events = run(&(sse(&[chunk(json!({"tool_calls": [call]})), last("stop")]) + DONE)).unwrap();
    let [.., Event::Extension(word), Event::Finish(FinishReason::ToolCalls)] = events.as_slice() else {
        panic!("{events:?}")
    };
    let word: Value = serde_json::from_str(&word.value).unwrap();
    assert_eq!(
        word["choices"][0]["finish_reason"], "stop",
        "the vendor's word is kept for its own dialect"
    );
}

#[test]
fn other_choices_pass_untouched() {
    let mut other = chunk(json!({"content": "b"}));
    other["choices"][0]["index"] = json!(1);
    let events = run(&(sse(&[chunk(json!({"content": "a"})), other.clone(), last("stop")]) + DONE)).unwrap();
    let Event::Extension(extension) = &events[2] else {
        panic!("{events:?}")
    };
    let value: Value = serde_json::from_str(&extension.value).unwrap();
    assert_eq!(value["choices"][1], other["choices"][0]);
}

#[test]
fn a_stream_that_breaks_off_is_an_error_and_one_without_a_mark_is_not() {
    let error = run(&sse(&[chunk(json!({"content": "a"}))])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(run("").is_err(), "nothing at all is not an answer");
    assert!(
        run(&sse(&[chunk(json!({"content": "a"})), last("stop")])).is_ok(),
        "a finish reason is an end"
    );
    let events = run(&(sse(&[chunk(json!({"content": "a"}))]) + DONE)).unwrap();
    assert_eq!(
        events.last(),
        Some(&Event::Finish(FinishReason::Stop)),
        "the mark is an end too"
    );
}

#[test]
fn an_error_event_is_the_vendors_error_however_it_comes() {
    for stream in [
        "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":\"rate_limit_exceeded\"}}\n\n",
        "event: error\ndata: {\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}\n\n",
        "data: {\"id\":\"c\",\"choices\":[],\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}\n\n",
        "error: {\"message\":\"m\",\"type\":\"rate_limit_exceeded\",\"code\":500}\n\n",
        "data: {\"object\":\"error\",\"message\":\"m\",\"type\":\"rate_limit_exceeded\",\"code\":500}\n\n",
    ] {
        let error = run(&(sse(&[chunk(json!({"content": "a"}))]) + stream + DONE)).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::RateLimited, "m"),
            "{stream}"
        );
    }
}

#[test]
fn what_came_before_an_error_is_told_before_it() {
    let error = "data: {\"error\":{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}\n\n";
    let bytes = (sse(&[chunk(json!({"content": "a"}))]) + error).into_bytes();
    for size in [1, bytes.len()] {
        let pieces: Vec<Vec<u8>> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
        let mut stream = Stream::new(pieces.into_iter());
        let told = stream.next().unwrap();
        assert_eq!(told.last(), Some(&Event::Text("a".into())), "in pieces of {size}");
        assert_eq!(
            stream.next().unwrap_err().kind,
            ErrorKind::RateLimited,
            "in pieces of {size}"
        );
    }
}

#[test]
fn what_is_said_before_the_answer_does_not_take_its_name_away() {
    let before = json!({"id": "", "object": "", "created": 0, "model": "", "choices": [], "usage": null,
        "prompt_filter_results": [{"prompt_index": 0}]});
    let chunks = [before, chunk(json!({"content": "a"})), last("stop")];
    let events = run(&(sse(&chunks) + DONE)).unwrap();
    let Event::Start(start) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((start.id.as_deref(), start.model.as_deref()), (Some("c"), Some("m")));
    assert_eq!(
        serde_json::from_str::<Value>(&start.extra.as_ref().unwrap().value).unwrap(),
        json!({"object": "chat.completion.chunk", "created": 1, "choices": [{"logprobs": null}],
            "prompt_filter_results": [{"prompt_index": 0}]})
    );
    assert!(
        matches!(&events[2], Event::Extension(e) if !e.value.contains("prompt_filter_results")),
        "later chunks do not say it: {events:?}"
    );
}

#[test]
fn an_end_mark_alone_is_not_an_answer() {
    let filtered = json!({"id": "", "choices": [], "prompt_filter_results": []});
    let odd = json!({"message": "m", "code": 500});
    for chunks in [
        vec![],
        vec![filtered],
        vec![odd],
        vec![chunk(json!({"role": "assistant", "content": ""}))],
    ] {
        let error = run(&(sse(&chunks) + DONE)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{chunks:?}");
    }
    let counted = json!({"id": "c", "choices": [], "usage": {"completion_tokens": 0}});
    for chunks in [vec![last("stop")], vec![chunk(json!({"role": "assistant"})), counted]] {
        let events = run(&(sse(&chunks) + DONE)).unwrap();
        assert!(events.contains(&Event::Finish(FinishReason::Stop)), "{events:?}");
    }
}

#[test]
fn reasoning_and_refusals_are_kept_apart_from_text() {
    let chunks = [
        chunk(json!({"reasoning_content": "hm"})),
        chunk(json!({"refusal": "no"})),
        last("stop"),
    ];
    let events = run(&(sse(&chunks) + DONE)).unwrap();
    assert!(
        matches!(&events[1], Event::Reasoning(r) if r.text.as_deref() == Some("hm")),
        "{events:?}"
    );
    let end = |event: &Event| match event {
        Event::Reasoning(thought) => (thought.text.clone(), thought.signature.clone()),
        event => panic!("{event:?}"),
    };
    let mark = "wharf:openai.chat:reasoning_content".to_owned();
    assert_eq!(
        end(&events[2]),
        (None, Some(mark)),
        "a thought tells at its end where it was found"
    );
    assert_eq!(events[3], Event::Refusal("no".into()));
}

#[test]
fn an_answer_ends_once_and_an_empty_reason_is_none() {
    let with = |reason: &str, delta: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
    let chunks = [
        with("", json!({"content": "a"})),
        with("null", json!({"content": "b"})),
        with("stop", json!({})),
        with("stop", json!({})),
    ];
    let events = run(&(sse(&chunks) + DONE)).unwrap();
    let ends = events.iter().filter(|event| matches!(event, Event::Finish(_))).count();
    assert_eq!(ends, 1, "{events:?}");
    let broken = run(&sse(&chunks[..2])).unwrap_err();
    assert_eq!(broken.kind, ErrorKind::Unavailable, "a connection that broke is no end");
}

#[test]
fn an_identifier_is_made_up_once_and_not_for_an_empty_name() {
    let piece = |call: Value| chunk(json!({"tool_calls": [call]}));
    let chunks = [
        piece(json!({"index": 0, "id": "x1", "type": "function", "function": {"name": "f", "arguments": ""}})),
        piece(json!({"index": 0, "id": "", "function": {"name": "", "arguments": "{}"}})),
        piece(json!({"index": 1, "function": {"name": "g", "arguments": "{}"}})),
        last("tool_calls"),
    ];
    let events = run(&(sse(&chunks) + DONE)).unwrap();
    let ids: Vec<(Option<&str>, Option<&str>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolCall(call) => Some((call.id.as_deref(), call.name.as_deref())),
            _ => None,
        })
        .collect();
    assert_eq!(
        ids,
        [(Some("x1"), Some("f")), (None, None), (Some("call_1"), Some("g"))]
    );
}

#[test]
fn a_list_of_parts_is_content_too() {
    let thinking = json!({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]});
    let reference = json!({"type": "reference", "reference_ids": [1]});
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""})),
        chunk(json!({"content": [thinking]})),
        chunk(json!({"content": [{"type": "text", "text": "a"}, reference]})),
        last("stop"),
    ];
    let events = run(&(sse(&chunks) + DONE)).unwrap();
    let [
        _,
        Event::Reasoning(thought),
        Event::Reasoning(end),
        Event::Extension(rest),
        text,
        ..,
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(thought.text.as_deref(), Some("hm"));
    assert_eq!(end.signature.as_deref(), Some("wharf:openai.chat:content"));
    assert_eq!(*text, Event::Text("a".into()));
    let rest: Value = serde_json::from_str(&rest.value).unwrap();
    assert_eq!(rest["choices"][0]["delta"], json!({"content": [reference]}));
}

#[test]
fn what_belongs_to_one_chunk_is_told_for_each() {
    let mut same = chunk(json!({"content": "a"}));
    same["choices"][0]["logprobs"] = json!({"content": []});
    let events = run(&(sse(&[chunk(json!({"content": "x"})), same.clone(), same, last("stop")]) + DONE)).unwrap();
    let told = events
        .iter()
        .filter(|e| matches!(e, Event::Extension(e) if e.value.contains("content")))
        .count();
    assert_eq!(told, 2, "{events:?}");
}

#[test]
fn bookkeeping_of_a_wrong_type_does_not_cost_the_answer() {
    let odd = json!({"id": 7, "model": null, "created": 1.5, "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": -1, "completion_tokens": 2.0}});
    let events = run(&(sse(&[odd]) + DONE)).unwrap();
    assert!(events.contains(&Event::Text("a".into())), "{events:?}");
    let usage = events
        .iter()
        .find_map(|e| if let Event::Usage(usage) = e { Some(usage) } else { None })
        .unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens), (None, Some(2)));
}
