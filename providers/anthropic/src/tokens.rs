//! The answer of `POST /v1/messages/count_tokens`.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, TokenCount};

use crate::{error, extension};

/// Reads the number of input tokens.
///
/// # Errors
/// A protocol error when it is not there, and the vendor's own error when there is one instead.
pub fn parse(body: &str) -> Result<TokenCount, Error> {
    let mut answer = Object::parse(body)?;
    if answer.contains("error") && !answer.contains("input_tokens") {
        return Err(error::in_answer(body));
    }
    let missing = || Error::protocol("the vendor counted and did not say `input_tokens`");
    Ok(TokenCount {
        input_tokens: answer.take("input_tokens")?.ok_or_else(missing)?,
        extra: answer.rest().map(extension),
    })
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::ErrorKind;

    use super::*;

    #[test]
    fn the_count_is_the_vendors() {
        assert_eq!(parse(r#"{"input_tokens":2095}"#).unwrap(), TokenCount::new(2095));
    }

    #[test]
    fn what_else_the_vendor_says_is_kept() {
        let body = r#"{"input_tokens":2095,"context_management":{"original_input_tokens":70000}}"#;
        let extra = parse(body).unwrap().extra;
        let rest = r#"{"context_management":{"original_input_tokens":70000}}"#;
        assert_eq!(extra, Some(extension(rest.to_owned())));
    }

    #[test]
    fn no_count_is_not_zero() {
        for body in ["{}", r#"{"input_tokens":null}"#, r#"{"input_tokens":-1}"#, "<html>"] {
            assert_eq!(parse(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
        let error = parse(r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Overloaded);
    }
}
