//! What is Azure's own about OpenAI's API: the deployment in the path, the dated version, the header with the key, and
//! the errors of the gateway in front of the models.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::mock::failure::{Cause, Failure};
use crate::mock::json::bytes;
use crate::mock::plan::{Reply, Settings};

/// Header with the key.
pub(in crate::mock) const KEY_HEADER: &str = "api-key";

/// What the path says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mock) struct Deployment {
    /// Its name, which stands for a model.
    pub(in crate::mock) name: String,
    /// Whether the query names a version of the API.
    pub(in crate::mock) has_version: bool,
}

impl Deployment {
    /// The name, if the path is one that Azure knows.
    ///
    /// # Errors
    ///
    /// The 404 answer, when no version is named.
    pub(super) fn checked(&self) -> Result<&str, Failure> {
        if self.has_version {
            Ok(&self.name)
        } else {
            Err(Failure::unknown_path("POST", "without api-version"))
        }
    }
}

/// Whether the request has the demanded key. Azure takes tokens of its identity service too, as bearers.
pub(super) fn admits(settings: &Settings, headers: &HeaderMap) -> bool {
    settings.admits_header(headers, KEY_HEADER) || settings.admits_bearer(headers)
}

/// An error answer: in OpenAI's shape if the model speaks, in Azure's if its gateway does.
pub(in crate::mock) fn error(failure: &Failure) -> Reply {
    let body = match failure.cause {
        Cause::Key => gateway(
            "401",
            "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key \
             for an active subscription and use a correct regional API endpoint for your resource.",
        ),
        Cause::UnknownModel(_) => gateway(
            "DeploymentNotFound",
            "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
             minutes, please wait a moment and try again.",
        ),
        Cause::UnknownPath => gateway("404", "Resource not found"),
        Cause::ContentFilter => filtered(failure),
        Cause::Status => match of_status(failure) {
            Some(body) => body,
            None => return super::error(failure),
        },
        Cause::Request | Cause::NotJson(_) | Cause::ContextLength | Cause::Quota => return super::error(failure),
    };
    Reply::error(failure.status, failure.retry_after, bytes(&body))
}

fn gateway(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// What the gateway says with this status; nothing where the model behind it speaks.
fn of_status(failure: &Failure) -> Option<Value> {
    let (code, message) = match failure.status.as_u16() {
        401 => ("401", "Unauthorized. Access token is missing, invalid or expired."),
        403 => ("403", "Access denied due to Virtual Network/Firewall rules."),
        404 => ("404", "Resource not found"),
        408 => ("Timeout", "The operation was timeout."),
        429 => {
            let seconds = failure.retry_after.map_or(1, |wait| wait.as_secs().max(1));
            let message = format!(
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded call rate \
                 limit of your current tier. Please retry after {seconds} seconds."
            );
            return Some(gateway("429", &message));
        }
        500 => (
            "InternalServerError",
            "The server had an error while processing your request. Sorry about that!",
        ),
        503 => (
            "ServiceUnavailable",
            "The service is temporarily unable to process your request. Please try again later.",
        ),
        _ => return None,
    };
    Some(gateway(code, message))
}

fn filtered(failure: &Failure) -> Value {
    json!({"error": {
        "message": failure.message(),
        "type": null,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": {"filtered": false, "severity": "safe"},
                "jailbreak": {"filtered": true, "detected": true},
                "self_harm": {"filtered": false, "severity": "safe"},
                "sexual": {"filtered": false, "severity": "safe"},
                "violence": {"filtered": true, "severity": "medium"},
            },
        },
    }})
}
