//! Builds a value that fits a JSON schema, for tool arguments and structured answers.
//!
//! Pure, and deterministic: strings are `"mock"`, numbers 1, booleans true, arrays empty. It knows the keywords that
//! tools and structured outputs use, not the whole of JSON Schema; local `$ref`s are followed because generated
//! schemas are full of them. Depth and size are bounded, since schemas come from clients and may refer to themselves.

use serde_json::{Map, Value};

/// Deepest nesting followed; OpenAI allows 5 to 10 levels.
const MAX_DEPTH: usize = 32;

/// Most values built for one schema: two self-references per level would double the size 32 times.
const MAX_VALUES: usize = 10_000;

/// The value for a schema.
pub(super) fn instance(schema: &Value) -> Value {
    Builder {
        root: schema,
        left: MAX_VALUES,
    }
    .build(schema, 0)
}

struct Builder<'a> {
    root: &'a Value,
    left: usize,
}

impl Builder<'_> {
    fn build(&mut self, schema: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        let Value::Object(schema) = schema else {
            return Value::Object(Map::new());
        };
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(first) = first_of(schema, "enum") {
            return first.clone();
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            let found = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
            return found.map_or(Value::Null, |found| self.build(found, depth + 1));
        }
        if !schema.contains_key("type") && !schema.contains_key("properties") {
            for key in ["anyOf", "oneOf", "allOf"] {
                if let Some(first) = first_of(schema, key) {
                    return self.build(first, depth + 1);
                }
            }
        }
        // Gemini's own dialect of schemas writes types in capitals.
        match type_name(schema).to_ascii_lowercase().as_str() {
            "object" => self.object(schema, depth),
            "array" => Value::Array(Vec::new()),
            "number" | "integer" => Value::from(1),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::from("mock"),
        }
    }

    /// The required properties, or all of them when the schema does not say which are required.
    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let mut object = Map::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            let required = schema
                .get("required")
                .and_then(Value::as_array)
                .filter(|names| !names.is_empty());
            for (name, property) in properties {
                let wanted = required.is_none_or(|names| names.iter().any(|wanted| wanted == name.as_str()));
                if wanted {
                    object.insert(name.clone(), self.build(property, depth + 1));
                }
            }
        }
        Value::Object(object)
    }
}

fn first_of<'a>(schema: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    schema
        .get(key)
        .and_then(Value::as_array)
        .and_then(|values| values.first())
}

/// The type to build: the only one, the first that is not null, or a guess from the other keywords.
fn type_name(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name.as_str(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("null"),
        _ if schema.contains_key("properties") => "object",
        _ if schema.contains_key("items") => "array",
        _ => "string",
    }
}
