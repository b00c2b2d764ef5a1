//! What a setting accepts, in words: `1 to 10`, `a duration from 10ms to 1h`, `request, pooled or a mapping`.
//!
//! Decides the words for every kind of schema in `raw`, from the schema alone. Messages and the reference document use
//! the same ones.

use serde_json::Value;

use super::quantity::{DURATION, SIZE};

/// The words for what a schema accepts.
pub(crate) fn expectation(schema: &Value) -> String {
    either(alternatives(schema))
}

/// The words for each of the forms a schema accepts.
fn alternatives(schema: &Value) -> Vec<String> {
    if let Some(words) = schema.get("x-expect").and_then(Value::as_str) {
        return vec![words.to_owned()];
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options.iter().map(plain).collect();
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        return branches.iter().flat_map(alternatives).collect();
    }
    if schema.get("type").is_some_and(|name| name == "object") {
        return mapping(schema);
    }
    vec![single(schema)]
}

fn single(schema: &Value) -> String {
    if is_duration(schema) {
        return format!("a duration{}", quantity_range(schema));
    }
    if is_size(schema) {
        return format!("a size{}", quantity_range(schema));
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("integer" | "number") => match (schema.get("minimum"), schema.get("maximum")) {
            (Some(min), Some(max)) => format!("{} to {}", plain(min), plain(max)),
            (Some(min), None) => format!("a number from {}", plain(min)),
            (None, Some(max)) => format!("a number up to {}", plain(max)),
            (None, None) => "a number".to_owned(),
        },
        Some("boolean") => "true or false".to_owned(),
        Some("string") => format!("text{}", count(schema, "minLength", "maxLength", "character")),
        Some("array") => format!("a list{}", count(schema, "minItems", "maxItems", "entry")),
        _ => "anything".to_owned(),
    }
}

/// Whether the setting is a duration.
pub(crate) fn is_duration(schema: &Value) -> bool {
    schema.get("pattern").is_some_and(|pattern| pattern == DURATION)
}

/// Whether the setting is a size in bytes.
pub(crate) fn is_size(schema: &Value) -> bool {
    schema.get("pattern").is_some_and(|pattern| pattern == SIZE)
}

fn quantity_range(schema: &Value) -> String {
    match schema.get("x-range").and_then(Value::as_array).map(Vec::as_slice) {
        Some([min, max]) => format!(" from {} to {}", plain(min), plain(max)),
        _ => String::new(),
    }
}

/// A mapping that takes exactly one key is shown with it: `{command: …}`.
fn mapping(schema: &Value) -> Vec<String> {
    let keys: Vec<&str> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let takes_one = keys.len() == 1 || schema.get("maxProperties").is_some_and(|most| *most == 1);
    if takes_one && !keys.is_empty() {
        keys.iter().map(|key| format!("{{{key}: …}}")).collect()
    } else {
        vec![format!(
            "a mapping{}",
            count(schema, "minProperties", "maxProperties", "entry")
        )]
    }
}

/// ` of 1 to 1000 entries`, as far as the schema says so.
fn count(schema: &Value, min: &str, max: &str, noun: &str) -> String {
    let plural = if noun == "entry" {
        "entries".to_owned()
    } else {
        format!("{noun}s")
    };
    let number = |keyword| schema.get(keyword).and_then(Value::as_u64);
    match (number(min), number(max)) {
        (None | Some(0), None) => String::new(),
        (Some(1), None) => format!(" with at least one {noun}"),
        (Some(min), None) => format!(" of at least {min} {plural}"),
        (None, Some(max)) => format!(" of at most {max} {plural}"),
        (Some(min), Some(max)) => format!(" of {min} to {max} {plural}"),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn either(mut words: Vec<String>) -> String {
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// A value without the quotes of JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::pointer::Pointer;
    use crate::config::schema;

    #[test]
    fn every_kind_of_setting_says_what_it_accepts() {
        let provider = |key| Pointer::of(&["ai_services", "providers", "x", key]);
        let cases = [
            (provider("max_retries"), "0 to 10"),
            (provider("timeout"), "a duration from 10ms to 1h"),
            (provider("models"), "a list of 1 to 1000 entries"),
            (provider("private"), "true or false"),
            (provider("isolation"), "request, pooled or {pooled: …}"),
            (provider("credential"), "bearer, none, {header: …} or {query: …}"),
            (provider("api_key"), "text with at least one character or {command: …}"),
            (provider("limits"), "a mapping"),
            (Pointer::of(&["server", "max_body"]), "a size from 1KiB to 1GiB"),
            (Pointer::of(&["listen"]), "an address and a port such as 127.0.0.1:8080"),
            (Pointer::of(&["plugins"]), "text of 1 to 4096 characters"),
            (Pointer::of(&["ai_services", "retry", "backoff_multiplier"]), "1 to 10"),
            (
                Pointer::of(&["ai_services", "circuit_breaker", "failure_ratio"]),
                "0.01 to 1",
            ),
            (
                Pointer::of(&["ai_services", "routes", "r", "degraded"]),
                "a mapping with at least one entry",
            ),
            (
                Pointer::of(&["ai_services", "routes", "r", "hedge"]),
                "{} or {after: …}",
            ),
            (
                Pointer::of(&["ai_services", "providers"]),
                "a mapping of 1 to 1000 entries",
            ),
            (
                Pointer::of(&["ai_services", "load_balancer", "strategy"]),
                "round_robin, weighted, least_connections or latency",
            ),
        ];
        for (pointer, expected) in cases {
            assert_eq!(expectation(schema::at(&pointer).unwrap()), expected, "{pointer:?}");
        }
    }
}
