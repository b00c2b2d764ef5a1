//! Token counts in the form of this API.

use serde_json::{Map, Value, json};
use wharf::Usage;

use super::DIALECT;
use crate::api::leftover;

/// The `usage` object; `None` unless the vendor counted both ways, because zero would be a lie and the form has no
/// place for a half. The details are numbers in every answer of OpenAI's, so one that the vendor does not tell is 0.
pub(super) fn render(usage: &Usage) -> Option<Value> {
    let (input, output) = (usage.input_tokens?, usage.output_tokens?);
    let mut wire = json!({
        "input_tokens": input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens.unwrap_or(0),
            "cache_write_tokens": usage.cache_write_tokens.unwrap_or(0),
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens.unwrap_or(0)},
        "total_tokens": input.saturating_add(output),
    });
    let extra = leftover::in_dialect(usage.extra.as_ref(), DIALECT);
    if let Some(Value::Object(extra)) = extra.and_then(|json| serde_json::from_str(&json.0).ok())
        && let Value::Object(wire) = &mut wire
    {
        merge(wire, extra);
    }
    Some(wire)
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

    fn counted() -> Usage {
        Usage {
            input_tokens: Some(3),
            output_tokens: Some(4),
            cache_read_tokens: Some(1),
            cache_write_tokens: Some(2),
            reasoning_tokens: Some(5),
            extra: None,
        }
    }

    #[test]
    fn counts_have_this_apis_names() {
        assert_eq!(
            render(&counted()).unwrap(),
            json!({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
                "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 7})
        );
    }

    #[test]
    fn what_was_not_counted_is_not_claimed() {
        assert_eq!(render(&Usage::default()), None);
        let half = Usage {
            output_tokens: Some(4),
            ..Usage::default()
        };
        assert_eq!(render(&half), None, "the form has no place for one of the two");
    }

    #[test]
    fn the_vendors_other_counts_come_along_in_its_own_dialect_only() {
        let usage = |kind: &str| Usage {
            extra: Some(Extension {
                kind: kind.into(),
                value: Json(r#"{"x":1,"output_tokens_details":{"y":2}}"#.into()),
            }),
            ..counted()
        };
        let own = render(&usage("openai.responses")).unwrap();
        assert_eq!(own["x"], 1);
        assert_eq!(own["output_tokens_details"], json!({"reasoning_tokens": 5, "y": 2}));
        assert_eq!(render(&usage("openai.chat")), render(&counted()));
    }
}
