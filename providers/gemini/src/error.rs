//! What Google's errors mean.
//!
//! The SDK reads status, message and headers. Google says more in `details`, a list of typed messages: the reason
//! (`ErrorInfo`), how long to wait (`RetryInfo`), which limit was reached (`QuotaFailure`).

use std::time::Duration;

use serde_json::Value;
use wharf_provider_sdk::json::Object;
use wharf_provider_sdk::{Error, ErrorKind, http, log};

/// The error of an answer that is not a success.
pub(crate) fn of_answer(answer: &mut http::Response) -> Error {
    let error = refine(Error::from_response(answer));
    if error.kind == ErrorKind::Protocol {
        log::warn(&error.message);
    }
    error
}

/// An error inside an answer that began as a success.
pub(crate) fn in_answer(body: &str) -> Error {
    refine(Error::from_event(body))
}

/// Adds what only Google's bodies say to an error that the SDK has classified.
#[must_use]
pub fn refine(mut error: Error) -> Error {
    let body: Option<Value> = error
        .detail
        .as_deref()
        .and_then(|detail| serde_json::from_str(detail).ok());
    let body = body.unwrap_or_default();
    let body = body.get(0).unwrap_or(&body);
    let Some(google) = body.get("error").map(Google::of) else {
        return astray(error);
    };
    let failed = error.http_status.is_some_and(|status| status >= 500);
    let known = error.kind == ErrorKind::ContextLengthExceeded;
    // A vendor that failed cannot put it on the caller.
    if let Some(kind) = google.kind().filter(|kind| !(known || failed && is_callers(kind))) {
        error.kind = kind;
    }
    if let Some(reason) = google.reason() {
        error.provider_code = Some(reason.to_owned());
    }
    error.retry_after_ms = error.retry_after_ms.or_else(|| google.retry_after_ms());
    error
}

/// Google's own 404 has a body that says so. One without is of a server that has no such path: the operator's mistake,
/// which must not look like the client's.
fn astray(error: Error) -> Error {
    if error.kind != ErrorKind::NotFound || error.provider_code.is_some() {
        return error;
    }
    Error {
        kind: ErrorKind::Protocol,
        message: "the server has no such path below `base_url`; Google's ends in /v1beta".to_owned(),
        ..error
    }
}

/// Looks into `promptFeedback`.
///
/// # Errors
/// [`ErrorKind::ContentFiltered`] when the vendor did not let the prompt through.
pub(crate) fn check_prompt(feedback: &Object<'_>, id: Option<&str>) -> Result<(), Error> {
    let reason: Option<String> = feedback.peek("blockReason");
    let Some(reason) = reason.filter(|reason| !reason.ends_with("UNSPECIFIED")) else {
        return Ok(());
    };
    let why = feedback.peek("blockReasonMessage").unwrap_or_else(|| reason.clone());
    Err(Error {
        provider_code: Some(reason),
        request_id: id.map(str::to_owned),
        sent: true,
        detail: feedback.rest(),
        ..Error::new(
            ErrorKind::ContentFiltered,
            format!("the vendor blocked the prompt: {why}"),
        )
    })
}

/// The parts of an error's body that matter.
struct Google<'a> {
    status: &'a str,
    message: &'a str,
    details: &'a [Value],
}

impl<'a> Google<'a> {
    fn of(error: &'a Value) -> Self {
        let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let details = error.get("details").and_then(Value::as_array);
        Self {
            status: word("status"),
            message: word("message"),
            details: details.map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// A field of the first detail of this type.
    fn detail(&self, kind: &str, field: &str) -> Option<&'a Value> {
        let is_it = |detail: &&Value| {
            let found = detail.get("@type").and_then(Value::as_str);
            found.is_some_and(|found| found.rsplit('.').next() == Some(kind))
        };
        self.details.iter().find(is_it)?.get(field)
    }

    fn reason(&self) -> Option<&'a str> {
        self.detail("ErrorInfo", "reason")?.as_str()
    }

    /// `"36.4s"`, as protobuf writes durations.
    fn retry_after_ms(&self) -> Option<u64> {
        let seconds = self.detail("RetryInfo", "retryDelay")?.as_str()?.strip_suffix('s')?;
        let wait = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
        u64::try_from(wait.as_millis()).ok()
    }

    /// Whether a limit for a whole day was reached.
    fn is_daily(&self) -> bool {
        let violations = self.detail("QuotaFailure", "violations").and_then(Value::as_array);
        let daily = |violation: &Value| {
            let id = violation.get("quotaId").and_then(Value::as_str);
            id.is_some_and(|id| id.contains("PerDay"))
        };
        violations.is_some_and(|violations| violations.iter().any(daily))
    }

    /// The kind by reason and status word; by the sentence only where Google has no word for it.
    fn kind(&self) -> Option<ErrorKind> {
        let says = |needle: &str| self.message.contains(needle);
        if self.reason() == Some("API_KEY_INVALID") {
            return Some(ErrorKind::Unauthenticated);
        }
        Some(match self.status {
            "INVALID_ARGUMENT" if says("token count") && says("exceeds") => ErrorKind::ContextLengthExceeded,
            "INVALID_ARGUMENT" | "OUT_OF_RANGE" => ErrorKind::InvalidRequest,
            // The account's country, or an account that does not pay. Otherwise a file that is not ready.
            "FAILED_PRECONDITION" if says("location is not supported") || says("enable billing") => {
                ErrorKind::PermissionDenied
            }
            "FAILED_PRECONDITION" => ErrorKind::InvalidRequest,
            "UNAUTHENTICATED" => ErrorKind::Unauthenticated,
            // Somebody else's file, or none: nothing about the key, which a refusal would retire.
            "PERMISSION_DENIED" if says("access the File") || says("CachedContent") => ErrorKind::InvalidRequest,
            "PERMISSION_DENIED" => ErrorKind::PermissionDenied,
            "NOT_FOUND" => ErrorKind::NotFound,
            "RESOURCE_EXHAUSTED" if self.is_daily() || says("credits are depleted") => ErrorKind::QuotaExhausted,
            "RESOURCE_EXHAUSTED" => ErrorKind::RateLimited,
            "UNAVAILABLE" => ErrorKind::Overloaded,
            "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
            "UNIMPLEMENTED" => ErrorKind::Unsupported,
            "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "ABORTED" | "CANCELLED" => ErrorKind::Unavailable,
            _ => return None,
        })
    }
}

/// Whether the kind blames the request or the credential.
fn is_callers(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::ContextLengthExceeded
            | ErrorKind::ContentFiltered
            | ErrorKind::Unsupported
            | ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::NotFound
    )
}
