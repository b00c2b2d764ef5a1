//! The fields of a JSON object that is put together from several events of a stream, each value as it came.

use std::collections::BTreeMap;

use serde_json::Value;

/// Names and values, in the order of their first appearance.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Vec<(String, String)>,
    /// Where each name stands.
    places: BTreeMap<String, usize>,
}

impl Fields {
    /// Sets a field to this JSON text; the last word counts.
    pub(crate) fn set(&mut self, name: &str, json: &str) {
        let place = self.places.get(name).copied();
        match place.and_then(|place| self.fields.get_mut(place)) {
            Some((_, value)) => json.clone_into(value),
            None => {
                self.places.insert(name.to_owned(), self.fields.len());
                self.fields.push((name.to_owned(), json.to_owned()));
            }
        }
    }

    /// The JSON text of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.get(*self.places.get(name)?)?;
        Some(value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// As JSON text.
    pub(crate) fn text(&self) -> String {
        let fields = self.fields.iter();
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}
