//! The deployment's settings for this provider.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharf_openai_api::capabilities::{self, Declared};
use wharf_openai_api::chat::{Server, Thoughts};
use wharf_openai_api::embeddings::Encoding;
use wharf_openai_api::responses;
use wharf_provider_sdk::call_ids::{Form, Rule};
use wharf_provider_sdk::{Error, ErrorKind, Support, http};

/// The JSON Schema of `settings:`. Must agree with [`Settings`]; a test compares the names.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "organization": {"type": "string", "description": "Sent as OpenAI-Organization."},
    "project": {"type": "string", "description": "Sent as OpenAI-Project."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "More request headers, for example HTTP-Referer for OpenRouter. Not for credentials."},
    "max_tokens_field": {"enum": ["max_tokens", "max_completion_tokens"], "description": "How the server calls the output limit, whatever the client calls it. Default: as the client does where it speaks this API, else max_completion_tokens at api.openai.com and max_tokens elsewhere."},
    "developer_role": {"type": "boolean", "description": "Whether the server knows the role developer; otherwise what a developer says is the system's. Default: true at api.openai.com, false elsewhere."},
    "thoughts": {"enum": ["as_received", "reasoning_content", "reasoning", "content", "none"], "description": "Where the server wants what its model thought in earlier answers: in the field it came in, in one of these fields, among the parts of the content (Mistral), or nowhere. Default: none at api.openai.com, as_received elsewhere."},
    "api": {"enum": ["chat", "responses", "both"], "description": "Which API of the server is used for answers. chat: /chat/completions. responses: /responses. both: /responses for clients of the responses API, /chat/completions for all others. Default: both at api.openai.com, chat elsewhere."},
    "summary": {"enum": ["none", "auto", "concise", "detailed"], "description": "With api: responses, which summary of its thoughts the model is asked for when a client of another API wants it to think. OpenAI demands a verified organization for it. Default none."},
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
    /// Which API answers: `chat`, `responses` or `both`.
    pub api: Option<String>,
    /// Which summary of thoughts is asked for on behalf of clients of other APIs.
    pub summary: Option<String>,
    /// How the server calls the output limit.
    pub max_tokens_field: Option<String>,
    /// Whether the server knows the role `developer`.
    pub developer_role: Option<bool>,
    /// Where the server wants earlier thoughts.
    pub thoughts: Option<Thoughts>,
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
            api: None,
            summary: None,
            max_tokens_field: None,
            developer_role: None,
            thoughts: None,
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

    /// Whether it is OpenAI itself, under any of its names: some regions have one of their own.
    fn is_openai(&self) -> bool {
        let after = self.base_url.as_deref().and_then(|url| url.split_once("://"));
        let host = after.and_then(|(_, rest)| rest.split(['/', ':']).next());
        host.is_some_and(|host| host == "api.openai.com" || host.ends_with(".api.openai.com"))
    }

    /// Whether a request of this dialect is answered by the server's responses API.
    #[must_use]
    pub fn takes_responses(&self, dialect: &str) -> bool {
        match self.api.as_deref() {
            Some("responses") => true,
            Some("both") => dialect == responses::DIALECT,
            Some(_) => false,
            None => self.is_openai() && dialect == responses::DIALECT,
        }
    }

    /// What is known of the server's responses API and of a model behind it.
    #[must_use]
    pub fn responses(&self, model: &str) -> responses::request::Server<'_> {
        responses::request::Server {
            thinks: capabilities::of(&self.capabilities, Some(model)).thinking == Support::Yes,
            summary: self.summary.as_deref().filter(|summary| *summary != "none"),
        }
    }

    /// What the server expects of a request.
    #[must_use]
    pub fn server(&self) -> Server<'_> {
        let known = if self.is_openai() {
            Server::openai()
        } else {
            Server::default()
        };
        let form = if self.call_ids == "nine" {
            Form::Nine
        } else {
            known.call_ids.form
        };
        Server {
            max_tokens_field: self.max_tokens_field.as_deref().unwrap_or(known.max_tokens_field),
            max_tokens_fixed: self.max_tokens_field.is_some(),
            stream_usage: self.stream_usage,
            call_ids: Rule { form, ..known.call_ids },
            developer: self.developer_role.unwrap_or(known.developer),
            thoughts: self.thoughts.unwrap_or(known.thoughts),
            ..known
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
        let all = r#"{"organization":"o","project":"p","headers":{"a":"b"},"max_tokens_field":"max_tokens","api":"both","summary":"auto",
            "developer_role":true,"thoughts":"none",
            "stream_usage":false,"capabilities":{"*":{"images":false}},"call_ids":"nine","embedding_format":"float"}"#;
        let settings: Settings = serde_json::from_str(all).unwrap();
        assert_eq!(settings.organization.as_deref(), Some("o"));
        assert_eq!(settings.project.as_deref(), Some("p"));
        assert_eq!(settings.headers["a"], "b");
        assert_eq!(settings.api.as_deref(), Some("both"));
        assert_eq!(settings.responses("m").summary, Some("auto"));
        assert_eq!(settings.server().max_tokens_field, "max_tokens");
        assert!(settings.server().max_tokens_fixed);
        assert!(settings.server().developer);
        assert_eq!(settings.server().thoughts, Thoughts::None);
        assert!(!settings.server().stream_usage);
        assert_eq!(settings.server().call_ids.form, Form::Nine);
        assert_eq!(Settings::default().server().call_ids.form, Form::Any);
        assert_eq!(settings.encoding(), Encoding::Float);
        assert_eq!(Settings::default().encoding(), Encoding::Base64);
        assert_eq!(settings.capabilities.len(), 1);
        assert_eq!(names.len(), 12, "a new setting needs a line above");
    }

    #[test]
    fn openai_is_known_by_its_names_and_nobody_elses() {
        let at = |url: &str| Settings {
            base_url: Some(url.to_owned()),
            ..Settings::default()
        };
        for openai in ["https://api.openai.com/v1", "https://eu.api.openai.com:443/v1"] {
            let settings = at(openai);
            let server = settings.server();
            assert_eq!(server.max_tokens_field, "max_completion_tokens", "{openai}");
            assert!(server.developer && server.hints && !server.max_tokens_fixed, "{openai}");
            assert_eq!(server.thoughts, Thoughts::None, "{openai}");
        }
        for other in [
            "http://localhost:8000/v1",
            "https://api.openai.com.example.com/v1",
            "https://notapi.openai.com/v1",
        ] {
            let settings = at(other);
            let server = settings.server();
            assert_eq!(server.max_tokens_field, "max_tokens", "{other}");
            assert!(!server.developer && !server.hints, "{other}");
            assert_eq!(server.thoughts, Thoughts::AsReceived, "{other}");
        }
    }

    #[test]
    fn responses_are_asked_for_where_the_server_has_them() {
        let at = |url: &str, api: Option<&str>| Settings {
            base_url: Some(url.to_owned()),
            api: api.map(str::to_owned),
            ..Settings::default()
        };
        let (openai, other) = ("https://api.openai.com/v1", "http://localhost:8000/v1");
        for (settings, responses, chat) in [
            (at(openai, None), true, false),
            (at(other, None), false, false),
            (at(openai, Some("chat")), false, false),
            (at(other, Some("both")), true, false),
            (at(other, Some("responses")), true, true),
        ] {
            assert_eq!(settings.takes_responses("openai.responses"), responses, "{settings:?}");
            assert_eq!(settings.takes_responses("openai.chat"), chat, "{settings:?}");
        }
    }
}
