//! What a request would cost.

use crate::Extension;

/// The tokens of a request, as its vendor counts them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TokenCount {
    /// All input tokens, those that a prompt cache would serve included.
    pub input_tokens: u64,
    /// What else the vendor says about it, in the vendor's dialect and structure.
    pub extra: Option<Extension>,
}
