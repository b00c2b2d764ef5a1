//! What a message would cost, as Anthropic writes it.

use wharf::TokenCount;

use super::DIALECT;
use crate::api::leftover::{self, append};

/// The body of the answer.
pub(super) fn render(count: &TokenCount) -> String {
    let mut out = format!("{{\"input_tokens\":{}", count.input_tokens);
    let rest = leftover::of(leftover::in_dialect(count.extra.as_ref(), DIALECT));
    append(&rest, &["input_tokens"], &mut out);
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use wharf::{Extension, Json};

    use super::*;

    fn written(kind: &str, rest: &str) -> String {
        render(&TokenCount {
            input_tokens: 14,
            extra: Some(Extension {
                kind: kind.to_owned(),
                value: Json(rest.to_owned()),
            }),
        })
    }

    #[test]
    fn what_else_a_vendor_of_this_dialect_says_is_not_lost() {
        let rest = r#"{"context_management":{"original_input_tokens":70.0},"input_tokens":1}"#;
        assert_eq!(
            written(DIALECT, rest),
            r#"{"input_tokens":14,"context_management":{"original_input_tokens":70.0}}"#
        );
        assert_eq!(written("gemini.generate", rest), r#"{"input_tokens":14}"#);
        assert_eq!(written(DIALECT, "no object"), r#"{"input_tokens":14}"#);
    }
}
