//! From an HTTP answer to an error the host can act on.

use crate::vendor_error::{self, VendorError};
use crate::{Error, ErrorKind, http, retry_after};

/// The longest error body that is read and kept, in bytes. Vendors' are below 2 KiB; a proxy's HTML page
/// may be larger and helps nobody.
const MAX_BODY: usize = 64 << 10;

impl Error {
    /// Classifies an answer that is not a success, and takes along what the vendor said: its message, its
    /// code, its request id and how long it asks to wait. Reads the body.
    ///
    /// The status decides, except where vendors put a more telling code into the body; those codes are
    /// listed in [`Error::from_parts`].
    #[must_use]
    pub fn from_response(response: &mut http::Response) -> Self {
        let body = response.read_up_to(MAX_BODY);
        Self::from_parts(
            response.status(),
            |name| response.header(name),
            &String::from_utf8_lossy(&body),
        )
    }

    /// [`Error::from_response`] for an answer that is already in pieces. `header` gets lower-case names.
    #[must_use]
    pub fn from_parts<'a>(status: u16, header: impl Fn(&str) -> Option<&'a str>, body: &str) -> Self {
        let vendor = vendor_error::parse(body);
        let kind = kind(status, &vendor);
        let message = match &vendor.message {
            Some(message) => message.clone(),
            None => format!("the vendor answered with status {status} and no message"),
        };
        let wait = retry_after::from_headers(&header, retry_after::wall_clock);
        Self {
            http_status: Some(status),
            provider_code: vendor.code,
            request_id: ["x-request-id", "request-id", "x-ms-request-id", "cf-ray"]
                .iter()
                .find_map(|name| header(name))
                .map(str::to_owned),
            retry_after_ms: wait.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
            sent: true,
            detail: (!body.is_empty()).then(|| as_json(body)),
            ..Self::new(kind, message)
        }
    }

    /// An error that the vendor reports inside an answer that began as a success, such as an error event in
    /// a stream. `body` is its JSON.
    #[must_use]
    pub fn from_event(body: &str) -> Self {
        let vendor = vendor_error::parse(body);
        // Behind a success, the status that the error should have had may stand in its code. Not 400: servers write
        // that for whatever went wrong.
        let meant = vendor.status.filter(|status| *status != 400).map(by_status);
        let kind = by_code(&vendor, vendor.status)
            .or(meant)
            .unwrap_or(ErrorKind::Unavailable);
        let message = vendor
            .message
            .unwrap_or_else(|| "the vendor broke the answer off".to_owned());
        Self {
            provider_code: vendor.code,
            sent: true,
            detail: Some(as_json(body)),
            ..Self::new(kind, message)
        }
    }
}

/// An error body as JSON: itself, or a JSON string when it is something else.
fn as_json(body: &str) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok() {
        body.to_owned()
    } else {
        serde_json::Value::from(body).to_string()
    }
}

fn kind(status: u16, vendor: &VendorError) -> ErrorKind {
    by_code(vendor, Some(status))
        .filter(|kind| refines(status, kind))
        .unwrap_or_else(|| by_status(status))
}

/// Whether a code in the body may overrule the status: never from a success of transport to a refusal of
/// the caller, so that a vendor's 500 that quotes an old 401 stays a 500.
fn refines(status: u16, kind: &ErrorKind) -> bool {
    match status {
        500.. => matches!(
            kind,
            ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::Timeout
        ),
        _ => true,
    }
}

/// What a status means when the body says nothing more precise.
fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        402 => ErrorKind::QuotaExhausted,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        // A proxy on the way wants to know who asks: nothing that the caller could change.
        407 => ErrorKind::Unavailable,
        408 | 504 | 524 => ErrorKind::Timeout,
        413 => ErrorKind::ContextLengthExceeded,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        503 | 529 => ErrorKind::Overloaded,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

/// What a vendor's code means. Codes from the error documentation of OpenAI, Azure, Anthropic, Google and
/// OpenRouter, and from servers that speak OpenAI's API.
fn by_code(vendor: &VendorError, status: Option<u16>) -> Option<ErrorKind> {
    let codes = [&vendor.code, &vendor.class].into_iter().flatten();
    let kind = codes.into_iter().find_map(|code| match code.as_str() {
        "string_above_max_length" => of_too_long_a_string(vendor),
        code => one_code(code),
    });
    match kind {
        None | Some(ErrorKind::RateLimited) if is_too_large(vendor, status) => Some(ErrorKind::ContextLengthExceeded),
        kind => kind,
    }
}

/// OpenAI says the same of a prompt and of a name that is too long; only the one may fit another model.
fn of_too_long_a_string(vendor: &VendorError) -> Option<ErrorKind> {
    let param = vendor.param.as_deref().unwrap_or_default();
    let said = ["content", "input", "prompt", "text", "instructions"];
    let is_prompt = param.is_empty()
        || said
            .iter()
            .any(|field| param.split(['.', '[', ']']).any(|word| word == *field));
    is_prompt.then_some(ErrorKind::ContextLengthExceeded)
}

/// The one thing worth reading a sentence for: servers that signal a full context with a plain 400, or, where one
/// request is more than a minute may cost, with a 429 that no wait changes.
fn is_too_large(vendor: &VendorError, status: Option<u16>) -> bool {
    let message = vendor.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    [
        "maximum context length",
        "context size",
        "context window",
        "prompt is too long",
        "request too large for ",
    ]
    .iter()
    .any(|needle| message.contains(needle))
        // As a 429 these are too many in a short time.
        || (status != Some(429) && message.contains("too many tokens"))
}

fn one_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "context_length_exceeded" | "exceed_context_size_error" => ErrorKind::ContextLengthExceeded,
        "content_filter" | "content_policy_violation" | "ResponsibleAIPolicyViolation" => ErrorKind::ContentFiltered,
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "credit_balance_exhausted" => ErrorKind::QuotaExhausted,
        "rate_limit_exceeded" | "rate_limit_error" | "requests" | "tokens" | "RESOURCE_EXHAUSTED" => {
            ErrorKind::RateLimited
        }
        "invalid_api_key" | "invalid_authentication" | "authentication_error" | "UNAUTHENTICATED" => {
            ErrorKind::Unauthenticated
        }
        "permission_error" | "PERMISSION_DENIED" | "unsupported_country_region_territory" => {
            ErrorKind::PermissionDenied
        }
        "model_not_found" | "not_found_error" | "NOT_FOUND" => ErrorKind::NotFound,
        "overloaded_error" | "engine_overloaded" | "slow_down" | "UNAVAILABLE" => ErrorKind::Overloaded,
        "timeout" | "timeout_error" | "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
        "unsupported_parameter" | "unsupported_value" => ErrorKind::Unsupported,
        "server_error" | "api_error" | "internal_error" | "INTERNAL" => ErrorKind::Unavailable,
        "invalid_request_error" | "INVALID_ARGUMENT" | "invalid_prompt" => return None,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
