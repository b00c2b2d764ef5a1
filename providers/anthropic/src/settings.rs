//! The deployment's settings for this provider.

use serde::Deserialize;
use wharf_provider_sdk::{Error, ErrorKind, http};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "version": {"type": "string", "description": "Sent as anthropic-version. Default 2023-06-01."},
    "beta": {"type": "array", "items": {"type": "string"}, "description": "Sent as anthropic-beta with every request, together with what the client asks for."},
    "max_tokens": {"type": "integer", "minimum": 1, "description": "The output limit of requests that bring none; Anthropic requires one. Default 4096."},
    "effort": {"enum": ["auto", "adaptive", "budget"], "description": "How an effort in words is asked for, when the client does not speak Anthropic's API. adaptive: thinking of type adaptive and output_config.effort. budget: a number of thinking tokens, for models before Claude 4.6. auto: by the model's name, adaptive from Claude 4.6 on and budget for all others. Default auto."}
  }
}"#;

/// How a client's effort in words becomes Anthropic's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// By the name of the model.
    #[default]
    Auto,
    /// The model decides how much it thinks; the effort guides it.
    Adaptive,
    /// A fixed number of tokens for each word.
    Budget,
}

/// The settings, with the address that the host adds.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The server, without `/v1`.
    pub base_url: Option<String>,
    /// `anthropic-version`: the version of the API, a date.
    pub version: String,
    /// Names of features that are switched on by the header `anthropic-beta`.
    pub beta: Vec<String>,
    /// Output tokens of a request that has no limit of its own.
    pub max_tokens: u32,
    /// How an effort in words is asked for.
    pub effort: Effort,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            // The only version since the Messages API exists.
            version: "2023-06-01".to_owned(),
            beta: Vec::new(),
            // The largest limit that every model of the vendor takes.
            max_tokens: 4096,
            effort: Effort::Auto,
        }
    }
}

impl Settings {
    /// The address of an operation. Other tools want `/v1` in the address, so one that has it works too.
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
        let base = base.trim_end_matches('/');
        Ok(format!("{}/v1{path}", base.strip_suffix("/v1").unwrap_or(base)))
    }

    /// Adds the headers of every request. `asked` are the features that the client asks for.
    #[must_use]
    pub fn apply(&self, request: http::Request, asked: &[String]) -> http::Request {
        let request = request.header("anthropic-version", &self.version);
        match self.betas(asked) {
            Some(betas) => request.header("anthropic-beta", &betas),
            None => request,
        }
    }

    /// The value of `anthropic-beta`: the operator's features, then the client's, each once.
    fn betas(&self, asked: &[String]) -> Option<String> {
        let mut betas: Vec<&str> = Vec::new();
        for name in self.beta.iter().chain(asked).map(|name| name.trim()) {
            if !name.is_empty() && !betas.contains(&name) {
                betas.push(name);
            }
        }
        (!betas.is_empty()).then(|| betas.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_schema_is_read() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let all = r#"{"version":"2099-01-01","beta":["a"],"max_tokens":7,"effort":"budget"}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(settings.version, "2099-01-01");
        assert_eq!(settings.beta, ["a"]);
        assert_eq!(settings.max_tokens, 7);
        assert_eq!(settings.effort, Effort::Budget);
        assert_eq!(names.len(), 4, "a new setting needs a line above");
    }

    #[test]
    fn the_version_of_the_path_may_be_in_the_address_or_not() {
        for base in [
            "https://e.com",
            "https://e.com/",
            "https://e.com/v1",
            "https://e.com/v1/",
        ] {
            let settings = Settings {
                base_url: Some(base.to_owned()),
                ..Settings::default()
            };
            assert_eq!(
                settings.url("/messages").unwrap(),
                "https://e.com/v1/messages",
                "{base}"
            );
        }
        assert!(Settings::default().url("/messages").is_err());
    }

    #[test]
    fn features_of_operator_and_client_go_into_one_header() {
        let settings = Settings {
            beta: vec!["a".to_owned(), "b".to_owned()],
            ..Settings::default()
        };
        let asked = [" b".to_owned(), "c".to_owned(), String::new()];
        assert_eq!(settings.betas(&asked).as_deref(), Some("a,b,c"));
        assert_eq!(Settings::default().betas(&[]), None);
    }
}
