//! Token counts.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, Extension, Usage};

use crate::DIALECT;

/// Reads a `usage` object. Servers leave out what they do not count; what is not mapped is kept.
pub(crate) fn parse(mut wire: Object<'_>) -> Result<Usage, Error> {
    let input_tokens = wire.take("prompt_tokens")?;
    let output_tokens = wire.take("completion_tokens")?;
    let mut prompt: Object<'_> = wire.take("prompt_tokens_details")?.unwrap_or_default();
    let mut completion: Object<'_> = wire.take("completion_tokens_details")?.unwrap_or_default();
    let cache_read_tokens = prompt.take("cached_tokens")?;
    let reasoning_tokens = completion.take("reasoning_tokens")?;
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
        kind: DIALECT.to_owned(),
        value: object(&rest),
    });
    Ok(Usage {
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens: None,
        reasoning_tokens,
        extra,
    })
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
