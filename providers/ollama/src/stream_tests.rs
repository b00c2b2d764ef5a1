//! What streams mean. Complete ones are in `tests/fixtures/streams`.

use wharf_provider_sdk::{ErrorKind, FinishReason};

use super::*;

fn stream(text: &str) -> Stream<std::vec::IntoIter<Vec<u8>>> {
    Stream::new(vec![text.as_bytes().to_vec()].into_iter(), CallIds::default())
}

fn run(text: &str) -> Result<Vec<Event>, Error> {
    let mut stream = stream(text);
    let mut events = Vec::new();
    loop {
        let batch = stream.next()?;
        if batch.is_empty() {
            return Ok(events);
        }
        events.extend(batch);
    }
}

const SAID: &str = "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"done\":false}\n";
const DONE: &str = "{\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n";

fn start() -> Event {
    Event::Start(Start {
        model: Some("m".into()),
        ..Start::default()
    })
}

#[test]
fn a_stream_without_its_end_broke_off() {
    for text in ["", SAID] {
        let error = run(text).unwrap_err();
        assert_eq!((error.kind, error.sent), (ErrorKind::Unavailable, true), "`{text}`");
    }
    assert!(run(&format!("{SAID}{DONE}")).is_ok());
    assert!(run(DONE.trim_end()).is_ok(), "the last line needs no end");
}

#[test]
fn nothing_follows_the_end() {
    let events = run(&format!("{DONE}{SAID}not even JSON\n")).unwrap();
    assert_eq!(events, [start(), Event::Finish(FinishReason::Stop)]);
}

#[test]
fn what_came_before_an_error_is_told_before_it() {
    for broken in ["{\"error\":\"m broke\"}\n", "{\"mod\n", "{\"message\":1}\n"] {
        let mut stream = stream(&format!("{SAID}{broken}"));
        assert_eq!(stream.next().unwrap(), [start(), Event::Text("a".into())], "{broken}");
        assert!(stream.next().is_err(), "{broken}");
    }
}

#[test]
fn an_error_line_is_the_vendors_error() {
    let error = run("{\"error\":\"m broke\"}\n").unwrap_err();
    assert_eq!(
        (error.kind, error.message.as_str(), error.sent),
        (ErrorKind::Unavailable, "m broke", true)
    );
}

#[test]
fn calls_are_counted_through_all_lines() {
    let line = |name: &str| {
        let call = format!("{{\"function\":{{\"index\":0,\"name\":\"{name}\",\"arguments\":{{\"a\":1}}}}}}");
        format!("{{\"message\":{{\"content\":\"\",\"tool_calls\":[{call}]}},\"done\":false}}\n")
    };
    let events = run(&format!("{}{}{DONE}", line("f"), line("g"))).unwrap();
    let call = |index: u32, name: &str| {
        Event::ToolCall(CallDelta {
            index,
            id: Some(format!("call_{index}")),
            name: Some(name.into()),
            arguments: r#"{"a":1}"#.into(),
            extra: None,
        })
    };
    assert_eq!(
        events,
        [
            Event::Start(Start::default()),
            call(0, "f"),
            call(1, "g"),
            Event::Finish(FinishReason::ToolCalls),
        ]
    );
}
