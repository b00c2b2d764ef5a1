//! Token counts in Anthropic's shape, where input tokens are those that no cache had a part in.

use serde_json::{Map, Value, json};
use wharf::Usage;

use super::DIALECT;

/// The `usage` object of an answer. Both totals are numbers in every answer of this API, and clients that check that
/// fail otherwise: one that the vendor did not count is 0.
pub(super) fn render(usage: &Usage) -> Value {
    let mut wire = Map::new();
    let cached = [usage.cache_read_tokens, usage.cache_write_tokens];
    let cached = cached.into_iter().flatten().fold(0, u64::saturating_add);
    let input = usage.input_tokens.map(|all| all.saturating_sub(cached));
    wire.insert("input_tokens".to_owned(), json!(input.unwrap_or(0)));
    for (name, count) in [
        ("cache_creation_input_tokens", usage.cache_write_tokens),
        ("cache_read_input_tokens", usage.cache_read_tokens),
    ] {
        if let Some(count) = count {
            wire.insert(name.to_owned(), json!(count));
        }
    }
    wire.insert("output_tokens".to_owned(), json!(usage.output_tokens.unwrap_or(0)));
    if let Some(count) = usage.reasoning_tokens {
        wire.insert("output_tokens_details".to_owned(), json!({"thinking_tokens": count}));
    }
    let extra = usage.extra.as_ref().filter(|extra| extra.kind == DIALECT);
    if let Some(Value::Object(extra)) = extra.and_then(|extra| serde_json::from_str(&extra.value.0).ok()) {
        merge(&mut wire, extra);
    }
    Value::Object(wire)
}

/// Lays the vendor's other counts over; inner objects are joined.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => merge(inner, value),
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wharf::{Extension, Json};

    use super::*;

    #[test]
    fn input_tokens_are_those_beside_the_cache() {
        let usage = Usage {
            input_tokens: Some(40),
            output_tokens: Some(21),
            cache_read_tokens: Some(12),
            cache_write_tokens: Some(13),
            reasoning_tokens: Some(7),
            extra: None,
        };
        assert_eq!(
            render(&usage),
            json!({"input_tokens": 15, "cache_creation_input_tokens": 13, "cache_read_input_tokens": 12,
                "output_tokens": 21, "output_tokens_details": {"thinking_tokens": 7}})
        );
    }

    #[test]
    fn what_was_not_counted_is_a_number_nevertheless() {
        assert_eq!(
            render(&Usage::default()),
            json!({"input_tokens": 0, "output_tokens": 0})
        );
    }

    #[test]
    fn the_vendors_other_counts_come_along_in_its_own_dialect_only() {
        let usage = |kind: &str| Usage {
            input_tokens: Some(3),
            output_tokens: Some(4),
            reasoning_tokens: Some(1),
            extra: Some(Extension {
                kind: kind.into(),
                value: Json(r#"{"service_tier":"standard","output_tokens_details":{"x":2}}"#.into()),
            }),
            ..Usage::default()
        };
        let own = render(&usage(DIALECT));
        assert_eq!(own["service_tier"], "standard");
        assert_eq!(own["output_tokens_details"], json!({"thinking_tokens": 1, "x": 2}));
        assert_eq!(render(&usage("openai.chat")).get("service_tier"), None);
    }
}
