//! Constructors and defaults for the contract's records, so that an author names only what matters.

use crate::{
    Capabilities, Credential, EmbedRequest, EmbedResponse, Error, ErrorKind, Event, Extension, FinishReason, Manifest,
    Message, Model, Part, PullProgress, Request, Response, Role, Start, Support, Text, Thinking, TokenCount, Usage,
};

impl Manifest {
    /// A manifest without vendor, address and credential; fill in the rest with struct update syntax.
    #[must_use]
    pub fn new(name: &str, version: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            vendor: name.to_owned(),
            description: description.to_owned(),
            base_url: None,
            credential: Credential::None,
            credential_required: false,
            config_schema: r#"{"type":"object","additionalProperties":false}"#.to_owned(),
            homepage: None,
            extra: None,
        }
    }
}

impl Extension {
    /// A value in the words of a dialect: JSON text.
    #[must_use]
    pub fn new(kind: &str, value: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            value: value.into(),
        }
    }
}

impl Default for Thinking {
    /// As the vendor does by default.
    fn default() -> Self {
        Self {
            effort: None,
            budget_tokens: None,
            extra: None,
        }
    }
}

impl Default for Capabilities {
    /// Streaming; everything else unknown.
    fn default() -> Self {
        Self {
            streaming: Support::Yes,
            tools: Support::Unknown,
            parallel_tools: Support::Unknown,
            images: Support::Unknown,
            json_schema: Support::Unknown,
            thinking: Support::Unknown,
            context_tokens: None,
            max_output_tokens: None,
            extra: None,
        }
    }
}

impl Default for Usage {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            input_tokens: None,
            output_tokens: None,
            cache_read_tokens: None,
            cache_write_tokens: None,
            reasoning_tokens: None,
            extra: None,
        }
    }
}

impl Default for Start {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            id: None,
            model: None,
            extra: None,
        }
    }
}

impl Default for Response {
    /// An empty answer that stopped by itself.
    fn default() -> Self {
        Self {
            id: None,
            model: None,
            parts: Vec::new(),
            finish: FinishReason::Stop,
            usage: Usage::default(),
            extra: None,
        }
    }
}

impl Response {
    /// An answer of one text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::text(text)],
            ..Self::default()
        }
    }
}

impl Default for Request {
    /// No model, no messages, the vendor's defaults.
    fn default() -> Self {
        Self {
            model: String::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            max_output_tokens: None,
            temperature: None,
            top_p: None,
            stop: Vec::new(),
            output: None,
            thinking: None,
            dialect: "wharf".to_owned(),
            options: Vec::new(),
        }
    }
}

impl Request {
    /// The JSON text of an option, or `None`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        option(&self.options, name)
    }
}

fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
    options
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

impl Default for EmbedRequest {
    /// No model, no texts, the vendor's defaults.
    fn default() -> Self {
        Self {
            model: String::new(),
            input: Vec::new(),
            dimensions: None,
            dialect: "wharf".to_owned(),
            options: Vec::new(),
        }
    }
}

impl EmbedRequest {
    /// The JSON text of an option, or `None`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        option(&self.options, name)
    }
}

impl Default for EmbedResponse {
    /// No vectors, and nothing is known.
    fn default() -> Self {
        Self {
            model: None,
            vectors: Vec::new(),
            usage: Usage::default(),
            extra: None,
        }
    }
}

impl TokenCount {
    /// A number about which nothing else is said.
    #[must_use]
    pub fn new(input_tokens: u64) -> Self {
        Self {
            input_tokens,
            extra: None,
        }
    }
}

impl Model {
    /// A model of which only its name is known.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            created: None,
            owner: None,
            size: None,
            loaded: None,
            extra: None,
        }
    }
}

impl PullProgress {
    /// A step of which only its name is known.
    #[must_use]
    pub fn new(status: impl Into<String>) -> Self {
        Self {
            status: status.into(),
            digest: None,
            total: None,
            completed: None,
            extra: None,
        }
    }
}

impl Message {
    /// A message of one text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            name: None,
            parts: vec![Part::text(text)],
            extra: None,
        }
    }
}

impl Part {
    /// A text without vendor fields.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text {
            text: text.into(),
            extra: None,
        })
    }
}

impl Event {
    /// A stream's regular end, as two events: why it stopped and what it cost.
    #[must_use]
    pub fn end(finish: FinishReason, usage: Usage) -> [Self; 2] {
        [Self::Finish(finish), Self::Usage(usage)]
    }
}

impl Error {
    /// An error that came up before anything was sent.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            http_status: None,
            provider_code: None,
            request_id: None,
            retry_after_ms: None,
            sent: false,
            detail: None,
        }
    }

    /// The vendor answered with something its API does not allow for.
    #[must_use]
    pub fn protocol(message: impl Into<String>) -> Self {
        Self {
            sent: true,
            ..Self::new(ErrorKind::Protocol, message)
        }
    }

    /// The vendor's answer stopped before its end.
    #[must_use]
    pub fn broke_off() -> Self {
        Self {
            sent: true,
            ..Self::new(
                ErrorKind::Unavailable,
                "the vendor's stream ended in the middle of the answer",
            )
        }
    }

    /// The request uses something that this provider cannot do; `what` names the field.
    #[must_use]
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }
}
