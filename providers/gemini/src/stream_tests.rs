//! What streams mean. Complete ones are in `tests/fixtures/streams`.

use serde_json::{Value, json};
use wharf_provider_sdk::{ErrorKind, FinishReason};

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

fn sse(chunks: &[Value]) -> String {
    chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect()
}

fn says(text: &str) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}], "modelVersion": "m"})
}

fn last(word: &str) -> Value {
    json!({"candidates": [{"finishReason": word}], "modelVersion": "m"})
}

#[test]
fn a_reason_with_every_event_is_one_end() {
    let mut first = says("a");
    first["candidates"][0]["finishReason"] = json!("STOP");
    let mut second = says("b");
    second["candidates"][0]["finishReason"] = json!("STOP");
    let (events, error) = run(&sse(&[first, second]));
    assert_eq!(error, None);
    assert_eq!(
        events[1..],
        [
            Event::Text("a".into()),
            Event::Text("b".into()),
            Event::Finish(FinishReason::Stop)
        ]
    );
}

#[test]
fn a_call_makes_the_end_a_call_for_tools() {
    let call = json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {}}},
        {"functionCall": {"name": "g", "args": {}}}]}}]});
    let (events, _) = run(&sse(&[call, last("STOP")]));
    let calls: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::ToolCall(call) => Some((call.index, call.name.as_deref())),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [(0, Some("f")), (1, Some("g"))]);
    assert_eq!(events.last(), Some(&Event::Finish(FinishReason::ToolCalls)));
}

#[test]
fn a_stream_without_a_reason_broke_off() {
    let (events, error) = run(&sse(&[says("a")]));
    assert_eq!(events.last(), Some(&Event::Text("a".into())));
    let error = error.unwrap();
    assert!(error.kind == ErrorKind::Unavailable && error.sent, "{error:?}");
    assert!(run("").1.is_some(), "nothing at all is not an answer");
}

#[test]
fn what_came_before_an_error_is_told_before_it() {
    let failed = json!({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}});
    let (events, error) = run(&sse(&[says("a"), failed]));
    assert_eq!(events.last(), Some(&Event::Text("a".into())));
    assert_eq!(error.unwrap().kind, ErrorKind::RateLimited);
}

#[test]
fn a_blocked_prompt_is_an_error_of_the_first_event() {
    let (events, error) = run(&sse(&[json!({"promptFeedback": {"blockReason": "SAFETY"}})]));
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(error.unwrap().kind, ErrorKind::ContentFiltered);
}

#[test]
fn what_is_the_same_in_every_event_is_told_once() {
    let with = |text: &str| {
        let mut chunk = says(text);
        chunk["createTime"] = json!("t");
        chunk
    };
    let mut rated = with("b");
    rated["candidates"][0]["safetyRatings"] = json!([]);
    let mut end = last("STOP");
    end["createTime"] = json!("t");
    let (events, _) = run(&sse(&[with("a"), with("b"), rated.clone(), rated, end]));
    let told: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Event::Extension(extension) => Some(extension.value.as_str()),
            _ => None,
        })
        .collect();
    let rating = r#"{"createTime":"t","candidates":[{"safetyRatings":[]}]}"#;
    assert_eq!(told, [rating, rating, r#"{"createTime":"t"}"#]);
    let Event::Start(start) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(start.extra.as_ref().unwrap().value, r#"{"createTime":"t"}"#);
}

#[test]
fn a_foreign_end_mark_is_no_event() {
    let (events, error) = run(&(sse(&[says("a"), last("STOP")]) + "data: [DONE]\n\n"));
    assert_eq!(error, None);
    assert_eq!(events.last(), Some(&Event::Finish(FinishReason::Stop)));
}
