//! The answer of `countTokens`.

use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, TokenCount};

use crate::error;
use crate::reply::extension;

/// Reads the number of input tokens.
///
/// # Errors
/// A protocol error when it is not there, and the vendor's own error when there is one instead.
pub fn parse(body: &str) -> Result<TokenCount, Error> {
    let mut answer = Object::parse(body)?;
    if let Some(error) = answer.take_raw("error").filter(|error| error.get() != "null") {
        return Err(error::in_answer(&format!(r#"{{"error":{error}}}"#)));
    }
    let missing = || Error::protocol("the vendor counted and did not say `totalTokens`");
    Ok(TokenCount {
        input_tokens: answer.take("totalTokens")?.ok_or_else(missing)?,
        extra: answer.rest().map(extension),
    })
}

#[cfg(test)]
mod tests {
    use wharf_provider_sdk::ErrorKind;

    use super::*;

    #[test]
    fn the_count_is_the_vendors() {
        let body = r#"{"totalTokens":31,"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#;
        let rest = r#"{"promptTokensDetails":[{"modality":"TEXT","tokenCount":31}]}"#;
        let counted = TokenCount {
            input_tokens: 31,
            extra: Some(extension(rest.to_owned())),
        };
        assert_eq!(parse(body).unwrap(), counted);
    }

    #[test]
    fn no_count_is_not_zero() {
        for body in ["{}", r#"{"totalTokens":null}"#, r#"{"totalTokens":-1}"#, "<html>"] {
            assert_eq!(parse(body).unwrap_err().kind, ErrorKind::Protocol, "{body}");
        }
        let error = parse(r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Overloaded);
    }
}
