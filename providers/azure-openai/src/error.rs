//! What Azure's errors mean, where they say more or something else than OpenAI's.
//!
//! The SDK reads status, message, code and headers. Azure writes the status as the code where it has none, puts what
//! its content filter found into `innererror`, and has codes of its own.

use serde_json::Value;
use wharf_provider_sdk::{Error, ErrorKind, http, log};

/// What to do about a 404 that does not speak of a deployment.
const NO_SUCH_PATH: &str = "Azure has no such path; `base_url` must be https://RESOURCE.openai.azure.com, and \
                            `api_version` one that the resource knows";

/// The error of an answer that is not a success.
pub(crate) fn of_answer(answer: &mut http::Response) -> Error {
    let gateway_id = answer.header("apim-request-id").map(str::to_owned);
    let error = refine(Error::from_response(answer));
    if error.kind == ErrorKind::Protocol {
        log::warn(&error.message);
    }
    Error {
        request_id: error.request_id.or(gateway_id),
        ..error
    }
}

/// Adds what only Azure's bodies say to an error that the SDK has classified.
#[must_use]
pub fn refine(mut error: Error) -> Error {
    let body: Option<Value> = error.detail.as_deref().and_then(|body| serde_json::from_str(body).ok());
    let inner = body.as_ref().and_then(|body| body.pointer("/error/innererror"));
    let status = error.http_status.map(|status| status.to_string());
    if error.provider_code == status {
        error.provider_code = None;
    }
    let failed = error.http_status.is_some_and(|status| status >= 500);
    if let Some(kind) = kind(error.provider_code.as_deref(), inner).filter(|_| !failed) {
        error.kind = kind;
    }
    if error.kind == ErrorKind::ContentFiltered {
        error.message.push_str(&filtered(inner));
    }
    // A deployment that is not there has a code. Without one it is the path that is not there: the operator's
    // mistake, which must not look like the client's.
    if error.kind == ErrorKind::NotFound && error.provider_code.is_none() {
        error.kind = ErrorKind::Protocol;
        NO_SUCH_PATH.clone_into(&mut error.message);
    }
    error
}

/// What codes mean that only Azure has.
fn kind(code: Option<&str>, inner: Option<&Value>) -> Option<ErrorKind> {
    let inner = inner.and_then(|inner| inner.get("code")).and_then(Value::as_str);
    match (code, inner) {
        (_, Some("ResponsibleAIPolicyViolation")) => Some(ErrorKind::ContentFiltered),
        (Some("OperationNotSupported"), _) => Some(ErrorKind::Unsupported),
        (Some("DeploymentNotFound"), _) => Some(ErrorKind::NotFound),
        _ => None,
    }
}

/// What the filter stopped the prompt for, as the end of a message. The body itself never reaches the client.
fn filtered(inner: Option<&Value>) -> String {
    let results = ["content_filter_result", "content_filter_results"];
    let found = inner.and_then(|inner| results.iter().find_map(|name| inner.get(name)?.as_object()));
    let categories: Vec<String> = found
        .into_iter()
        .flatten()
        .filter(|(_, result)| result.get("filtered").and_then(Value::as_bool) == Some(true))
        .map(
            |(category, result)| match result.get("severity").and_then(Value::as_str) {
                Some(severity) => format!("{category} ({severity})"),
                None => category.clone(),
            },
        )
        .collect();
    if categories.is_empty() {
        return String::new();
    }
    format!(" Filtered: {}.", categories.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_vendor_cannot_be_talked_into_a_filtered_prompt() {
        let body = r#"{"error":{"message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#;
        let kind = |status| refine(Error::from_parts(status, |_| None, body)).kind;
        assert_eq!(kind(400), ErrorKind::ContentFiltered);
        assert_eq!(kind(500), ErrorKind::Unavailable);
    }

    #[test]
    fn what_the_filter_said_stays_in_the_detail() {
        let body = r#"{"error":{"message":"m","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}"#;
        let error = refine(Error::from_parts(400, |_| None, body));
        assert_eq!(error.detail.as_deref(), Some(body));
        assert_eq!(error.message, "m Filtered: hate (high).");
    }

    #[test]
    fn an_answer_without_a_code_keeps_what_it_has() {
        let error = refine(Error::from_parts(429, |_| None, "<html>slow down</html>"));
        assert_eq!((error.kind, error.provider_code), (ErrorKind::RateLimited, None));
    }
}
