//! Whether the document has the right shape, and the typed form of what has.
//!
//! Decides by the schema alone, so that what an editor accepts and what loads are the same files; only the ranges of
//! durations and sizes are checked here, since JSON Schema cannot compare text. Parts that are wrong are cut out of
//! the value after they were reported, and the rest is read on: mistakes between settings are then found in the same
//! run, and [`Tainted`] keeps those away that only follow from a reported one.

use std::collections::HashSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::document::{Kind, Mark, Node};
use super::expectation::{is_duration, is_size};
use super::explain::{Finding, explain, refused};
use super::pointer::{Place, Pointer, Tainted, locate};
use super::problem::Report;
use super::raw::RawConfig;
use super::{quantity, schema};

/// The most shape problems that are reported. 1000: nobody reads more, and finding the place of each takes time in the
/// size of the file.
const MAX_FINDINGS: usize = 1000;

static VALIDATOR: LazyLock<Result<Validator, String>> =
    LazyLock::new(|| jsonschema::draft202012::new(schema::shared()).map_err(|error| error.to_string()));

/// Checks the shape and reads what is right. Places with a problem are added to `tainted`.
pub(crate) fn check(root: &Node, tainted: &mut Tainted, report: &mut Report) -> RawConfig {
    let top = Place {
        path: String::new(),
        mark: Mark { line: 1, column: 1 },
        node: None,
    };
    if !matches!(root.kind, Kind::Map(_)) {
        tainted.insert(Pointer::default());
        report.problem(
            &top,
            None,
            "the file is not a mapping",
            "start it with keys such as `ai_services:`",
        );
        return RawConfig::default();
    }
    let validator = match &*VALIDATOR {
        Ok(validator) => validator,
        Err(reason) => {
            // A defect of this program, which its tests would find; still better told than a panic.
            report.problem(
                &top,
                None,
                format!("the configuration schema is broken: {reason}"),
                "report this as a bug",
            );
            return RawConfig::default();
        }
    };

    let mut value = to_value(root);
    // What could not be replaced by its value from outside was reported already.
    for pointer in tainted.iter() {
        prune(&mut value, pointer);
    }
    let mut findings = Vec::new();
    for error in validator.iter_errors(&value) {
        explain(&error, root, &mut findings);
    }
    out_of_range(&value, schema::shared(), &Pointer::default(), root, &mut findings);
    tell(findings, root, tainted, report);

    for pointer in tainted.iter() {
        prune(&mut value, pointer);
    }
    match serde_json::from_value(value) {
        Ok(raw) => raw,
        Err(error) => {
            if report.problems.is_empty() {
                report.problem(
                    &top,
                    None,
                    format!("the file cannot be read: {error}"),
                    "report this as a bug",
                );
            }
            tainted.insert(Pointer::default());
            RawConfig::default()
        }
    }
}

/// Reports findings, each once, but for those that follow from what is tainted already.
fn tell(findings: Vec<Finding>, root: &Node, tainted: &mut Tainted, report: &mut Report) {
    let mut told = HashSet::new();
    let mut fresh: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| !(finding.missing && tainted.covers(&finding.pointer)))
        .filter(|finding| told.insert((finding.pointer.clone(), finding.missing)))
        .collect();
    let left_out = fresh.len().saturating_sub(MAX_FINDINGS);
    fresh.truncate(MAX_FINDINGS);
    for Finding {
        pointer,
        value,
        problem,
        help,
        ..
    } in fresh
    {
        report.problem(&locate(root, &pointer), value, problem, help);
        tainted.insert(pointer);
    }
    if left_out > 0 {
        let top = Place {
            path: String::new(),
            mark: Mark { line: 1, column: 1 },
            node: None,
        };
        report.problem(
            &top,
            None,
            format!("{left_out} more problems are not listed"),
            "fix the listed ones first",
        );
        // Too much is unknown to judge how settings go together.
        tainted.insert(Pointer::default());
    }
}

/// The document as JSON. Its depth is bounded by the reader.
fn to_value(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.resolve(),
        Kind::Seq(items) => Value::Array(items.iter().map(to_value).collect()),
        Kind::Map(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key.text.clone(), to_value(value));
            }
            Value::Object(map)
        }
    }
}

/// Cuts a setting out. From a list nothing is cut, since the places of the other entries would change; the list goes
/// as a whole.
fn prune(value: &mut Value, pointer: &Pointer) {
    let segments = pointer.segments();
    for length in (1..=segments.len()).rev() {
        let Some((last, parents)) = segments[..length].split_last() else {
            return;
        };
        match descend(value, parents) {
            Some(Value::Object(map)) => {
                map.shift_remove(last.as_str());
                return;
            }
            Some(Value::Array(_)) => {}
            _ => return,
        }
    }
    if segments.is_empty() {
        *value = Value::Object(Map::new());
    }
}

fn descend<'v>(value: &'v mut Value, segments: &[String]) -> Option<&'v mut Value> {
    segments.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get_mut(segment.as_str()),
        Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Finds durations and sizes outside the range that their schema names.
fn out_of_range(value: &Value, schema: &'static Value, at: &Pointer, root: &Node, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(inner) = schema::step(schema, key) {
                    out_of_range(value, inner, &at.child(key), root, findings);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let index = index.to_string();
                if let Some(inner) = schema::step(schema, &index) {
                    out_of_range(item, inner, &at.child(index), root, findings);
                }
            }
        }
        Value::String(text) => {
            if let Some([min, max]) = schema.get("x-range").and_then(Value::as_array).map(Vec::as_slice) {
                let measured = measure(text, schema);
                let bound = |bound: &Value| bound.as_str().and_then(|text| measure(text, schema));
                // What cannot be measured is not a quantity or too large to count; both are outside.
                if measured.is_none() || measured < bound(min) || measured > bound(max) {
                    findings.push(refused(at.clone(), root));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A duration in nanoseconds or a size in bytes.
fn measure(text: &str, schema: &Value) -> Option<u128> {
    if is_duration(schema) {
        quantity::duration(text).map(|duration| duration.as_nanos())
    } else if is_size(schema) {
        quantity::size(text).map(u128::from)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cutting_a_setting_out_leaves_the_order_of_the_others() {
        let mut value = json!({"a": 1, "b": {"c": 2, "d": 3, "e": 4}, "f": 5});
        prune(&mut value, &Pointer::of(&["b", "c"]));
        prune(&mut value, &Pointer::of(&["a"]));
        assert_eq!(value.to_string(), r#"{"b":{"d":3,"e":4},"f":5}"#);
    }

    #[test]
    fn cutting_into_a_list_cuts_the_list() {
        let mut value = json!({"a": {"b": [1, 2, 3], "c": [{"d": 1, "e": 2}]}});
        prune(&mut value, &Pointer::of(&["a", "b", "1"]));
        prune(&mut value, &Pointer::of(&["a", "c", "0", "d"]));
        assert_eq!(value, json!({"a": {"c": [{"e": 2}]}}));
    }

    #[test]
    fn cutting_what_is_not_there_changes_nothing() {
        let mut value = json!({"a": 1});
        for segments in [&["b"][..], &["b", "c"], &["a", "b"]] {
            prune(&mut value, &Pointer::of(segments));
        }
        assert_eq!(value, json!({"a": 1}));
    }
}
