//! What follows from the name of a model, and what the vendor says about one.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Capabilities, Error, Support};

use crate::wire;

/// The path of a model below `base_url`. A name with a slash is the path of a resource already
/// (`models/…`, `tunedModels/…`).
///
/// # Errors
/// `InvalidRequest` for a name that would lead to another place of the API.
pub(crate) fn path(model: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/' | '@');
    let segment = |segment: &str| !matches!(segment, "" | "." | "..");
    if !model.chars().all(plain) || !model.split('/').all(segment) {
        return Err(wire::invalid(
            "model",
            &format!("`{model}` cannot be the name of a model"),
        ));
    }
    Ok(if model.contains('/') {
        format!("/{model}")
    } else {
        format!("/models/{model}")
    })
}

/// Whether the model belongs to Gemini 3 or later. Those think in levels instead of budgets, take pictures inside a
/// function's response, and insist on thought signatures. The names `gemini-…-latest` point to such models.
pub(crate) fn is_third_generation(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (3, 0))
}

/// Whether the model takes no penalties for words that it has used: Gemini 2.5 and later.
pub(crate) fn takes_no_penalty(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (2, 5))
}

/// Whether the model gives JSON only where it has no tools: Gemini before 3.
pub(crate) fn calls_or_writes_json(model: &str) -> bool {
    version(model).is_some_and(|version| version < (3, 0))
}

/// Major and minor version, of the names without one the newest there is; `None` of other vendors' models.
fn version(model: &str) -> Option<(u32, u32)> {
    let name = model.rsplit('/').next().unwrap_or(model);
    let version = name.strip_prefix("gemini-")?.split('-').next()?;
    let mut numbers = version.split('.').map(str::parse);
    match numbers.next()? {
        Ok(major) => Some((major, numbers.next().and_then(Result::ok).unwrap_or(0))),
        Err(_) => name.ends_with("-latest").then_some((u32::MAX, 0)),
    }
}

/// What the API can do at best.
pub(crate) fn at_best() -> Capabilities {
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

/// What a model can do, from its name and from the body of `GET /models/{model}`.
///
/// The vendor says nothing about tools, pictures and schemas. All Gemini models for text have them; of the others
/// (open models, those that draw, speak or embed) nobody can tell.
///
/// # Errors
/// A protocol error when the body is not a model.
pub(crate) fn capabilities(model: &str, body: &str) -> Result<Capabilities, Error> {
    const OTHERS: [&str; 6] = ["image", "tts", "audio", "live", "embedding", "robotics"];
    let mut wire = Object::parse(body)?;
    let name = model.rsplit('/').next().unwrap_or(model);
    let for_text = name.starts_with("gemini-") && !OTHERS.iter().any(|other| name.contains(other));
    let known = if for_text { Support::Yes } else { Support::Unknown };
    Ok(Capabilities {
        streaming: Support::Yes,
        tools: known,
        parallel_tools: known,
        images: known,
        json_schema: known,
        thinking: match wire.take_if::<bool>("thinking") {
            Some(true) => Support::Yes,
            Some(false) => Support::No,
            None => Support::Unknown,
        },
        context_tokens: wire.take("inputTokenLimit")?,
        max_output_tokens: wire.take("outputTokenLimit")?,
        extra: wire.rest(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_model_and_nowhere_else() {
        assert_eq!(path("gemini-2.5-flash").unwrap(), "/models/gemini-2.5-flash");
        assert_eq!(path("models/gemini-2.5-flash").unwrap(), "/models/gemini-2.5-flash");
        assert_eq!(path("tunedModels/mine-1").unwrap(), "/tunedModels/mine-1");
        for name in [
            "",
            "a/../b",
            "/a",
            "a//b",
            "a?key=b",
            "a:countTokens",
            "a b",
            "a%2f",
            "ä",
        ] {
            assert!(path(name).is_err(), "{name}");
        }
    }

    #[test]
    fn generations_are_told_apart_by_name() {
        for name in [
            "gemini-3-pro-preview",
            "gemini-3.1-flash",
            "models/gemini-12",
            "gemini-flash-latest",
        ] {
            assert!(is_third_generation(name), "{name}");
        }
        for name in [
            "gemini-2.5-pro",
            "gemini-1.5-flash-latest",
            "gemini-pro",
            "gemma-3-27b-it",
            "x",
        ] {
            assert!(!is_third_generation(name), "{name}");
        }
    }

    #[test]
    fn limits_are_the_vendors_and_the_rest_is_kept() {
        let body = r#"{"name":"models/gemini-2.5-flash","version":"001","inputTokenLimit":1048576,
            "outputTokenLimit":65536,"supportedGenerationMethods":["generateContent"],"thinking":true}"#;
        let found = capabilities("gemini-2.5-flash", body).unwrap();
        assert_eq!(
            (found.context_tokens, found.max_output_tokens),
            (Some(1_048_576), Some(65_536))
        );
        assert_eq!((found.tools, found.thinking), (Support::Yes, Support::Yes));
        assert!(found.extra.unwrap().contains("supportedGenerationMethods"));
    }

    #[test]
    fn nothing_is_claimed_of_a_model_that_nobody_knows() {
        let found = capabilities("gemma-3-27b-it", "{}").unwrap();
        assert_eq!((found.tools, found.thinking), (Support::Unknown, Support::Unknown));
        assert_eq!(
            capabilities("gemini-2.5-flash-image", "{}").unwrap().tools,
            Support::Unknown
        );
    }
}
