//! Schemas of answers in the form that the vendor takes: of a part of JSON Schema, and closed.
//!
//! Clients of other APIs write what theirs allow for. As the vendor's own clients do, limits that it does not know go
//! into the description, where the model reads them, and objects are closed.

use std::borrow::Cow;

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;

use crate::wire::{Map, Node};

/// Limits that the vendor refuses.
const UNKNOWN: [&str; 12] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
];
/// Forms of texts that the vendor knows.
const FORMATS: [&str; 10] = [
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
];
/// Fields that hold a schema, or a list of them.
const INSIDE: [&str; 3] = ["items", "anyOf", "allOf"];
/// Fields that hold schemas by name.
const BY_NAME: [&str; 3] = ["properties", "$defs", "definitions"];
/// Deeper schemas are sent as they are. The vendor takes none so deep.
const DEEPEST: usize = 64;

/// A schema in the vendor's form. What is no object is for the vendor to judge.
pub(crate) fn accepted(raw: &RawValue) -> Node<'_> {
    schema(raw, 0)
}

fn schema(raw: &RawValue, depth: usize) -> Node<'_> {
    let parsed: Option<Object<'_>> = serde_json::from_str(raw.get()).ok();
    let Some(fields) = parsed.filter(|_| depth < DEEPEST) else {
        return inside(raw, depth);
    };
    let limits: Vec<String> = fields
        .iter()
        .filter(|(name, value)| is_unknown(name, value))
        .map(|(name, value)| format!("{name}: {}", value.get()))
        .collect();
    let description: Option<Cow<'_, str>> = fields.peek::<String>("description").map(Cow::Owned);
    let described = match (description, limits.is_empty()) {
        (Some(text), false) => Some(Cow::Owned(format!("{text} ({})", limits.join(", ")))),
        (None, false) => Some(Cow::Owned(format!("({})", limits.join(", ")))),
        (description, true) => description,
    };
    let mut map = Map::default();
    for (name, value) in fields.iter().filter(|(name, value)| !is_unknown(name, value)) {
        let node = match name {
            "description" => continue,
            // One of several is one of them; the vendor knows the weaker word only.
            "oneOf" if !fields.contains("anyOf") => {
                map.put("anyOf", inside(value, depth));
                continue;
            }
            // Whatever is said of a closed object holds for an open one.
            "additionalProperties" if value.get() == "true" => Node::Flag(false),
            name if INSIDE.contains(&name) => inside(value, depth),
            name if BY_NAME.contains(&name) => by_name(value, depth),
            _ => Node::Raw(value),
        };
        map.put(name, node);
    }
    if let Some(text) = described {
        map.put("description", Node::Text(text));
    }
    let is_object = fields.peek::<&str>("type") == Some("object") || fields.contains("properties");
    if is_object && !fields.contains("additionalProperties") {
        map.put("additionalProperties", Node::Flag(false));
    }
    Node::Map(map)
}

/// The vendor knows of `minItems` no more than none and one.
fn is_unknown(name: &str, value: &RawValue) -> bool {
    let value = value.get();
    match name {
        "minItems" => !matches!(value, "0" | "1"),
        // Of anything else than a text it is the name of something else.
        "format" => value.starts_with('"') && !FORMATS.contains(&value.trim_matches('"')),
        name => UNKNOWN.contains(&name),
    }
}

/// A schema, or a list of them.
fn inside(raw: &RawValue, depth: usize) -> Node<'_> {
    if depth >= DEEPEST {
        return Node::Raw(raw);
    }
    match serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        Ok(list) => Node::List(list.into_iter().map(|raw| schema(raw, depth + 1)).collect()),
        Err(_) if raw.get().starts_with('{') => schema(raw, depth + 1),
        Err(_) => Node::Raw(raw),
    }
}

fn by_name(raw: &RawValue, depth: usize) -> Node<'_> {
    match serde_json::from_str::<Object<'_>>(raw.get()) {
        Ok(schemas) if depth < DEEPEST => {
            let mut map = Map::default();
            for (name, value) in schemas.iter() {
                map.put(name, inside(value, depth));
            }
            Node::Map(map)
        }
        _ => Node::Raw(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let raw: &RawValue = serde_json::from_str(given).unwrap();
        assert_eq!(serde_json::to_string(&accepted(raw)).unwrap(), expected);
    }

    #[test]
    fn what_the_vendor_takes_is_not_changed() {
        let schema = r#"{"type":"object","properties":{"b":{"type":"string","enum":["x"]},"a":{"type":["number","null"]}},"required":["b"],"additionalProperties":false}"#;
        check(schema, schema);
        check("true", "true");
    }

    #[test]
    fn limits_that_the_vendor_does_not_know_are_told_to_the_model() {
        check(
            r#"{"type":"number","minimum":0,"maximum":1.50,"description":"How sure."}"#,
            r#"{"type":"number","description":"How sure. (minimum: 0, maximum: 1.50)"}"#,
        );
        check(
            r#"{"type":"array","items":{"type":"string","maxLength":3},"minItems":1,"maxItems":2}"#,
            r#"{"type":"array","items":{"type":"string","description":"(maxLength: 3)"},"minItems":1,"description":"(maxItems: 2)"}"#,
        );
    }

    #[test]
    fn objects_are_closed_wherever_they_are() {
        check(
            r##"{"type":"object","properties":{"minimum":{"anyOf":[{"type":"object","properties":{}},{"$ref":"#/$defs/d"}]}},"$defs":{"d":{"type":"object"}}}"##,
            r##"{"type":"object","properties":{"minimum":{"anyOf":[{"type":"object","properties":{},"additionalProperties":false},{"$ref":"#/$defs/d"}]}},"$defs":{"d":{"type":"object","additionalProperties":false}},"additionalProperties":false}"##,
        );
    }

    #[test]
    fn words_that_the_vendor_does_not_know_become_the_nearest_that_it_knows() {
        check(
            r#"{"oneOf":[{"type":"string","format":"date"},{"type":"string","format":"color"}]}"#,
            r#"{"anyOf":[{"type":"string","format":"date"},{"type":"string","description":"(format: \"color\")"}]}"#,
        );
        check(
            r#"{"type":"object","additionalProperties":true}"#,
            r#"{"type":"object","additionalProperties":false}"#,
        );
    }

    #[test]
    fn a_schema_without_end_is_sent_as_it_is() {
        let deep = format!("{}{}{}", r#"{"items":"#.repeat(5000), "{}", "}".repeat(5000));
        let raw: &RawValue = serde_json::from_str(&deep).unwrap();
        assert_eq!(serde_json::to_string(&accepted(raw)).unwrap(), deep);
    }
}
