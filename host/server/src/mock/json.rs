//! Pieces of JSON text that all vendors' answers are written with, and the echo of a request.
//!
//! Chat completions are written straight into one buffer: building a tree of JSON values first would be most of the
//! cost of an answer, and the emulator is the upstream of the benchmarks. The other vendors, whom no benchmark asks,
//! build trees, which are easier to read.

use std::io::Write as _;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Creation time of every answer: the emulator is deterministic and does not look at the clock.
pub(super) const CREATED: u64 = 1_700_000_000;

/// The same as a date.
pub(super) const CREATED_DATE: &str = "2023-11-14T22:13:20Z";

/// Appends text as it is.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends a value as JSON. Strings, numbers and options of them cannot fail; anything that does becomes null.
pub(super) fn push_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        push_text(out, "null");
    }
}

/// Appends a number.
pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    // Writing to memory does not fail.
    let _ = write!(out, "{number}");
}

/// Puts members, as from `echo`, before the last brace of an object.
pub(super) fn splice(object: &mut Vec<u8>, members: Option<&str>) {
    if let Some(members) = members
        && object.pop_if(|last| *last == b'}').is_some()
    {
        push_text(object, members);
        object.push(b'}');
    }
}

/// A tree as text.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    push_json(&mut out, value);
    out
}

/// The members `mock_request` and `mock_headers`, each with its comma. Of the authorization and of the vendor's own
/// header with a key only the presence is told. Keys in other vendors' headers are repeated: they have no business
/// here, and tests look for them.
pub(super) fn echo(headers: &HeaderMap, body: &[u8], key_header: &str) -> String {
    // As it came, digit for digit. A line break cannot be inside a JSON string, so it may become a space, which
    // keeps the answer on one line for server-sent events.
    let raw: Option<&RawValue> = serde_json::from_slice(body).ok();
    let request = raw.map_or_else(|| "null".to_owned(), |raw| raw.get().replace(['\n', '\r'], " "));
    let mut seen: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let text = if name == AUTHORIZATION || name == key_header {
            "present".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        if let Some(Value::String(earlier)) = seen.get_mut(name.as_str()) {
            earlier.push_str(", ");
            earlier.push_str(&text);
            continue;
        }
        seen.insert(name.as_str().to_owned(), Value::String(text));
    }
    let headers = Value::Object(seen);
    format!(r#","mock_request":{request},"mock_headers":{headers}"#)
}
