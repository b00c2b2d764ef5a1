//! The deployment's settings for this provider.

use serde::Deserialize;
use serde_json::value::RawValue;
use wharf_provider_sdk::{Error, ErrorKind};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "safety_settings": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {"category": {"type": "string"}, "threshold": {"type": "string"}},
        "required": ["category", "threshold"]
      },
      "description": "Sent as safetySettings with every request that brings none of its own."
    }
  }
}"#;

/// The settings, with the address that the host adds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The server with the version of its API, without the path of an operation.
    pub base_url: Option<String>,
    /// The `safetySettings` of requests that bring none.
    pub safety_settings: Option<Box<RawValue>>,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_schema_is_read() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let all = r#"{"base_url":"https://e.com/v1beta/","safety_settings":[{"category":"C","threshold":"OFF"}]}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(
            settings.safety_settings.as_ref().unwrap().get(),
            r#"[{"category":"C","threshold":"OFF"}]"#
        );
        assert_eq!(settings.url("/models").unwrap(), "https://e.com/v1beta/models");
        assert_eq!(names.len(), 1, "a new setting needs a line above");
    }

    #[test]
    fn without_an_address_there_is_an_error() {
        assert!(Settings::default().url("/models").is_err());
    }
}
