//! From the body of `POST /v1/embeddings` to the host's request. What is not understood is handed on as an option,
//! digit for digit.

use serde_json::value::RawValue;
use wharf::{EmbedRequest, Error, ErrorKind};

use super::DIALECT;
use crate::api::fields::{Fields, invalid};

/// How the client wants its vectors written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Decimal numbers.
    Float,
    /// Little-endian 32-bit floats in base64.
    Base64,
}

/// A request for vectors.
#[derive(Debug)]
pub(super) struct Asked {
    /// What to ask.
    pub(super) request: EmbedRequest,
    /// How to write the answer. The host's matter: what it gets from a provider are numbers.
    pub(super) encoding: Encoding,
}

/// Reads a request.
///
/// # Errors
/// `InvalidRequest` naming the field, and `Unsupported` for texts that are tokens already.
pub(super) fn parse(body: &[u8]) -> Result<Asked, Error> {
    let mut fields = Fields::of_body(body)?;
    let model = fields.need("model")?;
    let input = texts(fields.need("input")?)?;
    let dimensions: Option<u32> = fields.take("dimensions")?;
    if dimensions == Some(0) {
        return Err(invalid("dimensions", "a vector has at least one number"));
    }
    let encoding = match fields.take::<String>("encoding_format")?.as_deref() {
        None | Some("float") => Encoding::Float,
        Some("base64") => Encoding::Base64,
        Some(_) => return Err(invalid("encoding_format", "this must be `float` or `base64`")),
    };
    let request = EmbedRequest {
        model,
        input,
        dimensions,
        dialect: DIALECT.to_owned(),
        options: fields.into_options()?,
    };
    Ok(Asked { request, encoding })
}

/// One text, or a list of them.
fn texts(raw: &RawValue) -> Result<Vec<String>, Error> {
    const PLACE: &str = "input";
    if let Some(text) = text(raw) {
        return Ok(vec![text]);
    }
    let items: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| invalid(PLACE, "this must be a text or a list of texts"))?;
    if items.is_empty() {
        return Err(invalid(PLACE, "there must be at least one text"));
    }
    // A list of numbers is one text, a list of such lists are several.
    if items.iter().any(|item| is_number_or_list(item)) {
        let error = Error::new(
            ErrorKind::Unsupported,
            "`input`: tokens are not accepted. They belong to the tokenizer of one vendor, and another deployment \
             of this model would take them for another text; send the text itself",
        );
        return Err(error.with_param(PLACE));
    }
    let named = |at: usize| invalid(&format!("{PLACE}[{at}]"), "this must be a text");
    let items = items.into_iter().enumerate();
    items.map(|(at, item)| text(item).ok_or_else(|| named(at))).collect()
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn is_number_or_list(raw: &RawValue) -> bool {
    raw.get()
        .starts_with(|first: char| matches!(first, '[' | '-' | '0'..='9'))
}

#[cfg(test)]
mod tests {
    use wharf::Json;

    use super::*;

    fn refused(body: &str) -> (ErrorKind, Option<String>, String) {
        let error = parse(body.as_bytes()).unwrap_err();
        let param = error.param().map(str::to_owned);
        (error.kind(), param, error.message().to_owned())
    }

    #[test]
    fn a_text_is_a_list_of_one() {
        let asked = parse(br#"{"model":"m","input":"a \"b\" \u00e9"}"#).unwrap();
        assert_eq!(asked.request.model, "m");
        assert_eq!(asked.request.input, ["a \"b\" é"]);
        assert_eq!(asked.request.dimensions, None);
        assert_eq!(asked.request.dialect, "openai.embeddings");
        assert!(asked.request.options.is_empty());
    }

    #[test]
    fn texts_keep_their_order_and_may_be_empty() {
        let asked = parse(br#"{"model":"m","input":[ "b", "", "a" ],"dimensions":256}"#).unwrap();
        assert_eq!(asked.request.input, ["b", "", "a"]);
        assert_eq!(asked.request.dimensions, Some(256));
    }

    #[test]
    fn vectors_are_numbers_unless_base64_is_asked_for() {
        for (format, expected) in [
            ("", Encoding::Float),
            (r#","encoding_format":null"#, Encoding::Float),
            (r#","encoding_format":"float""#, Encoding::Float),
            (r#","encoding_format":"base64""#, Encoding::Base64),
        ] {
            let asked = parse(format!(r#"{{"model":"m","input":"a"{format}}}"#).as_bytes()).unwrap();
            assert_eq!(asked.encoding, expected, "{format}");
            assert!(asked.request.options.is_empty(), "the form is the host's matter");
        }
        let (kind, param, _) = refused(r#"{"model":"m","input":"a","encoding_format":"hex"}"#);
        assert_eq!(
            (kind, param.as_deref()),
            (ErrorKind::InvalidRequest, Some("encoding_format"))
        );
    }

    #[test]
    fn other_fields_are_handed_on_digit_for_digit() {
        let asked = parse(br#"{"model":"m","user":"u","input":"a","x":1.10,"truncate":null}"#).unwrap();
        let option = |name: &str, json: &str| (name.to_owned(), Json(json.to_owned()));
        assert_eq!(
            asked.request.options,
            [
                option("user", r#""u""#),
                option("x", "1.10"),
                option("truncate", "null")
            ]
        );
    }

    #[test]
    fn tokens_are_refused_with_the_reason() {
        for input in ["[1, 2]", "[[1, 2], [3]]", r#"["a", 1]"#, "[-1]"] {
            let (kind, param, message) = refused(&format!(r#"{{"model":"m","input":{input}}}"#));
            assert_eq!(
                (kind, param.as_deref()),
                (ErrorKind::Unsupported, Some("input")),
                "{input}"
            );
            assert!(message.contains("tokenizer"), "{message}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, expected) in [
            (r#"{"input":"a"}"#, "model"),
            (r#"{"model":"m"}"#, "input"),
            (r#"{"model":"m","input":null}"#, "input"),
            (r#"{"model":"m","input":[]}"#, "input"),
            (r#"{"model":"m","input":{}}"#, "input"),
            (r#"{"model":"m","input":7}"#, "input"),
            (r#"{"model":"m","input":["a",null]}"#, "input[1]"),
            (r#"{"model":"m","input":["a",{"text":"b"}]}"#, "input[1]"),
            (r#"{"model":"m","input":"a","dimensions":0}"#, "dimensions"),
            (r#"{"model":"m","input":"a","dimensions":-1}"#, "dimensions"),
            (r#"{"model":"m","input":"a","encoding_format":1}"#, "encoding_format"),
        ] {
            let (kind, param, _) = refused(body);
            assert_eq!(
                (kind, param.as_deref()),
                (ErrorKind::InvalidRequest, Some(expected)),
                "{body}"
            );
        }
    }
}
