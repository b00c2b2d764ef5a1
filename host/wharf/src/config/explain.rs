//! What the schema validator found, in words a person can act on.
//!
//! Decides the message for every way a value can have the wrong shape. The validator says which setting and which
//! rule; the words come from the setting's own schema, so a value that breaks two rules of one setting is told once.
//! Values are shown as they are in the file: one that came from the environment is shown as its `${NAME}`, and text
//! where a mapping belongs is not shown at all, since it may be a key that was put one level too high.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::document::{Kind, Node};
use super::expectation::{expectation, is_duration, is_size};
use super::pointer::{Pointer, locate};
use super::{schema, suggest};

/// The longest value a message shows, in characters.
const SHOWN: usize = 60;

/// One mistake, not yet placed in the file.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) pointer: Pointer,
    /// The setting, or something in it, should be there and is not.
    pub(crate) missing: bool,
    pub(crate) value: Option<String>,
    pub(crate) problem: String,
    pub(crate) help: String,
}

/// Adds what one error of the validator means.
pub(crate) fn explain(error: &ValidationError<'_>, root: &Node, findings: &mut Vec<Finding>) {
    let at = error.instance_path().as_str();
    let pointer = Pointer::from_json(at);
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            findings.extend(unexpected.iter().map(|key| unknown(&pointer, key)));
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            findings.push(missing(pointer.child(key)));
        }
        ValidationErrorKind::AnyOf { context } => match meant(context, at) {
            Some(errors) => errors.iter().for_each(|error| explain(error, root, findings)),
            None => findings.push(refused(pointer, root)),
        },
        // What could not be replaced by its value from outside was cut out and reported; that too few entries are left
        // is no second mistake.
        ValidationErrorKind::MinProperties { .. } => findings.push(Finding {
            missing: true,
            ..refused(pointer, root)
        }),
        _ => findings.push(refused(pointer, root)),
    }
}

/// The form of several that the value was meant to have: the only one whose type it has.
fn meant<'c>(context: &'c [Vec<ValidationError<'static>>], at: &str) -> Option<&'c [ValidationError<'static>]> {
    let mut candidates = context.iter().filter(|errors| {
        !errors.iter().any(|error| {
            matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path().as_str() == at
        })
    });
    let first = candidates.next()?;
    if candidates.next().is_none() {
        Some(first.as_slice())
    } else {
        None
    }
}

fn unknown(parent: &Pointer, key: &str) -> Finding {
    let known: Vec<&str> = schema::at(parent).map(keys).unwrap_or_default();
    let is_fallback = matches!(parent.segments(), [_, section, _, last] if section == "routes" && last == "fallbacks");
    let (problem, what) = if is_fallback {
        ("this is not an error class", "error classes")
    } else {
        ("this key is not known", "known keys")
    };
    Finding {
        pointer: parent.child(key),
        missing: false,
        value: None,
        problem: problem.to_owned(),
        help: suggest::help(key, &known, what),
    }
}

/// The keys a mapping may have, over all its forms.
fn keys(schema: &'static Value) -> Vec<&'static str> {
    let own = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|map| map.keys());
    let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    own.map(String::as_str).chain(branches.flat_map(keys)).collect()
}

fn missing(pointer: Pointer) -> Finding {
    let help = match schema::at(&pointer) {
        Some(schema) => join(&format!("add {}", expectation(schema)), description(schema)),
        None => String::new(),
    };
    Finding {
        pointer,
        missing: true,
        value: None,
        problem: "this is required".to_owned(),
        help,
    }
}

/// A value that the schema of its setting does not accept, whatever the rule.
pub(crate) fn refused(pointer: Pointer, root: &Node) -> Finding {
    let node = locate(root, &pointer).node;
    let schema = schema::at(&pointer);
    let words = schema.map_or_else(|| "not this".to_owned(), expectation);
    let wants_structure = schema
        .and_then(|schema| schema.get("type"))
        .is_some_and(|name| name == "object" || (name == "array" && !is_short_word(node)));
    let (subject, value) = match node {
        Some(Node {
            kind: Kind::Scalar(scalar),
            ..
        }) if wants_structure && scalar.origin.is_none() && !scalar.resolve().is_null() => {
            ("a single value".to_owned(), None)
        }
        Some(node) => (subject(node), shown(node)),
        None => ("this".to_owned(), None),
    };
    let problem = match node {
        Some(Node {
            kind: Kind::Scalar(scalar),
            ..
        }) if scalar.resolve().is_null() && scalar.origin.is_none() => {
            format!("nothing is written here ({words})")
        }
        _ => format!("{subject} is not allowed ({words})"),
    };
    let hint = match (node, schema) {
        (Some(node), Some(schema)) => hint(node, schema),
        _ => String::new(),
    };
    let help = join(&hint, schema.map(description).unwrap_or_default());
    Finding {
        pointer,
        missing: false,
        value,
        problem,
        help,
    }
}

/// Text short enough to be a name and not a key of an upstream.
fn is_short_word(node: Option<&Node>) -> bool {
    matches!(node, Some(Node { kind: Kind::Scalar(scalar), .. }) if scalar.text.len() <= 16)
}

/// The value as the subject of a sentence.
pub(crate) fn subject(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => match (&scalar.origin, shown(node)) {
            (Some(origin), _) => format!("the value of {}", cut(origin)),
            (None, Some(text)) => text,
            (None, None) => "this".to_owned(),
        },
        Kind::Seq(items) if items.is_empty() => "an empty list".to_owned(),
        Kind::Seq(items) if items.len() == 1 => "a list of one entry".to_owned(),
        Kind::Seq(items) => format!("a list of {} entries", items.len()),
        Kind::Map(entries) if entries.is_empty() => "an empty mapping".to_owned(),
        Kind::Map(entries) if entries.len() == 1 => "a mapping of one entry".to_owned(),
        Kind::Map(entries) => format!("a mapping of {} entries", entries.len()),
    }
}

/// The value itself where it was written in the file.
pub(crate) fn shown(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.origin.is_none() => {
            // Text is quoted, which also makes control characters visible; numbers are shown as written.
            Some(if scalar.resolve().is_string() {
                format!("{:?}", cut(&scalar.text))
            } else {
                cut(&scalar.text)
            })
        }
        Kind::Scalar(_) | Kind::Seq(_) | Kind::Map(_) => None,
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN).collect();
    short.push('…');
    short
}

/// What to write instead, where the mistake is a common one.
fn hint(node: &Node, schema: &Value) -> String {
    let Kind::Scalar(scalar) = &node.kind else {
        return String::new();
    };
    let value = scalar.resolve();
    let written = scalar.origin.is_none();
    let name = schema.get("type").and_then(Value::as_str);
    if is_duration(schema) {
        return match value {
            Value::Number(number) if written => format!("add a unit (ms, s, m, h): {number}s for {number} seconds"),
            _ => "write a number and a unit: ms, s, m or h".to_owned(),
        };
    }
    if is_size(schema) {
        return "write a whole number and a unit: B, KiB, MiB or GiB".to_owned();
    }
    if let (Some(word), Some(options)) = (value.as_str(), options(schema)) {
        return match suggest::nearest(word, options) {
            Some(option) if written => format!("did you mean {option}?"),
            _ => String::new(),
        };
    }
    match name {
        Some("array") if written && !value.is_null() => "write a list: [first, second]".to_owned(),
        Some("integer" | "number" | "boolean") if value.is_string() && !scalar.plain => "remove the quotes".to_owned(),
        Some("string") if written && (value.is_number() || value.is_boolean()) => {
            format!("put it in quotes: \"{}\"", cut(&scalar.text))
        }
        _ => String::new(),
    }
}

/// The words a setting accepts, if it is one of a few words.
fn options(schema: &Value) -> Option<Vec<&str>> {
    let holder = match schema.get("anyOf").and_then(Value::as_array) {
        Some(branches) => branches.iter().find(|branch| branch.get("enum").is_some())?,
        None => schema,
    };
    Some(
        holder
            .get("enum")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect(),
    )
}

/// The setting's own description.
pub(crate) fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

fn join(hint: &str, description: &str) -> String {
    match (hint, description) {
        ("", text) | (text, "") => text.to_owned(),
        (hint, description) => format!("{hint}. {description}"),
    }
}
