//! What streams mean. Complete ones are in `tests/fixtures/streams`.

use serde_json::{Value, json};
use wharf_provider_sdk::{ErrorKind, Usage};

use super::*;

fn run(stream: &str) -> (Vec<Event>, Option<Error>) {
    let mut stream = Stream::new(vec![stream.as_bytes().to_vec()].into_iter());
    let mut events = Vec::new();
    loop {
        match stream.next() {
            Ok(batch) if batch.is_empty() => return (events, None),
            Ok(batch) => events.extend(batch),
            Err(error) => return (events, Some(error)),
        }
    }
}

fn sse(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

/// A stream whose events do not arrive together.
fn one_by_one(events: &[Value]) -> Stream<std::vec::IntoIter<Vec<u8>>> {
    let chunks = events.iter().map(|event| sse(std::slice::from_ref(event)).into_bytes());
    Stream::new(chunks.collect::<Vec<_>>().into_iter())
}

/// The events of a stream that ends well.
fn told(events: &[Value]) -> Vec<Event> {
    let (events, error) = run(&sse(events));
    assert_eq!(error, None);
    events
}

fn starts(block: Value) -> Value {
    json!({"type": "content_block_start", "index": 0, "content_block": block})
}

fn goes_on(delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": delta})
}

fn stops(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason}})
}

fn end() -> Value {
    json!({"type": "message_stop"})
}

fn left(value: &Value) -> Event {
    Event::Extension(extension(value.to_string()))
}

#[test]
fn what_came_before_an_error_is_told_before_it() {
    let failed = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "m"}});
    let (events, error) = run(&sse(&[goes_on(json!({"type": "text_delta", "text": "a"})), failed]));
    assert_eq!(events, [Event::Text("a".into())]);
    let error = error.unwrap();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::RateLimited, "m"));
}

#[test]
fn an_error_event_is_classified_by_its_type() {
    use ErrorKind as K;
    for (word, expected) in [
        ("invalid_request_error", K::InvalidRequest),
        ("authentication_error", K::Unauthenticated),
        ("billing_error", K::QuotaExhausted),
        ("permission_error", K::PermissionDenied),
        ("not_found_error", K::NotFound),
        ("request_too_large", K::ContextLengthExceeded),
        ("rate_limit_error", K::RateLimited),
        ("timeout_error", K::Timeout),
        ("overloaded_error", K::Overloaded),
        ("api_error", K::Unavailable),
        ("something_new", K::Unavailable),
    ] {
        let event = json!({"type": "error", "error": {"type": word, "message": "m"}});
        let error = run(&sse(&[event])).1.unwrap();
        assert_eq!(error.kind, expected, "{word}");
        assert!(error.sent, "an answer means that the request was sent");
    }
}

#[test]
fn a_stream_without_an_end_mark_ends_with_its_stop_reason() {
    let events = told(&[stops("max_tokens")]);
    assert_eq!(events, [Event::Finish(FinishReason::Length)]);
    assert!(run("").1.is_some(), "nothing at all is not an answer");
}

#[test]
fn an_end_mark_without_a_stop_reason_is_an_end() {
    assert_eq!(told(&[end()]), [Event::Finish(FinishReason::Stop)]);
    let call = starts(json!({"type": "tool_use", "id": "x", "name": "f", "input": {}}));
    let events = told(&[call, end()]);
    assert_eq!(events.last(), Some(&Event::Finish(FinishReason::ToolCalls)));
}

#[test]
fn nothing_is_told_behind_the_end_mark() {
    let late = goes_on(json!({"type": "text_delta", "text": "a"}));
    let (events, error) = run(&(sse(&[stops("end_turn"), end(), late]) + "data: [DONE]\n\n"));
    assert_eq!(events, [Event::Finish(FinishReason::Stop)]);
    assert_eq!(error, None);
}

#[test]
fn a_stream_ends_once() {
    let events = told(&[stops("end_turn"), stops("max_tokens"), end()]);
    assert_eq!(events, [Event::Finish(FinishReason::Stop)]);
}

#[test]
fn the_name_of_an_event_may_stand_outside_only() {
    let data = json!({"index": 0, "delta": {"type": "text_delta", "text": "a"}});
    let (events, _) = run(&format!("event: content_block_delta\ndata: {data}\n\n"));
    assert_eq!(events, [Event::Text("a".into())]);
}

#[test]
fn arguments_that_come_with_the_start_are_told() {
    let call = starts(json!({"type": "tool_use", "id": "x", "name": "f", "input": {"a": 1}}));
    let stop = json!({"type": "content_block_stop", "index": 0});
    let events = told(&[call, stop, stops("tool_use"), end()]);
    let Event::ToolCall(call) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(call.arguments, r#"{"a":1}"#);
    assert_eq!(events[1..], [Event::Finish(FinishReason::ToolCalls)]);
}

#[test]
fn a_block_that_nobody_stopped_is_told_before_the_end() {
    let block = json!({"type": "something_new", "value": 1});
    let events = told(&[starts(block.clone()), stops("end_turn"), end()]);
    assert_eq!(
        events,
        [
            left(&starts(block.clone())),
            Event::Part(Part::Extension(extension(block.to_string()))),
            Event::Finish(FinishReason::Stop)
        ]
    );
    let text = starts(json!({"type": "text", "text": "a"}));
    let events = told(&[starts(block.clone()), text, end()]);
    assert_eq!(
        events[1..3],
        [
            Event::Part(Part::Extension(extension(block.to_string()))),
            Event::Text("a".into())
        ],
        "or before the next block"
    );
}

#[test]
fn of_a_block_that_nobody_knows_every_event_is_told_and_then_the_whole() {
    let start = starts(json!({"type": "server_tool_use", "id": "s", "input": {}}));
    let pieces = ["", "{\"q\":", "1}"];
    let pieces = pieces.map(|piece| goes_on(json!({"type": "input_json_delta", "partial_json": piece})));
    let stop = json!({"type": "content_block_stop", "index": 0, "more": 1});
    let mut sent = vec![start];
    sent.extend(pieces);
    sent.push(stop);
    let whole = json!({"type": "server_tool_use", "id": "s", "input": {"q": 1}});
    let mut expected: Vec<Event> = sent.iter().map(left).collect();
    expected.push(Event::Part(Part::Extension(extension(whole.to_string()))));
    expected.push(Event::Finish(FinishReason::Stop));
    sent.push(end());
    assert_eq!(told(&sent), expected);
    // Each is told when it comes: the host waits for the next with an idle timeout.
    let mut stream = one_by_one(&sent);
    for event in &expected[..4] {
        assert_eq!(stream.next().unwrap(), std::slice::from_ref(event));
    }
}

#[test]
fn what_is_left_of_a_piece_comes_before_it_and_without_its_type() {
    let events = told(&[
        starts(json!({"type": "text", "text": "a", "citations": null})),
        goes_on(json!({"type": "text_delta", "text": "b", "more": 1})),
        end(),
    ]);
    assert_eq!(
        events[..4],
        [
            left(&json!({"type": "content_block_start", "index": 0, "content_block": {"citations": null}})),
            Event::Text("a".into()),
            left(&json!({"type": "content_block_delta", "index": 0, "delta": {"more": 1}})),
            Event::Text("b".into()),
        ]
    );
}

#[test]
fn a_ping_is_told_when_it_comes() {
    let ping = json!({"type": "ping", "load": 0.5});
    let events = told(&[json!({"type": "ping"}), ping.clone(), end()]);
    assert_eq!(events[..2], [left(&json!({"type": "ping"})), left(&ping)]);
    let (events, _) = run("event: ping\ndata: {}\n\n");
    assert_eq!(
        events,
        [left(&json!({"type": "ping"}))],
        "its name may stand outside only"
    );
    let first = one_by_one(&[json!({"type": "ping"}), end()]).next().unwrap();
    assert_eq!(first, [left(&json!({"type": "ping"}))], "and nobody waits for more");
}

#[test]
fn counts_may_come_without_a_start() {
    let counts = json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3}});
    let usage = Usage {
        output_tokens: Some(3),
        ..Usage::default()
    };
    assert_eq!(told(&[counts, end()])[0], Event::Usage(usage));
}

#[test]
fn what_is_not_json_is_an_error_of_the_vendor() {
    let (_, error) = run("data: <html>\n\n");
    assert_eq!(error.unwrap().kind, ErrorKind::Protocol);
    for strange in [
        json!({"type": "content_block_start", "index": 0}),
        starts(json!({"text": "a"})),
    ] {
        let (_, error) = run(&sse(&[strange]));
        assert_eq!(error.unwrap().kind, ErrorKind::Protocol);
    }
}
