//! The deployment's settings for this provider, and the addresses that follow from them.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharf_openai_api::capabilities::Declared;
use wharf_openai_api::chat::Server;
use wharf_provider_sdk::{Error, ErrorKind, Request, http};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "api_version": {"type": "string", "pattern": "^[0-9A-Za-z.-]+$", "description": "The version of Azure's API. Default: 2024-10-21."},
    "deployments": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Names of Azure's deployments by model. A model that is not listed is its deployment's name."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "More request headers. Not for credentials."},
    "max_tokens_field": {"enum": ["max_tokens", "max_completion_tokens"], "description": "How the model calls the output limit when the client's API does not say. Default: max_completion_tokens; max_tokens for models that do not know that."},
    "stream_usage": {"type": "boolean", "description": "Whether to ask for token counts in streams. Default true; false for versions that refuse stream_options."},
    "capabilities": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {"tools": {"type": "boolean"}, "parallel_tools": {"type": "boolean"}, "images": {"type": "boolean"}, "json_schema": {"type": "boolean"}, "thinking": {"type": "boolean"}, "context_tokens": {"type": "integer", "minimum": 1}, "max_output_tokens": {"type": "integer", "minimum": 1}}}, "description": "What models can do, by their names; * for all. What is not said nobody knows, and the server is asked. A deployment is left out of the pick for a request that needs what its model cannot do."}
  }
}"#;

/// The version that is asked for when the operator names none: the last dated one that is generally available. It is
/// the first such version that counts tokens in streams.
const API_VERSION: &str = "2024-10-21";

/// The settings, with the address that the host adds.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The resource: `https://RESOURCE.openai.azure.com`.
    pub base_url: Option<String>,
    /// The version of the API.
    pub api_version: String,
    /// From a model to its deployment at Azure.
    pub deployments: BTreeMap<String, String>,
    /// More request headers.
    pub headers: BTreeMap<String, String>,
    /// How the model calls the output limit.
    pub max_tokens_field: String,
    /// Whether streams are asked for token counts.
    pub stream_usage: bool,
    /// What models can do.
    pub capabilities: BTreeMap<String, Declared>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            api_version: API_VERSION.to_owned(),
            deployments: BTreeMap::new(),
            headers: BTreeMap::new(),
            max_tokens_field: "max_completion_tokens".to_owned(),
            stream_usage: true,
            capabilities: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Where a model answers chats.
    ///
    /// # Errors
    /// When there is no `base_url`, and when the name cannot be that of a deployment.
    pub fn chat_url(&self, model: &str) -> Result<String, Error> {
        self.operation_url(model, "chat/completions")
    }

    /// Where a model embeds texts.
    ///
    /// # Errors
    /// As [`Settings::chat_url`].
    pub fn embeddings_url(&self, model: &str) -> Result<String, Error> {
        self.operation_url(model, "embeddings")
    }

    fn operation_url(&self, model: &str, operation: &str) -> Result<String, Error> {
        let name = self.deployments.get(model).map_or(model, String::as_str);
        // Azure allows nothing else in names, and it might lead to another place of the API.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if matches!(name, "" | "." | "..") || !name.chars().all(plain) {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("`model`: `{name}` cannot be the name of a deployment"),
            ));
        }
        self.url(&format!("/deployments/{name}/{operation}"))
    }

    /// Where the models are listed.
    ///
    /// # Errors
    /// When there is no `base_url`.
    pub fn models_url(&self) -> Result<String, Error> {
        self.url("/models")
    }

    fn url(&self, path: &str) -> Result<String, Error> {
        let base = self.base_url.as_deref().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                "the deployment has no `base_url`; set it to https://RESOURCE.openai.azure.com",
            )
        })?;
        let base = base.trim_end_matches('/');
        // The portal shows the address with and without it.
        let base = base.strip_suffix("/openai").unwrap_or(base);
        Ok(format!("{base}/openai{path}?api-version={}", self.api_version))
    }

    /// What Azure expects of a request. With `data_sources` (a search that Azure does first) it refuses
    /// `stream_options`.
    #[must_use]
    pub fn server(&self, request: &Request) -> Server<'_> {
        Server {
            max_tokens_field: &self.max_tokens_field,
            stream_usage: self.stream_usage && request.option("data_sources").is_none(),
            ..Server::openai()
        }
    }

    /// Adds the configured headers.
    #[must_use]
    pub fn apply(&self, request: http::Request) -> http::Request {
        self.headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Settings {
        Settings {
            base_url: Some(url.to_owned()),
            ..Settings::default()
        }
    }

    #[test]
    fn every_setting_of_the_schema_is_read() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let all = r#"{"base_url":"https://r.openai.azure.com","api_version":"2025-03-01-preview","deployments":{"m":"d"},
            "headers":{"a":"b"},"max_tokens_field":"max_tokens","stream_usage":false,"capabilities":{"*":{"images":false}}}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(
            settings.chat_url("m").unwrap(),
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-03-01-preview"
        );
        assert_eq!(settings.headers["a"], "b");
        let server = settings.server(&Request::default());
        assert_eq!((server.max_tokens_field, server.stream_usage), ("max_tokens", false));
        assert_eq!(settings.capabilities.len(), 1);
        assert_eq!(names.len(), 6, "a new setting needs a line above");
    }

    #[test]
    fn the_defaults_are_those_that_the_schema_tells() {
        let settings: Settings = serde_json::from_str("{}").unwrap();
        assert!(SCHEMA.contains(&format!("Default: {}.", settings.api_version)));
        assert!(SCHEMA.contains(&format!("Default: {};", settings.max_tokens_field)));
        assert!(settings.stream_usage);
    }

    #[test]
    fn a_model_without_a_deployment_of_its_own_is_one() {
        for base in [
            "https://r.openai.azure.com",
            "https://r.openai.azure.com/",
            "https://r.openai.azure.com/openai/",
        ] {
            assert_eq!(
                at(base).chat_url("gpt-4o").unwrap(),
                "https://r.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
            );
            assert_eq!(
                at(base).embeddings_url("ada").unwrap(),
                "https://r.openai.azure.com/openai/deployments/ada/embeddings?api-version=2024-10-21"
            );
            assert_eq!(
                at(base).models_url().unwrap(),
                "https://r.openai.azure.com/openai/models?api-version=2024-10-21"
            );
        }
    }

    #[test]
    fn a_name_leads_to_its_deployment_and_nowhere_else() {
        let mut settings = at("https://r.openai.azure.com");
        assert!(settings.chat_url("gpt-4.1_mini").is_ok());
        for name in ["", ".", "..", "a/b", "a?b", "a%2f", "a b", "ä", "ft:m"] {
            let error = settings.chat_url(name).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidRequest, "{name}");
        }
        settings.deployments.insert("ft:m".to_owned(), "tuned".to_owned());
        assert!(settings.chat_url("ft:m").unwrap().contains("/deployments/tuned/"));
    }

    #[test]
    fn without_an_address_the_error_says_what_one_looks_like() {
        let error = Settings::default().chat_url("m").unwrap_err();
        assert!(error.message.contains("https://RESOURCE.openai.azure.com"), "{error:?}");
    }
}
