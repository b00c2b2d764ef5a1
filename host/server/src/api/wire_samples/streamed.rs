//! Whether one stream says everything that another says.
//!
//! A stream may cut its texts elsewhere and repeat what holds for all of it. So the pieces of every text are joined and
//! must be the same; of every other field the values, in order and without repetitions, must all be there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::{Excuse, excused, same};

/// Fields whose values are pieces of one text.
const PIECES: [&str; 9] = [
    "arguments",
    "content",
    "partial_json",
    "reasoning",
    "reasoning_content",
    "refusal",
    "signature",
    "text",
    "thinking",
];

/// The body of an answer, as a provider reads it.
pub(in crate::api) fn body(text: &str) -> std::vec::IntoIter<Vec<u8>> {
    vec![text.as_bytes().to_vec()].into_iter()
}

/// The events of a stream, or the values on its lines.
pub(in crate::api) fn events(text: &str) -> Vec<Value> {
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
    let lines = lines.filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line} must be JSON: {error}")))
        .collect()
}

/// What `sample` says and `found` does not.
pub(in crate::api) fn lost(sample: &[Value], found: &[Value], excuses: &[Excuse]) -> Vec<String> {
    let (sample, found) = (Said::by(sample), Said::by(found));
    let mut lost = Vec::new();
    for (place, text) in &sample.texts {
        let told = found.texts.get(place);
        let whole = Value::from(text.as_str());
        // An empty piece says nothing; there may have been none.
        if !text.is_empty() && told != Some(text) && !excused(place, &whole, excuses) {
            lost.push(format!("{place}: {text:?}, and not {told:?}"));
        }
    }
    for (place, values) in &sample.values {
        let mut rest = found.values.get(place).into_iter().flatten();
        for value in values.iter().filter(|value| !excused(place, value, excuses)) {
            if !rest.by_ref().any(|other| same(place, value, other)) {
                lost.push(format!("{place}: {value}"));
                break;
            }
        }
    }
    lost
}

/// What a stream says, by place.
#[derive(Debug, Default)]
struct Said {
    texts: BTreeMap<String, String>,
    values: BTreeMap<String, Vec<Value>>,
}

impl Said {
    fn by(events: &[Value]) -> Self {
        let mut said = Self::default();
        for event in events {
            let kind = event["type"].as_str().unwrap_or_default();
            let index = event["index"].as_u64().map(|index| format!("[{index}]"));
            let place = format!("{kind}{}", index.unwrap_or_default());
            said.add(&place, "", event);
        }
        said
    }

    fn add(&mut self, place: &str, name: &str, value: &Value) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    let place = if place.is_empty() {
                        name.clone()
                    } else {
                        format!("{place}.{name}")
                    };
                    self.add(&place, name, value);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    // What has a number of its own is that one, wherever it stands.
                    let at = item["index"].as_u64().unwrap_or(at as u64);
                    self.add(&format!("{place}[{at}]"), name, item);
                }
            }
            // Nothing is added to the answer by it.
            Value::Null if place.contains("delta.") => {}
            Value::String(piece) if place.contains("delta.") && PIECES.contains(&name) => {
                self.texts.entry(place.to_owned()).or_default().push_str(piece);
            }
            value => {
                let values = self.values.entry(place.to_owned()).or_default();
                if values.last() != Some(value) {
                    values.push(value.clone());
                }
            }
        }
    }
}

#[test]
fn texts_may_be_cut_elsewhere_and_must_be_the_same() {
    let stream = |pieces: &[&str]| -> Vec<Value> {
        let event = |piece| serde_json::json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
        pieces.iter().map(event).collect()
    };
    assert_eq!(lost(&stream(&["a", "b"]), &stream(&["", "ab"]), &[]), [""; 0]);
    assert_eq!(lost(&stream(&["a", "a"]), &stream(&["a"]), &[]).len(), 1);
}

#[test]
fn values_may_be_repeated_and_must_keep_their_order() {
    let stream = |values: &[u32]| -> Vec<Value> { values.iter().map(|n| serde_json::json!({"n": n})).collect() };
    assert_eq!(lost(&stream(&[1, 2]), &stream(&[1, 1, 3, 2, 2]), &[]), [""; 0]);
    assert_eq!(lost(&stream(&[1, 2]), &stream(&[2, 1]), &[]), ["n: 2"]);
}

#[test]
fn events_are_read_with_and_without_a_frame() {
    let expected = [serde_json::json!({"a": 1}), serde_json::json!({"b": 2})];
    assert_eq!(
        events("event: x\ndata: {\"a\":1}\n\ndata:{\"b\":2}\n\ndata: [DONE]\n\n"),
        expected
    );
    assert_eq!(events("{\"a\":1}\n{\"b\":2}\n"), expected);
}
