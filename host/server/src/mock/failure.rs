//! Refusals as values: the cause, the status, and what the client may be told about time.
//!
//! Decides what is wrong and what OpenAI says about it. It does not decide when to refuse: that is `order` (asked for
//! by model name or argument) and the vendors' readers (bad input). The words of the other vendors are in their
//! folders, written from the cause. Bodies follow the ones vendors send, so that a provider's classification meets
//! the real words.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

use super::json::{push_json, push_text};

/// What is wrong, for the vendors that put it in their own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nothing but the status is known.
    Status,
    /// No key, or the wrong one.
    Key,
    /// There is no such model.
    UnknownModel(String),
    /// There is no such path.
    UnknownPath,
    /// A field of the request is missing or wrong; the message says which.
    Request,
    /// The body is no JSON; what the parser says.
    NotJson(String),
    /// The prompt does not fit the model.
    ContextLength,
    /// The prompt was filtered.
    ContentFilter,
    /// The account is out of money.
    Quota,
}

/// One error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// HTTP status of the answer.
    pub(super) status: StatusCode,
    /// `retry-after` or `retry-after-ms`, if any.
    pub(super) retry_after: Option<Duration>,
    /// What is wrong.
    pub(super) cause: Cause,
    message: Cow<'static, str>,
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl Failure {
    fn new(
        status: StatusCode,
        cause: Cause,
        kind: &'static str,
        code: Option<&'static str>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            retry_after: None,
            cause,
            message: message.into(),
            kind,
            param: None,
            code,
        }
    }

    /// The same failure with a hint when to come back.
    pub(super) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// What is wrong in OpenAI's words; those of a vendor's own reader when the cause is the request.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn with_param(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    /// 400: a field of the request is missing or wrong.
    pub(super) fn invalid(param: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, Cause::Request, "invalid_request_error", Some(code), message).with_param(param)
    }

    /// 400 in the words of a vendor that has no codes for parameters.
    pub(super) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, Cause::Request, "invalid_request_error", None, message)
    }

    /// 400: the body is JSON but has a value of the wrong type, or is no JSON at all.
    pub(super) fn unreadable(error: &serde_json::Error) -> Self {
        if error.is_data() {
            return Self::refused(format!("Invalid type in the request body: {error}."));
        }
        let message = format!(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP \
             library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON: {error}.)"
        );
        Self {
            cause: Cause::NotJson(error.to_string()),
            ..Self::refused(message)
        }
    }

    /// 400: the body ended before its announced length.
    pub(super) fn body_incomplete() -> Self {
        Self::refused("The request body is incomplete.")
    }

    /// 413: the body is larger than the emulator reads.
    pub(super) fn body_too_large() -> Self {
        Self::of_status(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// 401: no key, or the wrong one.
    pub(super) fn invalid_api_key() -> Self {
        Self {
            cause: Cause::Key,
            ..Self::of_status(StatusCode::UNAUTHORIZED)
        }
    }

    /// 404: no such model.
    pub(super) fn model_not_found(model: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Cause::UnknownModel(model.to_owned()),
            "invalid_request_error",
            Some("model_not_found"),
            format!("The model `{model}` does not exist or you do not have access to it."),
        )
    }

    /// 404: no such path.
    pub(super) fn unknown_path(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Cause::UnknownPath,
            "invalid_request_error",
            Some("unknown_url"),
            format!("Unknown request URL: {method} {path}. Please check the URL for typos."),
        )
    }

    /// 400: the prompt does not fit the model.
    pub(super) fn context_length_exceeded() -> Self {
        let failure = Self::invalid(
            "messages",
            "context_length_exceeded",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. \
             Please reduce the length of the messages.",
        );
        Self {
            cause: Cause::ContextLength,
            ..failure
        }
    }

    /// 400: the prompt was filtered.
    pub(super) fn content_filter() -> Self {
        let failure = Self::invalid(
            "prompt",
            "content_filter",
            "The response was filtered due to the prompt triggering the content management policy. Please modify \
             your prompt and retry.",
        );
        Self {
            cause: Cause::ContentFilter,
            ..failure
        }
    }

    /// 429 that waiting does not cure: the account is out of money.
    pub(super) fn insufficient_quota() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            Cause::Quota,
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.",
        )
    }

    /// What OpenAI (or a gateway in front of it) says with this status.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (kind, code, message) = match status.as_u16() {
            400 => {
                let message =
                    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.";
                return Self {
                    cause: Cause::Status,
                    ..Self::invalid("temperature", "decimal_above_max_value", message)
                };
            }
            401 => (
                "invalid_request_error",
                Some("invalid_api_key"),
                "Incorrect API key provided. You can find your key at https://platform.openai.com/account/api-keys.",
            ),
            402 => (
                "insufficient_quota",
                Some("insufficient_balance"),
                "Insufficient balance.",
            ),
            403 => (
                "request_forbidden",
                Some("unsupported_country_region_territory"),
                "Country, region, or territory not supported",
            ),
            404 => (
                "invalid_request_error",
                Some("model_not_found"),
                "The model `mock` does not exist or you do not have access to it.",
            ),
            408 => (
                "server_error",
                Some("request_timeout"),
                "The request timed out. Please try again.",
            ),
            409 => (
                "invalid_request_error",
                Some("conflict"),
                "The resource was changed by another request.",
            ),
            413 => (
                "invalid_request_error",
                Some("request_too_large"),
                "The request body is larger than the maximum of 64 MiB.",
            ),
            422 => (
                "invalid_request_error",
                Some("unprocessable_entity"),
                "The request could not be processed.",
            ),
            429 => (
                "requests",
                Some("rate_limit_exceeded"),
                "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again later.",
            ),
            500 => (
                "server_error",
                None,
                "The server had an error while processing your request. Sorry about that!",
            ),
            502 => ("server_error", Some("bad_gateway"), "Bad gateway."),
            503 => (
                "server_error",
                Some("service_unavailable"),
                "The engine is currently overloaded, please try again later.",
            ),
            504 => ("server_error", Some("gateway_timeout"), "Gateway timeout."),
            code if code < 500 => ("invalid_request_error", None, "The request was refused."),
            _ => ("server_error", None, "The request failed."),
        };
        Self::new(status, Cause::Status, kind, code, message)
    }

    /// Appends `{"error":{…}}`: the whole body of an error answer, or the data of an error event.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        push_text(out, r#"{"error":{"message":"#);
        push_json(out, &*self.message);
        push_text(out, r#","type":"#);
        push_json(out, self.kind);
        push_text(out, r#","param":"#);
        push_json(out, &self.param);
        push_text(out, r#","code":"#);
        push_json(out, &self.code);
        push_text(out, "}}");
    }
}
