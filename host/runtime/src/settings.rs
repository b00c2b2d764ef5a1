//! The configuration a guest may read, prepared once for each deployment so that a call only copies text.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// The settings of one deployment as JSON texts. Holds no credential.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    by_key: HashMap<String, String>,
    all: String,
}

impl Settings {
    /// The operator's settings plus the upstream's address.
    pub(crate) fn new(mut settings: Map<String, Value>, base_url: Option<&str>) -> Self {
        if let Some(url) = base_url {
            settings.insert("base_url".to_owned(), Value::from(url));
        }
        let by_key = settings
            .iter()
            .map(|(key, value)| (key.clone(), value.to_string()))
            .collect();
        Self {
            by_key,
            all: Value::Object(settings).to_string(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.by_key.get(key).map(String::as_str)
    }

    pub(crate) fn all(&self) -> &str {
        &self.all
    }
}
