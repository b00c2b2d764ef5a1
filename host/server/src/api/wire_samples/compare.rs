//! Whether one JSON value has everything that another has.

use serde_json::Value;

/// A field that may be missing: its place with `[]` for every index (`*` for any place, `*.name` for that name
/// anywhere), the only value of which that is so (as JSON), and why.
pub(in crate::api) type Excuse = (&'static str, Option<&'static str>, &'static str);

/// What `sample` says and `found` does not, each with its place. What `found` says beside it is no loss.
pub(in crate::api) fn lost(sample: &Value, found: &Value, excuses: &[Excuse]) -> Vec<String> {
    let mut lost = Vec::new();
    walk("", &one_form(sample), Some(&one_form(found)), &mut |place, value| {
        if !excused(place, value, excuses) {
            lost.push(format!("{place}: {value}"));
        }
    });
    lost
}

/// Whether a field may be missing.
pub(super) fn excused(place: &str, value: &Value, excuses: &[Excuse]) -> bool {
    let place = everywhere(place);
    let json = value.to_string();
    excuses.iter().any(|(pattern, only, _why)| {
        let here = match pattern.strip_prefix('*') {
            Some(end) => place.ends_with(end) || end.strip_prefix('.') == Some(place.as_str()),
            None => place == *pattern,
        };
        here && only.is_none_or(|only| json == only)
    })
}

/// A place without its indices.
fn everywhere(place: &str) -> String {
    let mut inside = false;
    place
        .chars()
        .filter(|c| {
            inside = if inside { *c != ']' } else { *c == '[' };
            !inside || *c == '['
        })
        .collect()
}

fn walk(place: &str, sample: &Value, found: Option<&Value>, lose: &mut impl FnMut(&str, &Value)) {
    match sample {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let place = if place.is_empty() {
                    name.clone()
                } else {
                    format!("{place}.{name}")
                };
                walk(&place, value, found.and_then(|found| found.get(name)), lose);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                walk(
                    &format!("{place}[{at}]"),
                    item,
                    found.and_then(|found| found.get(at)),
                    lose,
                );
            }
        }
        leaf if found.is_some_and(|found| same(place, leaf, found)) => {}
        leaf => lose(place, leaf),
    }
}

/// Whether two values are the same. Something in an empty list is no loss, and `1` is `1.0`.
pub(super) fn same(place: &str, sample: &Value, found: &Value) -> bool {
    match (sample, found) {
        (Value::Object(fields), Value::Object(_)) if fields.is_empty() => true,
        (Value::Array(items), Value::Array(_)) if items.is_empty() => true,
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64(), other.as_f64());
            // The contract's vectors are of 32-bit floats, as those of the vendors.
            let narrow = |number: Option<f64>| number.map(|number| number as f32);
            one == other || (place.contains("embedding") && narrow(one) == narrow(other))
        }
        _ => sample == found,
    }
}

/// Two forms of the same thing in one of them: a text alone is a list of one text, as content, as a stop sequence and
/// as what is to be embedded.
fn one_form(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("content" | "system", Value::String(text)) => serde_json::json!([{"type": "text", "text": text}]),
                    ("stop" | "input", Value::String(text)) => serde_json::json!([text]),
                    _ => one_form(value),
                };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(one_form).collect(),
        _ => value.clone(),
    }
}

#[test]
fn whatever_is_missing_or_different_is_a_loss() {
    let sample = serde_json::json!({"a": {"b": [1, {"c": null}], "d": {}}, "e": "f", "g": []});
    assert_eq!(lost(&sample, &sample, &[]), [""; 0]);
    let found = serde_json::json!({"a": {"b": [1.0, {"c": 0}], "d": []}, "e": "F", "x": 1});
    assert_eq!(
        lost(&sample, &found, &[]),
        ["a.b[1].c: null", "a.d: {}", "e: \"f\"", "g: []"]
    );
    let gone = lost(&sample, &serde_json::json!({}), &[]);
    assert_eq!(gone.len(), 5, "every field of what is gone is a loss: {gone:?}");
}

#[test]
fn more_is_no_loss_and_neither_is_another_form() {
    let sample = serde_json::json!({"content": "a", "stop": "b", "list": []});
    let found = serde_json::json!({"content": [{"type": "text", "text": "a", "x": 1}], "stop": ["b"], "list": [1]});
    assert_eq!(lost(&sample, &found, &[]), [""; 0]);
}

#[test]
fn an_excuse_holds_at_its_place_and_for_its_value_only() {
    let sample = serde_json::json!({"a": [{"b": null}, {"b": 1}], "b": 2, "ab": 3});
    let nothing = serde_json::json!({});
    let lost_but = |excuse: Excuse| lost(&sample, &nothing, &[excuse]);
    assert_eq!(lost_but(("a[].b", None, "")), ["b: 2", "ab: 3"]);
    assert_eq!(lost_but(("a[].b", Some("1"), "")), ["a[0].b: null", "b: 2", "ab: 3"]);
    assert_eq!(lost_but(("*.b", None, "")), ["ab: 3"]);
    assert_eq!(lost_but(("*", Some("null"), "")), ["a[1].b: 1", "b: 2", "ab: 3"]);
}
