//! Fields that nobody mapped, handed on as they came, digit for digit.
//!
//! They are laid over JSON that is written as text, so that no number and no order of fields changes on the way. They
//! mean something only if the vendor speaks the client's dialect; see `docs/adr/003-residual-extensions.md`.

use indexmap::IndexMap;
use serde_json::value::RawValue;
use wharf::{Extension, Json};

/// Fields in order, unparsed, each on one line.
pub(super) type Leftover = IndexMap<String, Box<RawValue>>;

/// The fields of an object. A provider that sends nonsense loses its leftovers, nothing else.
pub(super) fn of(json: Option<&Json>) -> Leftover {
    let parsed = json.and_then(|json| serde_json::from_str::<Leftover>(&json.0).ok());
    let mut fields = parsed.unwrap_or_default();
    for value in fields.values_mut().filter(|value| has_breaks(value)) {
        *value = one_line(value);
    }
    fields
}

/// What a vendor of this dialect left over.
pub(super) fn in_dialect<'a>(extension: Option<&'a Extension>, dialect: &str) -> Option<&'a Json> {
    let own = extension.filter(|extension| extension.kind == dialect);
    own.map(|extension| &extension.value)
}

/// A value on one line. A line break cannot be inside a JSON string, so it is white space, and an event of a stream
/// must not be broken by it.
pub(super) fn one_line(raw: &RawValue) -> Box<RawValue> {
    if !has_breaks(raw) {
        return raw.to_owned();
    }
    // It was JSON before, so it is JSON now.
    RawValue::from_string(raw.get().replace(['\n', '\r'], " ")).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn has_breaks(raw: &RawValue) -> bool {
    raw.get().contains(['\n', '\r'])
}

/// Appends fields to an object that is being written and already has a field.
pub(super) fn append(fields: &Leftover, except: &[&str], out: &mut String) {
    for (name, value) in fields {
        if !except.contains(&name.as_str()) {
            out.push(',');
            push_string(name, out);
            out.push(':');
            push_raw(value, out);
        }
    }
}

/// Appends a whole object.
pub(super) fn append_object(fields: &Leftover, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(name, out);
        out.push(':');
        push_raw(value, out);
    }
    out.push('}');
}

/// Appends a string as a field to an object that is being written and already has a field.
pub(super) fn push_field(name: &str, text: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    push_string(text, out);
}

/// Appends a value on one line, see [`one_line`].
pub(super) fn push_raw(value: &RawValue, out: &mut String) {
    let one_line = |c| if matches!(c, '\n' | '\r') { ' ' } else { c };
    out.extend(value.get().chars().map(one_line));
}

/// Appends a JSON string.
pub(super) fn push_string(text: &str, out: &mut String) {
    // A string always serializes.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_appended_on_one_line_and_keep_their_digits() {
        let fields = of(Some(&Json("{\"a\":1.10,\"b\":[1,\n2],\"c\":\"\\n\"}".to_owned())));
        let mut out = "{\"x\":0".to_owned();
        append(&fields, &["c"], &mut out);
        assert_eq!(out, r#"{"x":0,"a":1.10,"b":[1, 2]"#);
        let mut out = String::new();
        append_object(&fields, &mut out);
        assert_eq!(out, r#"{"a":1.10,"b":[1, 2],"c":"\n"}"#);
    }

    #[test]
    fn nonsense_is_nothing() {
        assert!(of(Some(&Json("[1]".to_owned()))).is_empty());
        assert!(of(None).is_empty());
    }
}
