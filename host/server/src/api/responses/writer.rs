//! Events of a stream as text: each tells its type twice and its number once.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wharf::Error;

use crate::api::error;

/// A field of an event.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Text(&'a str),
    Index(usize),
    /// A value that is JSON already.
    Json(&'a RawValue),
    /// A list that the form wants and nobody can fill.
    Nothing,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Index(index) => index.serialize(serializer),
            Self::Json(raw) => raw.serialize(serializer),
            Self::Nothing => json!([]).serialize(serializer),
        }
    }
}

/// Counts the events of one stream.
#[derive(Debug, Default)]
pub(super) struct Writer {
    next: u64,
}

impl Writer {
    /// Writes an event.
    pub(super) fn event(&mut self, kind: &str, fields: &[(&str, Field<'_>)], out: &mut String) {
        let number = self.number();
        write(kind, &Event { kind, number, fields }, out);
    }

    /// The number of the next event.
    pub(super) fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}

struct Event<'a> {
    kind: &'a str,
    number: u64,
    fields: &'a [(&'a str, Field<'a>)],
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len() + 2))?;
        map.serialize_entry("type", self.kind)?;
        map.serialize_entry("sequence_number", &self.number)?;
        for (name, value) in self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// An error as an event that ends a stream. OpenAI documents its fields beside `type` and sends them under `error`;
/// clients read the one or the other. The host does not know the number where nobody counts any more.
pub(super) fn failure(error: &Error, number: Option<u64>) -> String {
    let mut body = json!({"type": "error"});
    if let Some(number) = number {
        body["sequence_number"] = json!(number);
    }
    let mut inner: Value = error::body(error)["error"].take();
    for name in ["code", "message", "param"] {
        body[name] = inner[name].clone();
    }
    body["error"] = inner.take();
    let mut out = String::new();
    write("error", &body, &mut out);
    out
}

fn write(kind: &str, event: &impl Serialize, out: &mut String) {
    // Strings, numbers and unparsed values always serialize.
    if let Ok(text) = serde_json::to_string(event) {
        for piece in ["event: ", kind, "\ndata: ", &text, "\n\n"] {
            out.push_str(piece);
        }
    }
}
