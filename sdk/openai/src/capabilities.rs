//! What models can do, as the operator says: OpenAI's API does not tell, and behind a compatible server can be any model.

use std::collections::BTreeMap;

use serde::Deserialize;
use wharf_provider_sdk::{Capabilities, Support};

/// What one model can do, or with the name `*` every model, as far as it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declared {
    tools: Option<bool>,
    parallel_tools: Option<bool>,
    images: Option<bool>,
    json_schema: Option<bool>,
    thinking: Option<bool>,
    context_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
}

/// The name that stands for all models.
const EVERY: &str = "*";

/// What a model can do by these declarations; what they leave open nobody knows.
#[must_use]
pub fn of(declared: &BTreeMap<String, Declared>, model: Option<&str>) -> Capabilities {
    let every = declared.get(EVERY).copied().unwrap_or_default();
    let own = model.and_then(|model| declared.get(model)).copied().unwrap_or_default();
    let support = |said: Option<bool>| match said {
        Some(true) => Support::Yes,
        Some(false) => Support::No,
        None => Support::Unknown,
    };
    Capabilities {
        streaming: Support::Yes,
        tools: support(own.tools.or(every.tools)),
        parallel_tools: support(own.parallel_tools.or(every.parallel_tools)),
        images: support(own.images.or(every.images)),
        json_schema: support(own.json_schema.or(every.json_schema)),
        thinking: support(own.thinking.or(every.thinking)),
        context_tokens: own.context_tokens.or(every.context_tokens),
        max_output_tokens: own.max_output_tokens.or(every.max_output_tokens),
        ..Capabilities::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(json: &str) -> BTreeMap<String, Declared> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_models_own_word_wins_over_that_for_all() {
        let said = declared(r#"{"*":{"images":false,"context_tokens":8192},"sees":{"images":true}}"#);
        let sees = of(&said, Some("sees"));
        assert_eq!((sees.images, sees.context_tokens), (Support::Yes, Some(8192)));
        assert_eq!(of(&said, Some("other")).images, Support::No);
        assert_eq!(of(&said, Some("other")).tools, Support::Unknown, "nobody said");
        assert_eq!(of(&BTreeMap::new(), None).images, Support::Unknown);
    }

    #[test]
    fn a_word_that_nobody_knows_is_an_error() {
        assert!(serde_json::from_str::<Declared>(r#"{"vision":true}"#).is_err());
    }
}
