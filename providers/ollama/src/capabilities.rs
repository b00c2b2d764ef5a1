//! What a model can do, from its own metadata (`POST /api/show`).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Capabilities, Error, Support};

use crate::settings::Settings;

/// What is handed on as it came. The rest is long (licence, template, every tensor) and says nothing about abilities.
const KEPT: [&str; 6] = [
    "capabilities",
    "details",
    "thinking",
    "parameters",
    "modified_at",
    "remote_model",
];

/// What the API can do at best.
#[must_use]
pub fn at_best() -> Capabilities {
    Capabilities {
        streaming: Support::Yes,
        tools: Support::Yes,
        parallel_tools: Support::Yes,
        images: Support::Yes,
        json_schema: Support::Yes,
        thinking: Support::Yes,
        ..Capabilities::default()
    }
}

/// Reads the metadata of a model. Servers before 0.6.4 do not list what it can do; then nobody knows.
///
/// # Errors
/// A protocol error when the body is no metadata.
pub fn parse(body: &str, settings: &Settings) -> Result<Capabilities, Error> {
    let show = Object::parse(body)?;
    let listed: Option<Vec<String>> = show.peek("capabilities");
    let can = |what: &str| match &listed {
        None => Support::Unknown,
        Some(listed) if listed.iter().any(|word| word == what) => Support::Yes,
        Some(_) => Support::No,
    };
    let remote = show.contains("remote_model");
    Ok(Capabilities {
        // Without it the model does not chat at all: it embeds.
        streaming: can("completion"),
        tools: can("tools"),
        // Left to the model; the vendor takes as many calls as it makes.
        parallel_tools: match can("tools") {
            Support::No => Support::No,
            Support::Yes | Support::Unknown => Support::Unknown,
        },
        images: can("vision"),
        // This server holds its own models to a schema. What the cloud does is not in the metadata.
        json_schema: match can("completion") {
            Support::Yes if remote => Support::Unknown,
            other => other,
        },
        thinking: can("thinking"),
        context_tokens: context(&show, settings)?,
        max_output_tokens: None,
        extra: kept(&show),
    })
}

/// What the model was made for, or the window that it is run with where that is known to be smaller.
fn context(show: &Object<'_>, settings: &Settings) -> Result<Option<u64>, Error> {
    let info: Object<'_> = show.peek("model_info").unwrap_or_default();
    let family: Option<String> = info.peek("general.architecture");
    let made_for = family
        .and_then(|family| info.peek::<u64>(&format!("{family}.context_length")))
        .or_else(|| {
            let (_, raw) = info.iter().find(|(name, _)| name.ends_with(".context_length"))?;
            raw.get().parse().ok()
        });
    let configured = settings.options()?.peek::<u64>("num_ctx");
    let window = configured.or_else(|| window(&show.peek::<String>("parameters")?));
    Ok(match (made_for, window) {
        (Some(made_for), Some(window)) => Some(made_for.min(window)),
        (made_for, window) => made_for.or(window),
    })
}

/// `num_ctx` among the model's parameters, which are a text of names and values.
fn window(parameters: &str) -> Option<u64> {
    let mut lines = parameters
        .lines()
        .filter_map(|line| line.trim().split_once(char::is_whitespace));
    let (_, value) = lines.find(|(name, _)| *name == "num_ctx")?;
    value.trim().parse().ok()
}

fn kept(show: &Object<'_>) -> Option<String> {
    let kept: BTreeMap<&str, &RawValue> = show.iter().filter(|(name, _)| KEPT.contains(name)).collect();
    // Serializing strings and unparsed values cannot fail.
    (!kept.is_empty()).then(|| serde_json::to_string(&kept).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Capabilities {
        parse(body, &Settings::default()).unwrap()
    }

    #[test]
    fn nothing_is_claimed_of_a_model_whose_server_lists_nothing() {
        let found = of(r#"{"license":"long","model_info":{"llama.context_length":8192}}"#);
        assert_eq!((found.streaming, found.tools), (Support::Unknown, Support::Unknown));
        assert_eq!((found.images, found.json_schema), (Support::Unknown, Support::Unknown));
        assert_eq!((found.thinking, found.context_tokens), (Support::Unknown, Some(8192)));
        assert_eq!(found.extra, None);
    }

    #[test]
    fn a_model_that_embeds_does_not_chat() {
        let found = of(r#"{"capabilities":["embedding"]}"#);
        assert_eq!((found.streaming, found.json_schema), (Support::No, Support::No));
        assert_eq!(found.extra.as_deref(), Some(r#"{"capabilities":["embedding"]}"#));
    }

    #[test]
    fn a_schema_is_not_promised_for_the_cloud() {
        let found = of(r#"{"capabilities":["completion"],"remote_model":"m"}"#);
        assert_eq!((found.streaming, found.json_schema), (Support::Yes, Support::Unknown));
    }

    #[test]
    fn the_smallest_known_window_counts() {
        let body = r#"{"model_info":{"general.architecture":"a","a.vision.context_length":5,"a.context_length":40960},
            "parameters":"stop \"x\"\nnum_ctx                        4096\ntemperature 0.6"}"#;
        assert_eq!(of(body).context_tokens, Some(4096));
        let settings = |options: &str| serde_json::from_str(&format!(r#"{{"options":{options}}}"#)).unwrap();
        let with = |options: &str| parse(body, &settings(options)).unwrap().context_tokens;
        assert_eq!(
            with(r#"{"num_ctx":16384}"#),
            Some(16384),
            "the deployment's goes before the model's"
        );
        assert_eq!(
            with(r#"{"num_ctx":99999}"#),
            Some(40960),
            "no more than the model was made for"
        );
        assert_eq!(with("{}"), Some(4096));
    }

    #[test]
    fn what_is_no_metadata_is_no_answer() {
        assert!(parse("<html>", &Settings::default()).is_err());
    }
}
