//! Blocks of a stream that the contract has no part for, such as the vendor's own tools and what they found.
//!
//! They are put together and told whole. Anthropic's deltas name the field that they continue, so this also works for
//! deltas that do not exist yet.

use std::collections::BTreeMap;

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
    /// Texts that come in pieces, by the names of their fields.
    texts: BTreeMap<String, String>,
    /// The list of citations without its end, once there is another than at the start.
    citations: Option<String>,
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
            texts: BTreeMap::new(),
            citations: None,
        })
    }

    /// Takes a delta in: a text continues the text of that name, anything else takes its place.
    pub(crate) fn add(&mut self, delta: &Object<'_>) {
        for (name, value) in delta.iter().filter(|(name, _)| *name != "type") {
            let text = serde_json::from_str::<String>(value.get()).ok();
            match (name, text) {
                ("partial_json", Some(text)) => self.input.push_str(&text),
                ("citation", _) => self.cite(value.get()),
                (_, Some(text)) => self.say(name, &text),
                (_, None) => {
                    self.texts.remove(name);
                    self.fields.set(name, value.get());
                }
            }
        }
    }

    /// Continues a text. It is put into its field at the end, so that a piece costs no more than itself.
    fn say(&mut self, name: &str, text: &str) {
        if let Some(so_far) = self.texts.get_mut(name) {
            so_far.push_str(text);
            return;
        }
        let before = self.fields.get(name);
        let before: Option<String> = before.and_then(|json| serde_json::from_str(json).ok());
        // Holds its place.
        self.fields.set(name, "null");
        self.texts.insert(name.to_owned(), before.unwrap_or_default() + text);
    }

    /// Continues the list of citations, likewise.
    fn cite(&mut self, json: &str) {
        let list = self.citations.get_or_insert_with(|| {
            let before = self.fields.get("citations").and_then(|list| list.strip_suffix(']'));
            let list = before.map_or("[", str::trim_end).to_owned();
            self.fields.set("citations", "[]");
            list
        });
        if !list.ends_with('[') {
            list.push(',');
        }
        list.push_str(json);
    }

    /// The whole block as JSON.
    pub(crate) fn json(mut self) -> String {
        for (name, text) in &self.texts {
            self.fields.set(name, &Value::from(text.as_str()).to_string());
        }
        if let Some(list) = &self.citations {
            self.fields.set("citations", &format!("{list}]"));
        }
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
