//! Vectors as OpenAI writes them. An answer can have millions of numbers, so it is written straight into its text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use wharf::{EmbedResponse, Usage};

use super::DIALECT;
use super::request::Encoding;
use crate::api::leftover::{self, Leftover, append, push_string};
use crate::api::openai::usage::merge;

/// Bytes that a number mostly takes, its comma included.
const NUMBER: usize = 13;
/// What is written here, so that no leftover can write it again.
const TOP: [&str; 4] = ["object", "data", "model", "usage"];
const ITEM: [&str; 3] = ["object", "index", "embedding"];

/// The body of the answer. `model` is the route, for vendors that do not say who answers.
pub(super) fn render(response: &EmbedResponse, model: &str, encoding: Encoding) -> String {
    let (top, items) = leftovers(response);
    let numbers: usize = response.vectors.iter().map(Vec::len).sum();
    let bytes = match encoding {
        Encoding::Float => numbers * NUMBER,
        Encoding::Base64 => numbers * 4 / 3 * 4,
    };
    let mut out = String::with_capacity(bytes + response.vectors.len() * 64 + 256);
    out.push_str("{\"object\":\"list\",\"data\":[");
    for (index, vector) in response.vectors.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        // Writing into a string cannot fail.
        let _ = write!(out, "{{\"object\":\"embedding\",\"index\":{index},\"embedding\":");
        push_vector(vector, encoding, &mut out);
        if let Some(item) = items.get(index) {
            append(item, &ITEM, &mut out);
        }
        out.push('}');
    }
    out.push_str("],\"model\":");
    push_string(response.model.as_deref().unwrap_or(model), &mut out);
    if let Some(usage) = usage(&response.usage) {
        let _ = write!(out, ",\"usage\":{usage}");
    }
    append(&top, &TOP, &mut out);
    out.push('}');
    out
}

fn push_vector(vector: &[f32], encoding: Encoding, out: &mut String) {
    match encoding {
        // A list of numbers always serializes.
        Encoding::Float => out.push_str(&serde_json::to_string(vector).unwrap_or_default()),
        Encoding::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
    }
}

/// What a vendor of this dialect said beside the vectors, and about each of them. A provider that sends nonsense loses
/// its leftovers, nothing else.
fn leftovers(response: &EmbedResponse) -> (Leftover, Vec<Leftover>) {
    let top = leftover::of(leftover::in_dialect(response.extra.as_ref(), DIALECT));
    let items = top.get("data").and_then(|raw| serde_json::from_str(raw.get()).ok());
    let items = items.unwrap_or_default();
    (top, items)
}

/// The counts; `None` when the vendor counted nothing, because zero would be a lie. There is no output, so all of it
/// is the input unless the vendor says otherwise.
fn usage(usage: &Usage) -> Option<Value> {
    let mut wire = Map::new();
    if let Some(input) = usage.input_tokens {
        let total = input.saturating_add(usage.output_tokens.unwrap_or(0));
        wire.insert("prompt_tokens".to_owned(), input.into());
        wire.insert("total_tokens".to_owned(), total.into());
    }
    let extra = leftover::in_dialect(usage.extra.as_ref(), DIALECT);
    if let Some(Value::Object(extra)) = extra.and_then(|extra| serde_json::from_str(&extra.0).ok()) {
        // Servers that also answer count what there is in every answer.
        if let Some(output) = usage.output_tokens {
            wire.insert("completion_tokens".to_owned(), output.into());
        }
        if let Some(cached) = usage.cache_read_tokens {
            wire.insert("prompt_tokens_details".to_owned(), json!({"cached_tokens": cached}));
        }
        merge(&mut wire, extra);
    }
    (!wire.is_empty()).then_some(Value::Object(wire))
}

#[cfg(test)]
mod tests {
    use wharf::{Extension, Json};

    use super::*;

    fn response() -> EmbedResponse {
        EmbedResponse {
            model: None,
            vectors: vec![vec![0.5, -0.25, 1.0], vec![0.1, 1e-30, -0.0]],
            usage: Usage::default(),
            extra: None,
        }
    }

    fn rest(kind: &str, value: &str) -> Extension {
        Extension {
            kind: kind.into(),
            value: Json(value.into()),
        }
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!(
            render(&response(), "route", Encoding::Float),
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25,1.0]},{"object":"embedding","index":1,"embedding":[0.1,1e-30,-0.0]}],"model":"route"}"#
        );
    }

    #[test]
    fn base64_holds_the_floats_low_byte_first() {
        let answer = EmbedResponse {
            vectors: vec![vec![1.0, -2.0]],
            model: Some("m".into()),
            ..response()
        };
        let written: Value = serde_json::from_str(&render(&answer, "route", Encoding::Base64)).unwrap();
        assert_eq!(written["data"][0]["embedding"], "AACAPwAAAMA=");
        assert_eq!(written["model"], "m");
    }

    #[test]
    fn what_the_vendor_did_not_count_is_not_claimed() {
        assert_eq!(usage(&Usage::default()), None);
        let counted = Usage {
            input_tokens: Some(8),
            ..Usage::default()
        };
        assert_eq!(usage(&counted).unwrap(), json!({"prompt_tokens": 8, "total_tokens": 8}));
    }

    #[test]
    fn counts_of_the_same_dialect_are_the_vendors_own() {
        let counted = |kind: &str| Usage {
            input_tokens: Some(8),
            extra: Some(Extension {
                kind: kind.into(),
                value: Json(r#"{"total_tokens":9,"cost":1}"#.into()),
            }),
            ..Usage::default()
        };
        assert_eq!(
            usage(&counted(DIALECT)).unwrap(),
            json!({"prompt_tokens": 8, "total_tokens": 9, "cost": 1})
        );
        assert_eq!(
            usage(&counted("gemini.generate")).unwrap(),
            json!({"prompt_tokens": 8, "total_tokens": 8})
        );
    }

    #[test]
    fn counts_of_an_answer_that_there_is_not_are_not_lost() {
        let counted = Usage {
            input_tokens: Some(8),
            output_tokens: Some(0),
            cache_read_tokens: Some(3),
            extra: Some(Extension {
                kind: DIALECT.into(),
                value: Json(r#"{"total_tokens":8,"prompt_tokens_details":{"audio_tokens":0}}"#.into()),
            }),
            ..Usage::default()
        };
        assert_eq!(
            usage(&counted).unwrap(),
            json!({"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8,
                "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0}})
        );
    }

    #[test]
    fn leftovers_stand_in_their_places_and_replace_nothing() {
        let extra = r#"{"id":"e","model":"x","data":[{"truncated":true,"index":7},{}],"x":1.10}"#;
        let answer = EmbedResponse {
            vectors: vec![vec![1.0], vec![2.0]],
            extra: Some(rest(DIALECT, extra)),
            ..response()
        };
        assert_eq!(
            render(&answer, "route", Encoding::Float),
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0],"truncated":true},{"object":"embedding","index":1,"embedding":[2.0]}],"model":"route","id":"e","x":1.10}"#
        );
    }

    #[test]
    fn what_a_vendor_of_another_dialect_says_is_not_put_among_openais_fields() {
        let answer = EmbedResponse {
            extra: Some(rest("ollama.chat", r#"{"total_duration":7}"#)),
            ..response()
        };
        let written = render(&answer, "route", Encoding::Float);
        assert_eq!(written, render(&response(), "route", Encoding::Float));
    }

    #[test]
    fn nonsense_beside_the_vectors_costs_nothing_else() {
        for extra in ["no", "[]", r#"{"data":7}"#] {
            let answer = EmbedResponse {
                vectors: vec![vec![1.0]],
                extra: Some(rest(DIALECT, extra)),
                ..response()
            };
            let written: Value = serde_json::from_str(&render(&answer, "route", Encoding::Float)).unwrap();
            assert_eq!(written["data"][0]["embedding"], json!([1.0]), "{extra}");
        }
    }
}
