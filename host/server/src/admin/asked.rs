//! What a request asks for: an object in its body, or a deployment and a model in its query. Whatever is not
//! understood is refused with what to write.

use axum::body::Body;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Admin, MAX_BODY, Refusal};
use crate::api::body::{self, BodyError};

/// What a request's body says, as `parse` understands it.
pub(super) async fn body<T>(
    admin: &Admin,
    headers: &HeaderMap,
    body: Body,
    parse: fn(&[u8]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    match body::read(headers, body, MAX_BODY, &admin.memory).await {
        Ok(read) => parse(&read.bytes),
        Err(error) => Err(unread(error)),
    }
}

/// A JSON object; `forms` is what one looks like.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8], forms: &str) -> Result<T, Refusal> {
    // By way of an object: a struct would take a list too.
    let object: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|e| wrong(&format!("the body is no JSON object: {e}"), forms))?;
    serde_json::from_value(Value::Object(object)).map_err(|e| wrong(&format!("the body is wrong: {e}"), forms))
}

/// That it is wrong, and what would be right.
pub(super) fn wrong(problem: &str, forms: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("{problem}; write {forms}"))
}

fn unread(error: BodyError) -> Refusal {
    let status = error.status();
    let message = if let BodyError::TooLarge(limit) = error {
        format!("the body is larger than {limit} bytes")
    } else {
        error.into_error().message().to_owned()
    };
    Refusal::new(status, message)
}

/// What a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) deployment: Option<String>,
    pub(super) model: Option<String>,
}

/// Reads a query; `forms` is what one looks like.
pub(super) fn query(text: Option<&str>, forms: &str) -> Result<Query, Refusal> {
    let mut query = Query::default();
    for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
        let place = match &*name {
            "deployment" => &mut query.deployment,
            "model" => &mut query.model,
            _ => return Err(wrong(&format!("the query has an unknown `{name}`"), forms)),
        };
        if value.is_empty() {
            return Err(wrong(&format!("`{name}` is empty"), forms));
        }
        // Given twice, one would silently win.
        if place.replace(value.into_owned()).is_some() {
            return Err(wrong(&format!("the query has `{name}` twice"), forms));
        }
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_too_large_does_not_name_the_public_limit() {
        let refusal = unread(BodyError::TooLarge(MAX_BODY));
        assert_eq!(refusal.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(refusal.message, "the body is larger than 65536 bytes");
    }

    #[test]
    fn a_query_names_a_deployment_and_a_model() {
        let of = |deployment: Option<&str>, model: Option<&str>| Query {
            deployment: deployment.map(str::to_owned),
            model: model.map(str::to_owned),
        };
        for (text, expected) in [
            (None, of(None, None)),
            (Some(""), of(None, None)),
            (Some("deployment=a"), of(Some("a"), None)),
            (
                Some("model=hf.co%2Fx%2Fy%3AQ4_K_M&deployment=a"),
                of(Some("a"), Some("hf.co/x/y:Q4_K_M")),
            ),
            (Some("model=a+b"), of(None, Some("a b"))),
        ] {
            assert_eq!(query(text, "?").unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_query_that_is_not_understood_is_refused_with_what_to_write() {
        for text in ["modle=x", "model=a&model=b", "model=", "model", "deployment=&model=x"] {
            let refusal = query(Some(text), "?model=MODEL").unwrap_err();
            assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{text}");
            assert!(refusal.message.ends_with("; write ?model=MODEL"), "{}", refusal.message);
        }
    }
}
