//! Token counts in the words of this API.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Extension, Usage};

use super::DIALECT;
use crate::usage::count;
use crate::wire;

/// Reads a `usage` object. What is not mapped is kept.
pub(super) fn parse(mut wire: Object<'_>) -> Usage {
    let input_tokens = count(&mut wire, "input_tokens");
    let output_tokens = count(&mut wire, "output_tokens");
    let mut input: Object<'_> = wire.take_if("input_tokens_details").unwrap_or_default();
    let mut output: Object<'_> = wire.take_if("output_tokens_details").unwrap_or_default();
    let cache_read_tokens = count(&mut input, "cached_tokens");
    let cache_write_tokens = count(&mut input, "cache_write_tokens");
    let reasoning_tokens = count(&mut output, "reasoning_tokens");
    let mut rest: Vec<(&str, String)> = wire.iter().map(|(k, v)| (k, v.get().to_owned())).collect();
    for (name, details) in [("input_tokens_details", input), ("output_tokens_details", output)] {
        if let Some(text) = details.rest() {
            rest.push((name, text));
        }
    }
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        reasoning_tokens,
        extra: (!rest.is_empty()).then(|| Extension::new(DIALECT, wire::object(&rest))),
    }
}
