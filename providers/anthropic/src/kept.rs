//! Blocks of a stream that the contract has no part for, such as the vendor's own tools and what they found.
//!
//! They are put together and told whole. Anthropic's deltas name the field that they continue, so this also works for
//! deltas that do not exist yet.

use serde_json::Value;
use serde_json::value::RawValue;
use wharf_provider_sdk::Error;
use wharf_provider_sdk::json::Object;

use crate::fields::Fields;

/// A block so far.
#[derive(Debug)]
pub(crate) struct Kept {
    fields: Fields,
    /// The JSON of `input` as far as it has come.
    input: String,
}

impl Kept {
    /// A block as it starts.
    pub(crate) fn of(block: &RawValue) -> Result<Self, Error> {
        let block = Object::parse(block.get())?;
        let mut fields = Fields::default();
        for (name, value) in block.iter() {
            fields.set(name, value.get());
        }
        Ok(Self {
            fields,
            input: String::new(),
        })
    }

    /// Takes a delta in: a text continues the text of that name, anything else takes its place.
    pub(crate) fn add(&mut self, delta: &Object<'_>) {
        for (name, value) in delta.iter().filter(|(name, _)| *name != "type") {
            let text = serde_json::from_str::<String>(value.get()).ok();
            match (name, text) {
                ("partial_json", Some(text)) => self.input.push_str(&text),
                ("citation", _) => self.append("citations", value.get()),
                (_, Some(text)) => {
                    let before = self.fields.get(name);
                    let before: Option<String> = before.and_then(|json| serde_json::from_str(json).ok());
                    let text = before.unwrap_or_default() + &text;
                    self.fields.set(name, &Value::from(text).to_string());
                }
                (_, None) => self.fields.set(name, value.get()),
            }
        }
    }

    /// Appends a value to a list.
    fn append(&mut self, name: &str, json: &str) {
        let before = self.fields.get(name).and_then(|list| list.strip_suffix(']'));
        let list = match before.map(str::trim_end) {
            None | Some("[") => format!("[{json}]"),
            Some(before) => format!("{before},{json}]"),
        };
        self.fields.set(name, &list);
    }

    /// The whole block as JSON.
    pub(crate) fn json(mut self) -> String {
        if !self.input.is_empty() {
            // Arguments that broke off are kept as what they are, a text.
            let whole = serde_json::from_str::<&RawValue>(&self.input).is_ok();
            let input = if whole {
                std::mem::take(&mut self.input)
            } else {
                Value::from(self.input.as_str()).to_string()
            };
            self.fields.set("input", &input);
        }
        self.fields.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(block: &str, deltas: &[&str], expected: &str) {
        let block: &RawValue = serde_json::from_str(block).unwrap();
        let mut kept = Kept::of(block).unwrap();
        for delta in deltas {
            kept.add(&Object::parse(delta).unwrap());
        }
        assert_eq!(kept.json(), expected);
    }

    #[test]
    fn a_block_that_comes_at_once_is_not_changed() {
        let block = r#"{"type":"web_search_tool_result","content":[{"a":1.10}]}"#;
        check(block, &[], block);
    }

    #[test]
    fn the_input_of_a_tool_is_put_together() {
        let deltas = [
            r#"{"type":"input_json_delta","partial_json":""}"#,
            r#"{"type":"input_json_delta","partial_json":"{\"q\":"}"#,
            r#"{"type":"input_json_delta","partial_json":"1}"}"#,
        ];
        let block = r#"{"type":"server_tool_use","id":"s","input":{}}"#;
        check(block, &deltas, r#"{"type":"server_tool_use","id":"s","input":{"q":1}}"#);
        let broken = r#"{"type":"server_tool_use","id":"s","input":"{\"q\":"}"#;
        check(block, &deltas[..2], broken);
    }

    #[test]
    fn deltas_that_nobody_knows_yet_continue_the_field_they_name() {
        let deltas = [
            r#"{"type":"compaction_delta","content":"a"}"#,
            r#"{"type":"compaction_delta","content":"b","mark":7}"#,
            r#"{"type":"citations_delta","citation":{"c":1}}"#,
            r#"{"type":"citations_delta","citation":{"c":2}}"#,
        ];
        check(
            r#"{"type":"compaction","content":null,"citations":[]}"#,
            &deltas,
            r#"{"type":"compaction","content":"ab","citations":[{"c":1},{"c":2}],"mark":7}"#,
        );
    }
}
