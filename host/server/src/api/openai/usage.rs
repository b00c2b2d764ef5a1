//! Token counts in OpenAI's shape.

use serde_json::{Map, Value, json};
use wharf::Usage;

use super::DIALECT;

/// The `usage` object; `None` when the vendor counted nothing, because zero would be a lie.
pub(crate) fn render(usage: &Usage) -> Option<Value> {
    if usage.input_tokens.is_none() && usage.output_tokens.is_none() {
        return None;
    }
    let mut wire = json!({});
    if let Some(input) = usage.input_tokens {
        wire["prompt_tokens"] = json!(input);
    }
    if let Some(output) = usage.output_tokens {
        wire["completion_tokens"] = json!(output);
    }
    if let (Some(input), Some(output)) = (usage.input_tokens, usage.output_tokens) {
        wire["total_tokens"] = json!(input.saturating_add(output));
    }
    let details = [
        ("prompt_tokens_details", "cached_tokens", usage.cache_read_tokens),
        ("completion_tokens_details", "reasoning_tokens", usage.reasoning_tokens),
    ];
    for (group, name, count) in details {
        if let Some(count) = count {
            wire[group] = json!({name: count});
        }
    }
    let extra = usage.extra.as_ref().filter(|e| e.kind == DIALECT);
    if let Some(Value::Object(extra)) = extra.and_then(|e| serde_json::from_str(&e.value.0).ok())
        && let Value::Object(wire) = &mut wire
    {
        merge(wire, extra);
    }
    Some(wire)
}

/// Lays the vendor's other counts over; inner objects are joined.
pub(super) fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
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
    fn what_was_not_counted_is_not_claimed() {
        assert_eq!(render(&Usage::default()), None);
        let half = Usage {
            output_tokens: Some(4),
            ..Usage::default()
        };
        assert_eq!(render(&half).unwrap(), json!({"completion_tokens": 4}));
    }

    #[test]
    fn the_vendors_other_counts_come_along() {
        let value = Json(r#"{"total_tokens":9,"prompt_tokens_details":{"audio_tokens":0}}"#.into());
        let usage = Usage {
            input_tokens: Some(3),
            output_tokens: Some(4),
            cache_read_tokens: Some(1),
            extra: Some(Extension {
                kind: DIALECT.into(),
                value,
            }),
            ..Usage::default()
        };
        assert_eq!(
            render(&usage).unwrap(),
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0}})
        );
    }
}
