//! The deployment's settings for this provider.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharf_openai_api::capabilities::Declared;
use wharf_openai_api::chat::Server;
use wharf_openai_api::embeddings::Encoding;
use wharf_provider_sdk::call_ids::{Form, Rule};
use wharf_provider_sdk::{Error, ErrorKind, http};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "organization": {"type": "string", "description": "Sent as OpenAI-Organization."},
    "project": {"type": "string", "description": "Sent as OpenAI-Project."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "More request headers, for example HTTP-Referer for OpenRouter. Not for credentials."},
    "max_tokens_field": {"enum": ["max_tokens", "max_completion_tokens"], "description": "How the server calls the output limit when the client's API does not say. Default: max_completion_tokens at api.openai.com, max_tokens elsewhere."},
    "stream_usage": {"type": "boolean", "description": "Whether to ask for token counts in streams. Default true; false for servers that refuse stream_options."},
    "call_ids": {"enum": ["any", "nine"], "description": "What the server takes as the identifier of a tool call. any: up to 40 characters, as OpenAI. nine: exactly nine letters and digits, as Mistral's models. Default any."},
    "embedding_format": {"enum": ["base64", "float"], "description": "How vectors are asked for. Default base64; float for servers that refuse encoding_format base64."},
    "capabilities": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {"tools": {"type": "boolean"}, "parallel_tools": {"type": "boolean"}, "images": {"type": "boolean"}, "json_schema": {"type": "boolean"}, "thinking": {"type": "boolean"}, "context_tokens": {"type": "integer", "minimum": 1}, "max_output_tokens": {"type": "integer", "minimum": 1}}}, "description": "What models can do, by their names; * for all. What is not said nobody knows, and the server is asked. A deployment is left out of the pick for a request that needs what its model cannot do."}
  }
}"#;

/// The settings, with the address that the host adds.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The server, without the path of an operation.
    pub base_url: Option<String>,
    /// `OpenAI-Organization`.
    pub organization: Option<String>,
    /// `OpenAI-Project`.
    pub project: Option<String>,
    /// More request headers.
    pub headers: BTreeMap<String, String>,
    /// How the server calls the output limit.
    pub max_tokens_field: Option<String>,
    /// Whether streams are asked for token counts.
    pub stream_usage: bool,
    /// What models can do.
    pub capabilities: BTreeMap<String, Declared>,
    /// What the server takes as the identifier of a call: `nine` letters and digits, else what OpenAI takes.
    pub call_ids: String,
    /// How vectors are asked for: `base64`, else decimal numbers.
    pub embedding_format: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            organization: None,
            project: None,
            headers: BTreeMap::new(),
            max_tokens_field: None,
            stream_usage: true,
            capabilities: BTreeMap::new(),
            call_ids: "any".to_owned(),
            embedding_format: "base64".to_owned(),
        }
    }
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

    /// What the server calls the output limit.
    #[must_use]
    pub fn max_tokens_field(&self) -> &str {
        match (&self.max_tokens_field, &self.base_url) {
            (Some(field), _) => field,
            (None, Some(url)) if url.contains("://api.openai.com/") => "max_completion_tokens",
            _ => "max_tokens",
        }
    }

    /// What the server expects of a request.
    #[must_use]
    pub fn server(&self) -> Server<'_> {
        let openai = Server::default();
        let form = if self.call_ids == "nine" {
            Form::Nine
        } else {
            openai.call_ids.form
        };
        Server {
            max_tokens_field: self.max_tokens_field(),
            stream_usage: self.stream_usage,
            call_ids: Rule {
                form,
                ..openai.call_ids
            },
        }
    }

    /// How vectors are asked for.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        if self.embedding_format == "float" {
            Encoding::Float
        } else {
            Encoding::Base64
        }
    }

    /// Adds the configured headers.
    #[must_use]
    pub fn apply(&self, mut request: http::Request) -> http::Request {
        let fixed = [
            ("openai-organization", &self.organization),
            ("openai-project", &self.project),
        ];
        for (name, value) in fixed {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        self.headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_schema_is_read() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let all = r#"{"organization":"o","project":"p","headers":{"a":"b"},"max_tokens_field":"max_tokens",
            "stream_usage":false,"capabilities":{"*":{"images":false}},"call_ids":"nine","embedding_format":"float"}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(settings.organization.as_deref(), Some("o"));
        assert_eq!(settings.project.as_deref(), Some("p"));
        assert_eq!(settings.headers["a"], "b");
        assert_eq!(settings.server().max_tokens_field, "max_tokens");
        assert!(!settings.server().stream_usage);
        assert_eq!(settings.server().call_ids.form, Form::Nine);
        assert_eq!(Settings::default().server().call_ids.form, Form::Any);
        assert_eq!(settings.encoding(), Encoding::Float);
        assert_eq!(Settings::default().encoding(), Encoding::Base64);
        assert_eq!(settings.capabilities.len(), 1);
        assert_eq!(names.len(), 8, "a new setting needs a line above");
    }

    #[test]
    fn the_output_limit_is_called_what_the_server_calls_it() {
        let at = |url: &str| Settings {
            base_url: Some(url.to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            at("https://api.openai.com/v1").max_tokens_field(),
            "max_completion_tokens"
        );
        assert_eq!(at("http://localhost:8000/v1").max_tokens_field(), "max_tokens");
    }
}
