//! Token counts. They stand beside the durations at the top of the last line; the durations stay there, as metadata.

use wharf_provider_sdk::Usage;
use wharf_provider_sdk::json::Object;

/// Takes the counts out. A count that makes no sense stays among the rest.
pub(crate) fn take(top: &mut Object<'_>) -> Usage {
    let mut count = |name: &str| top.take_if::<Option<u64>>(name).flatten();
    Usage {
        input_tokens: count("prompt_eval_count"),
        output_tokens: count("eval_count"),
        cache_read_tokens: count("prompt_eval_cached_count"),
        cache_write_tokens: None,
        reasoning_tokens: None,
        extra: None,
    }
}
