//! The shapes of the admin API for the models that vendors have.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Failure, FailureText};

/// What was found at each deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelLists {
    /// The deployments that were asked, in the order of the configuration.
    pub(crate) deployments: Vec<ModelList>,
}

/// The models of a deployment, or why they are not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelList {
    /// The deployment.
    pub(crate) deployment: String,
    /// Its models, in the vendor's order; none with an error.
    #[serde(default)]
    pub(crate) models: Vec<Model>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<FailureText>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    /// The vendor's name of it.
    pub(crate) id: String,
    /// When it was made or changed, in seconds since 1970 (UTC).
    pub(crate) created: Option<u64>,
    /// Who owns it, in the vendor's words.
    pub(crate) owner: Option<String>,
    /// Its size on the vendor's disk, in bytes.
    pub(crate) size: Option<u64>,
    /// Whether it is in memory now.
    pub(crate) loaded: Option<bool>,
    /// Anything else that the vendor says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<Value>,
}

/// A model and what it can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelShown {
    /// The deployment that has it.
    pub(crate) deployment: String,
    /// The model.
    pub(crate) model: Model,
    /// What it can do.
    pub(crate) capabilities: ModelCapabilities,
}

/// What a model can do; null where nobody knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelCapabilities {
    /// Streamed answers.
    pub(crate) streaming: Option<bool>,
    /// Tool calls.
    pub(crate) tools: Option<bool>,
    /// Several tool calls in one answer.
    pub(crate) parallel_tools: Option<bool>,
    /// Pictures in the prompt.
    pub(crate) images: Option<bool>,
    /// Answers that follow a JSON Schema.
    pub(crate) json_schema: Option<bool>,
    /// Reasoning on request.
    pub(crate) thinking: Option<bool>,
    /// Tokens of prompt and answer together.
    pub(crate) context_tokens: Option<u64>,
    /// Tokens of an answer.
    pub(crate) max_output_tokens: Option<u64>,
    /// Anything else that the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<Value>,
}

/// Which model to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PullRequest {
    /// For which deployment; none: the one that can manage models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployment: Option<String>,
    /// The vendor's name of it.
    pub(crate) model: String,
}

/// A line of a running pull.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PullLine {
    /// It failed; nothing follows.
    Failed(Failure),
    /// How far it is.
    Step(PullStep),
}

/// How far a pull is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PullStep {
    /// What is being done, in the vendor's words.
    pub(crate) status: String,
    /// What is being fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// Bytes it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Bytes that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed: Option<u64>,
    /// What else the vendor says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extra: Option<Value>,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeleteAnswer {
    /// The model.
    pub(crate) deleted: ModelName,
}

/// A model of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelName {
    /// The deployment.
    pub(crate) deployment: String,
    /// The vendor's name of the model.
    pub(crate) model: String,
}
