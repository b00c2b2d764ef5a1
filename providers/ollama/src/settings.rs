//! The deployment's settings for this provider.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "keep_alive": {"type": ["string", "number"], "description": "How long the model stays in memory after a request that does not say it itself, for example 10m; 0 unloads it at once, -1 keeps it. Default: the server's, 5m."},
    "options": {"type": "object", "description": "Options of the model, for example num_ctx. A request's own values go before them."},
    "think": {"type": ["boolean", "string"], "description": "Whether the model thinks, or at which of its levels, when the request does not say. Default: the model's."},
    "truncate": {"type": "boolean", "description": "Whether a prompt or a text to embed that is too long for the model is cut, when the request does not say; false refuses it. Default: the server's, true."}
  }
}"#;

/// The settings, with the address that the host adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The server, without the path of an operation.
    pub base_url: Option<String>,
    /// How long models stay in memory.
    pub keep_alive: Option<Box<RawValue>>,
    /// Options of the model.
    pub options: Option<Box<RawValue>>,
    /// Whether the model thinks.
    pub think: Option<Box<RawValue>>,
    /// Whether prompts and texts to embed are cut.
    pub truncate: Option<bool>,
}

impl Settings {
    /// The address of an operation.
    ///
    /// # Errors
    /// When there is no `base_url`.
    pub fn url(&self, path: &str) -> Result<String, Error> {
        let base = self.base_url.as_deref().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                "the deployment has no `base_url`; set one in its configuration",
            )
        })?;
        Ok(format!("{}{path}", base.trim_end_matches('/')))
    }

    /// The options of the model, unparsed.
    ///
    /// # Errors
    /// When they are not an object.
    pub(crate) fn options(&self) -> Result<Object<'_>, Error> {
        let Some(raw) = self.options.as_deref() else {
            return Ok(Object::default());
        };
        serde_json::from_str(raw.get()).map_err(|e| {
            let problem = format!("setting `options` of the deployment: {e}");
            Error::new(ErrorKind::InvalidRequest, problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_schema_is_read() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let all = r#"{"base_url":"http://localhost:11434/","keep_alive":-1,"options":{"num_ctx":8192},"think":"low",
            "truncate":false}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(settings.keep_alive.as_deref().unwrap().get(), "-1");
        assert_eq!(settings.options().unwrap().peek::<u32>("num_ctx"), Some(8192));
        assert_eq!(settings.think.as_deref().unwrap().get(), r#""low""#);
        assert_eq!(settings.url("/api/chat").unwrap(), "http://localhost:11434/api/chat");
        assert_eq!(settings.truncate, Some(false));
        assert_eq!(names.len(), 4, "a new setting needs a line above");
    }

    #[test]
    fn without_an_address_there_is_an_error() {
        assert!(Settings::default().url("/api/chat").is_err());
    }
}
