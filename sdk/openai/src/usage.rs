//! Token counts. Chats and embeddings have the same object.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Extension, Usage};

/// Reads a `usage` object. Servers leave out what they do not count; what is not mapped is kept in
/// this dialect.
pub(crate) fn parse(mut wire: Object<'_>, dialect: &str) -> Usage {
    let input_tokens = count(&mut wire, "prompt_tokens");
    let output_tokens = count(&mut wire, "completion_tokens");
    let mut prompt: Object<'_> = wire.take_if("prompt_tokens_details").unwrap_or_default();
    let mut completion: Object<'_> = wire.take_if("completion_tokens_details").unwrap_or_default();
    let cache_read_tokens = count(&mut prompt, "cached_tokens");
    let reasoning_tokens = count(&mut completion, "reasoning_tokens");
    let mut rest: Vec<(&str, String)> = wire.iter().map(|(k, v)| (k, v.get().to_owned())).collect();
    for (name, details) in [
        ("prompt_tokens_details", prompt),
        ("completion_tokens_details", completion),
    ] {
        if let Some(text) = details.rest() {
            rest.push((name, text));
        }
    }
    let extra = (!rest.is_empty()).then(|| Extension {
        kind: dialect.to_owned(),
        value: object(&rest),
    });
    Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens: None,
        reasoning_tokens,
        extra,
    }
}

/// A count. Some servers write it as a float; one that makes no sense stays among the rest.
fn count(wire: &mut Object<'_>, name: &str) -> Option<u64> {
    if let Some(count) = wire.take_if::<Option<u64>>(name) {
        return count;
    }
    let float = wire
        .peek::<f64>(name)
        .filter(|float| *float >= 0.0 && float.fract() == 0.0 && *float < 1e15)?;
    wire.take_raw(name);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, positive, below 1e15"
    )]
    let whole = float as u64;
    Some(whole)
}

/// Joins fields whose values are JSON already.
pub(crate) fn object(fields: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(*name).to_string());
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}
