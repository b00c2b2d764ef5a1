//! What differs between the servers that speak this API.

use wharf_provider_sdk::call_ids::{Form, Rule};

/// What OpenAI takes as the identifier of a call: of any characters, but no longer than this.
const CALL_IDS: Rule = Rule {
    form: Form::Any,
    longest: 40,
    unique: false,
};

/// One server's expectations of a request.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// What it calls the output limit, `max_tokens` or `max_completion_tokens`. Counts where the client's API does
    /// not say.
    pub max_tokens_field: &'a str,
    /// Whether streams are asked for token counts. False for servers that refuse `stream_options`.
    pub stream_usage: bool,
    /// What it takes as the identifier of a call.
    pub call_ids: Rule,
}

impl Default for Server<'_> {
    /// What most servers understand.
    fn default() -> Self {
        Self {
            max_tokens_field: "max_tokens",
            stream_usage: true,
            call_ids: CALL_IDS,
        }
    }
}
