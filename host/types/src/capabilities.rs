//! What providers and models say about themselves.

use crate::Json;

/// Whether a model can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Support {
    /// It can.
    Yes,
    /// It cannot.
    No,
    /// Nobody knows; the host tries.
    #[default]
    Unknown,
}

/// What a model can do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Capabilities {
    /// Streamed answers.
    pub streaming: Support,
    /// Tool calls.
    pub tools: Support,
    /// Several tool calls in one answer.
    pub parallel_tools: Support,
    /// Pictures in the prompt.
    pub images: Support,
    /// Answers that follow a JSON Schema.
    pub json_schema: Support,
    /// Reasoning on request.
    pub thinking: Support,
    /// Tokens of prompt and answer together.
    pub context_tokens: Option<u64>,
    /// Tokens of an answer.
    pub max_output_tokens: Option<u64>,
    /// Anything else.
    pub extra: Option<Json>,
}

/// That a vendor is well.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthStatus {
    /// One line for people.
    pub message: Option<String>,
}

/// How a credential is attached to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialScheme {
    /// Not at all.
    None,
    /// `Authorization: Bearer …`
    Bearer,
    /// A header with the bare credential.
    Header(String),
    /// A query parameter.
    Query(String),
}

/// What a provider says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who runs the service it talks to.
    pub vendor: String,
    /// One line for people.
    pub description: String,
    /// Where the vendor listens by default.
    pub base_url: Option<String>,
    /// How the credential is attached.
    pub credential: CredentialScheme,
    /// Whether a call without a credential is pointless.
    pub credential_required: bool,
    /// The JSON Schema of its settings.
    pub config_schema: Json,
    /// Where its documentation is.
    pub homepage: Option<String>,
}
