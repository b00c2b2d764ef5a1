//! From the host's error to an HTTP answer. The one mapping there is; the shape of the body is the front door's, and
//! OpenAI's is here because every client without an API of its own gets it.
//!
//! A client must be able to tell its own mistakes from everybody else's: 4xx means that another request
//! would have worked. A credential that the vendor refuses is the operator's, so it is a 502, never a 401.

use http::StatusCode;
use serde_json::{Value, json};
use wharf::{Error, ErrorKind, Phase};

/// What the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The status.
    pub(crate) status: StatusCode,
    /// OpenAI's `type`.
    pub(crate) class: &'static str,
    /// OpenAI's `code`.
    pub(crate) code: &'static str,
}

/// How an error looks to a client.
pub(crate) fn shape(error: &Error) -> Shape {
    use StatusCode as S;
    let (status, class, code) = match error.kind() {
        ErrorKind::InvalidRequest => (S::BAD_REQUEST, "invalid_request_error", "invalid_request"),
        ErrorKind::ContextLengthExceeded => (S::BAD_REQUEST, "invalid_request_error", "context_length_exceeded"),
        ErrorKind::ContentFiltered => (S::BAD_REQUEST, "invalid_request_error", "content_filter"),
        ErrorKind::Unsupported => (S::BAD_REQUEST, "invalid_request_error", "unsupported"),
        ErrorKind::NotFound => (S::NOT_FOUND, "invalid_request_error", "model_not_found"),
        ErrorKind::RateLimited => (S::TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded"),
        ErrorKind::QuotaExhausted => (S::TOO_MANY_REQUESTS, "insufficient_quota", "insufficient_quota"),
        ErrorKind::PermissionDenied if error.http_status().is_none() => {
            (S::BAD_GATEWAY, "upstream_error", "upstream_not_allowed")
        }
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => {
            (S::BAD_GATEWAY, "upstream_error", "upstream_credential_refused")
        }
        ErrorKind::UpstreamUnavailable => (S::BAD_GATEWAY, "upstream_error", "upstream_unavailable"),
        ErrorKind::UpstreamProtocol => (S::BAD_GATEWAY, "upstream_error", "upstream_protocol"),
        ErrorKind::ProviderTrapped => (S::BAD_GATEWAY, "upstream_error", "provider_trapped"),
        ErrorKind::Overloaded => (S::SERVICE_UNAVAILABLE, "upstream_error", "upstream_overloaded"),
        ErrorKind::Timeout(_) => (S::GATEWAY_TIMEOUT, "timeout_error", "timeout"),
        ErrorKind::ResourceExhausted => (S::SERVICE_UNAVAILABLE, "server_error", "resource_exhausted"),
        ErrorKind::NoDeployment => (S::SERVICE_UNAVAILABLE, "server_error", "no_deployment"),
        ErrorKind::Cancelled => (S::SERVICE_UNAVAILABLE, "server_error", "cancelled"),
        ErrorKind::Internal => (S::INTERNAL_SERVER_ERROR, "server_error", "internal"),
    };
    Shape { status, class, code }
}

/// The body in OpenAI's shape.
pub(crate) fn body(error: &Error) -> Value {
    let shape = shape(error);
    let mut inner = json!({
        "message": message(error),
        "type": shape.class,
        "param": error.param(),
        "code": shape.code,
    });
    add_story(error, &mut inner);
    json!({ "error": inner })
}

/// Adds what led to the error, which every shape has: the time limit that ended it, and the attempts.
pub(super) fn add_story(error: &Error, inner: &mut Value) {
    if let ErrorKind::Timeout(phase) = error.kind() {
        inner["phase"] = json!(phase.as_str());
    }
    if !error.attempts().is_empty() {
        let attempt = |attempt: &wharf::Attempt| {
            json!({
                "deployment": attempt.deployment.as_str(),
                "kind": attempt.kind.as_str(),
                "milliseconds": u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            })
        };
        inner["attempts"] = error.attempts().iter().map(attempt).collect();
    }
}

/// What a person reads. Vendor messages are passed on where they are about the client's own request; where the vendor
/// or the operator is at fault the host speaks, since such messages name keys, hosts and accounts.
pub(super) fn message(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidRequest
        | ErrorKind::ContextLengthExceeded
        | ErrorKind::ContentFiltered
        | ErrorKind::Unsupported
        | ErrorKind::NotFound
        | ErrorKind::ResourceExhausted
        | ErrorKind::NoDeployment
        | ErrorKind::Cancelled
        | ErrorKind::ProviderTrapped => error.message().to_owned(),
        ErrorKind::RateLimited => "The upstream limits the rate of requests; try again later.".to_owned(),
        ErrorKind::QuotaExhausted => "The upstream account has used up its quota.".to_owned(),
        ErrorKind::PermissionDenied if error.http_status().is_none() => {
            "This deployment may not reach its upstream's address. Nothing is wrong with the request; the \
             operator has to look at `base_url`, `allow_hosts` and `private` of the deployment."
                .to_owned()
        }
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => {
            "The upstream refused this deployment's credential. Nothing is wrong with the request; the operator \
             has to look at the deployment's api_key."
                .to_owned()
        }
        ErrorKind::UpstreamUnavailable => "The upstream failed or could not be reached.".to_owned(),
        ErrorKind::UpstreamProtocol => "The upstream answered with something that makes no sense.".to_owned(),
        ErrorKind::Overloaded => "The upstream has no capacity at the moment; try again later.".to_owned(),
        ErrorKind::Timeout(phase) => format!("The upstream did not answer in time ({}).", phase_text(phase)),
        ErrorKind::Internal => "The host or the provider has a defect; the log has the details.".to_owned(),
    }
}

fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connect: no connection",
        Phase::FirstToken => "first_token: no beginning of an answer",
        Phase::Idle => "idle: a gap in the answer",
        Phase::Total => "total: the answer took too long",
        Phase::Upstream => "upstream: it gave up itself",
        Phase::Request => "request: the limit of `x-wharf-timeout`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_upstream_credential_is_not_the_clients_fault() {
        for (kind, status, code) in [
            (ErrorKind::Unauthenticated, Some(401), "upstream_credential_refused"),
            (ErrorKind::PermissionDenied, Some(403), "upstream_credential_refused"),
            (ErrorKind::PermissionDenied, None, "upstream_not_allowed"),
        ] {
            let shape = shape(&Error::new(kind, "m").with_upstream(status, None, None));
            assert_eq!((shape.status, shape.code), (StatusCode::BAD_GATEWAY, code));
        }
    }

    #[test]
    fn a_timeout_names_the_limit_that_ended_it() {
        for (phase, name) in [
            (Phase::Connect, "connect"),
            (Phase::FirstToken, "first_token"),
            (Phase::Idle, "idle"),
            (Phase::Total, "total"),
            (Phase::Upstream, "upstream"),
            (Phase::Request, "request"),
        ] {
            let error = Error::new(ErrorKind::Timeout(phase), "m");
            assert_eq!(shape(&error).status, StatusCode::GATEWAY_TIMEOUT);
            let told = body(&error);
            let inner = &told["error"];
            assert_eq!((&inner["code"], &inner["phase"]), (&json!("timeout"), &json!(name)));
            let message = inner["message"].as_str().unwrap();
            assert!(message.contains(&format!("({name}: ")), "{message}");
        }
        let other = body(&Error::new(ErrorKind::Overloaded, "m"));
        assert_eq!(other["error"].get("phase"), None, "only a timeout has a phase");
    }

    #[test]
    fn what_a_vendor_says_about_its_operator_does_not_reach_the_client() {
        let told = "Incorrect API key provided: sk-abc at 10.0.0.1";
        for kind in [
            ErrorKind::Unauthenticated,
            ErrorKind::UpstreamUnavailable,
            ErrorKind::RateLimited,
        ] {
            assert!(
                !body(&Error::new(kind, told)).to_string().contains("sk-abc"),
                "{kind:?}"
            );
        }
        assert!(
            body(&Error::new(ErrorKind::InvalidRequest, "bad `n`"))
                .to_string()
                .contains("bad `n`")
        );
    }
}
