//! What vendors write into the body of an error, reduced to a message and a code.

use serde_json::Value;

/// The parts of an error body that matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct VendorError {
    pub(crate) message: Option<String>,
    /// The most specific word there is: `code`, else `type`, else `status`.
    pub(crate) code: Option<String>,
    /// The `type` where there is a `code` beside it.
    pub(crate) class: Option<String>,
    /// The field of the request that it is about.
    pub(crate) param: Option<String>,
    /// A status that is given as the code.
    pub(crate) status: Option<u16>,
}

/// Reads the shapes in use: `{"error": {"message", "type", "code"}}` (OpenAI and all who copy it),
/// `{"type": "error", "error": {"type", "message"}}` (Anthropic), `{"error": {"status", "message"}}`
/// (Google, also inside an array), `{"error": "…"}` (Ollama), `{"message"}`, `{"detail"}` (FastAPI, vLLM).
pub(crate) fn parse(body: &str) -> VendorError {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return VendorError::default();
    };
    let value = value.get(0).unwrap_or(&value);
    let inner = match value.get("error") {
        Some(Value::String(message)) => {
            return VendorError {
                message: Some(message.clone()),
                ..VendorError::default()
            };
        }
        Some(inner @ Value::Object(_)) => inner,
        _ => value,
    };
    let word = |key: &str| match inner.get(key) {
        Some(Value::String(word)) if !word.is_empty() => Some(word.clone()),
        // Some servers repeat the HTTP status as `code`; see below.
        _ => None,
    };
    let number = match inner.get("code") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(digits)) => digits.parse().ok(),
        _ => None,
    };
    let status = number.and_then(|number| u16::try_from(number).ok());
    let status = status.filter(|status| (400..600).contains(status));
    let message = word("message")
        .or_else(|| word("detail"))
        .or_else(|| match inner.get("detail") {
            Some(detail @ (Value::Array(_) | Value::Object(_))) => Some(detail.to_string()),
            _ => None,
        });
    let class = word("type").filter(|t| t != "error");
    // OpenRouter's moderation has no code of its own, but says why.
    let moderated = inner.pointer("/metadata/reasons").is_some_and(Value::is_array);
    let code = word("code").filter(|_| status.is_none());
    let code = moderated.then(|| "content_filter".to_owned()).or(code);
    VendorError {
        message,
        code: code.or_else(|| class.clone()).or_else(|| word("status")),
        class,
        param: word("param"),
        status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, message: Option<&str>, code: Option<&str>) {
        let error = parse(body);
        assert_eq!(
            (error.message.as_deref(), error.code.as_deref()),
            (message, code),
            "{body}"
        );
    }

    #[test]
    fn every_known_shape_is_read() {
        check(
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"x","code":"context_length_exceeded"}}"#,
            Some("m"),
            Some("context_length_exceeded"),
        );
        check(
            r#"{"error":{"message":"m","type":"server_error","code":null}}"#,
            Some("m"),
            Some("server_error"),
        );
        check(
            r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
            Some("m"),
            Some("overloaded_error"),
        );
        check(
            r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#,
            Some("m"),
            Some("RESOURCE_EXHAUSTED"),
        );
        check(r#"{"error":"model not found"}"#, Some("model not found"), None);
        check(r#"{"detail":"Not Found"}"#, Some("Not Found"), None);
        check(r#"{"detail":[{"loc":["body"]}]}"#, Some(r#"[{"loc":["body"]}]"#), None);
        check(
            r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
            Some("m"),
            Some("BadRequestError"),
        );
        check("<html>502</html>", None, None);
        check("", None, None);
    }
}
