//! Whether a record of the host has everything that a JSON value has, where no front door writes it as that JSON again.
//!
//! Weaker than comparing: every value must be somewhere in the record, wherever that is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::compare::{Excuse, excused};

/// What `sample` says and the record, in its debug form, does not. Nulls and empty lists say nothing.
pub(in crate::api) fn missing(sample: &Value, record: &str, excuses: &[Excuse]) -> Vec<String> {
    let record = plain(record);
    let mut missing = Vec::new();
    let mut open = vec![(String::new(), String::new(), sample)];
    while let Some((place, name, value)) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.iter().map(|(name, value)| {
                let place = if place.is_empty() {
                    name.clone()
                } else {
                    format!("{place}.{name}")
                };
                (place, name.clone(), value)
            })),
            Value::Array(items) => {
                let places = items.iter().enumerate();
                open.extend(places.map(|(at, item)| (format!("{place}[{at}]"), name.clone(), item)));
            }
            leaf if is_in(&record, &name, leaf) || excused(&place, leaf, excuses) => {}
            leaf => missing.push(format!("{place}: {leaf}")),
        }
    }
    missing.sort();
    missing
}

/// A text without what writing it as a string, once or twice, adds to it.
fn plain(text: &str) -> String {
    let said = text.chars().filter(|c| *c != '\\' && !c.is_whitespace());
    said.collect::<String>().to_lowercase()
}

fn is_in(record: &str, name: &str, leaf: &Value) -> bool {
    match leaf {
        Value::String(text) => {
            let quoted = plain(&format!("{text:?}"));
            let bare = quoted.trim_matches('"');
            record.contains(bare) || bytes(text).is_some_and(|bytes| record.contains(&plain(&format!("{bytes:?}"))))
        }
        Value::Number(number) => has_number(record, &number.to_string().to_lowercase()),
        Value::Bool(flag) => {
            let name = plain(name);
            let forms = [
                format!("{name}\":{flag}"),
                format!("{name}:{flag}"),
                format!("{name}:some({flag})"),
            ];
            forms.iter().any(|form| record.contains(form))
        }
        Value::Null | Value::Object(_) | Value::Array(_) => true,
    }
}

/// The bytes that a text stands for, if it does.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let data = text.split_once(";base64,").map_or(text, |(_, data)| data);
    STANDARD.decode(data).ok().filter(|bytes| !bytes.is_empty())
}

/// Whether a number stands there, and not merely as a part of another.
fn has_number(record: &str, number: &str) -> bool {
    let part = |c: char| c.is_ascii_digit() || c == '.';
    record.match_indices(number).any(|(at, _)| {
        let before = record[..at].chars().next_back();
        let after = record[at + number.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn a_value_that_is_nowhere_is_missing() {
    let record = format!("{:?}", wharf::Part::text("a \"quoted\"\nline"));
    let sample = serde_json::json!({"text": "a \"quoted\"\nline", "other": "b", "none": null});
    assert_eq!(missing(&sample, &record, &[]), ["other: \"b\""]);
}

#[test]
fn numbers_flags_and_bytes_are_found_as_what_they_are() {
    let json = serde_json::json!({"n": 12, "flag": true, "data": "AQID"}).to_string();
    let record = format!("{:?} {:?} {:?}", wharf::Json(json), Some(7), vec![9_u8, 8, 7]);
    let sample = serde_json::json!({"n": 12, "seven": 7, "flag": true, "image": "data:image/png;base64,CQgH"});
    assert_eq!(missing(&sample, &record, &[]), [""; 0]);
    let other = serde_json::json!({"n": 2, "flag": false});
    assert_eq!(missing(&other, &record, &[]), ["flag: false", "n: 2"]);
}
