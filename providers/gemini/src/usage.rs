//! Token counts.

use wharf_provider_sdk::Usage;
use wharf_provider_sdk::json::Object;

use crate::reply;

/// Reads `usageMetadata`.
///
/// The vendor counts the prompt with its cached part, but thoughts beside the answer, and what its own tools put into
/// the prompt beside the prompt. The contract wants all input and all output. What a tool put in is kept among the
/// rest too, since the sum does not show it.
pub(crate) fn parse(mut wire: Object<'_>) -> Usage {
    let mut count = |name: &str| wire.take_if::<Option<u64>>(name).flatten();
    let prompt = count("promptTokenCount");
    let answer = count("candidatesTokenCount");
    let thoughts = count("thoughtsTokenCount");
    let cached = count("cachedContentTokenCount");
    let tools = wire.peek::<u64>("toolUsePromptTokenCount");
    Usage {
        input_tokens: sum(prompt, tools),
        output_tokens: sum(answer, thoughts),
        cache_read_tokens: cached,
        cache_write_tokens: None,
        reasoning_tokens: thoughts,
        extra: wire.rest().map(reply::extension),
    }
}

/// What is known of two counts together; unknown only if both are.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Usage {
        parse(Object::parse(json).unwrap())
    }

    #[test]
    fn input_and_output_are_all_of_it() {
        let usage = of(
            r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"toolUsePromptTokenCount":5,
            "candidatesTokenCount":20,"thoughtsTokenCount":30,"totalTokenCount":155}"#,
        );
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(105), Some(50)));
        assert_eq!((usage.cache_read_tokens, usage.reasoning_tokens), (Some(60), Some(30)));
        let extra = usage.extra.unwrap().value;
        assert_eq!(extra, r#"{"toolUsePromptTokenCount":5,"totalTokenCount":155}"#);
    }

    #[test]
    fn what_is_not_counted_is_not_zero() {
        let usage = of(r#"{"promptTokenCount":3}"#);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(3), None));
        assert_eq!(of("{}"), Usage::default());
    }
}
