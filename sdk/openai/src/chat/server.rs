//! What differs between the servers that speak this API.

use wharf_provider_sdk::call_ids::{Form, Rule};

use crate::chat::thoughts::Thoughts;

/// What OpenAI takes as the identifier of a call: of any characters, but no longer than this.
const CALL_IDS: Rule = Rule {
    form: Form::Any,
    longest: 40,
    unique: false,
};

/// One server's expectations of a request.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// What it calls the output limit, `max_tokens` or `max_completion_tokens`.
    pub max_tokens_field: &'a str,
    /// Whether it knows no other name for that. Otherwise a client of this API chooses the name itself.
    pub max_tokens_fixed: bool,
    /// Whether streams are asked for token counts. False for servers that refuse `stream_options`.
    pub stream_usage: bool,
    /// What it takes as the identifier of a call.
    pub call_ids: Rule,
    /// Whether it knows the role `developer`. To others a developer is the system.
    pub developer: bool,
    /// Whether it takes what only OpenAI has for caches, billing and safety from clients of OpenAI's other API.
    pub hints: bool,
    /// Where it wants what a model thought earlier.
    pub thoughts: Thoughts,
}

impl Server<'_> {
    /// What OpenAI itself expects.
    #[must_use]
    pub fn openai() -> Self {
        Self {
            max_tokens_field: "max_completion_tokens",
            max_tokens_fixed: false,
            stream_usage: true,
            call_ids: CALL_IDS,
            developer: true,
            hints: true,
            thoughts: Thoughts::None,
        }
    }
}

impl Default for Server<'_> {
    /// What most servers understand.
    fn default() -> Self {
        Self {
            max_tokens_field: "max_tokens",
            developer: false,
            hints: false,
            thoughts: Thoughts::AsReceived,
            ..Self::openai()
        }
    }
}
