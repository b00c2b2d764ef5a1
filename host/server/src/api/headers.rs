//! Headers of answers: what happened to the request.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use wharf::{Degraded, DeploymentName, Error};

use super::{degraded, error};

/// Names of the host's own headers.
const REQUEST_ID: &str = "x-request-id";
pub(crate) const DEPLOYMENT: &str = "x-wharf-deployment";
const ATTEMPTS: &str = "x-wharf-attempts";
/// The longest identifier that is taken over from a client, in bytes.
const MAX_ID: usize = 128;

/// The identifier of a request: the client's own if it is plain, else a new one.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|b| b.is_ascii_graphic());
    match own.filter(plain) {
        Some(id) => id.to_owned(),
        None => format!("req_{:032x}", random()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an identifier has to be unguessable, not repeatable"
)]
fn random() -> u128 {
    use rand::Rng as _;
    let mut rng = rand::rng();
    (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64())
}

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error in OpenAI's shape.
pub(super) fn failure(error: &Error, id: &str) -> Response {
    failure_with(error::shape(error).status, error, id)
}

/// An error whose status is more precise than its kind.
pub(super) fn failure_with(status: StatusCode, error: &Error, id: &str) -> Response {
    failure_as(status, error::body(error).to_string(), error, id)
}

/// An error with a body in another shape.
pub(super) fn failure_as(status: StatusCode, body: String, error: &Error, id: &str) -> Response {
    let mut response = json(status, body);
    if let Some(wait) = error.retry_after() {
        // Whole seconds, up: a client that comes early is sent away again.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(last) = error.attempts().last() {
        let count = u32::try_from(error.attempts().len()).unwrap_or(u32::MAX);
        story(response.headers_mut(), Some(&last.deployment), count, None);
    }
    with_id(response, id)
}

/// Says who answered, after how many attempts, and if it is not the answer that was asked for. Nobody has answered
/// when the answer was kept from earlier or is a fixed text.
pub(super) fn story(
    headers: &mut HeaderMap,
    deployment: Option<&DeploymentName>,
    attempts: u32,
    degraded: Option<&Degraded>,
) {
    // A deployment's name has only characters that a header may hold.
    if let Some(Ok(value)) = deployment.map(|name| HeaderValue::from_str(name.as_str())) {
        headers.insert(DEPLOYMENT, value);
    }
    headers.insert(ATTEMPTS, attempts.into());
    if let Some(degraded) = degraded {
        degraded::mark(headers, degraded);
    }
}

/// Says which request this answers.
pub(super) fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Seconds since 1970, for fields that say when an answer was made.
#[expect(
    clippy::disallowed_methods,
    reason = "APIs want the wall clock here; nothing is decided by it"
)]
pub(super) fn unix_time() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map(|time| time.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_identifier_is_taken_over_if_it_is_plain() {
        let id = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(value));
            request_id(&headers)
        };
        assert_eq!(id("abc-1"), "abc-1");
        assert!(id("a b").starts_with("req_"));
        assert!(id("").starts_with("req_"));
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn an_answer_that_nobody_gave_names_no_deployment() {
        let mut headers = HeaderMap::new();
        story(&mut headers, None, 0, Some(&Degraded::Text));
        assert_eq!(headers.get(DEPLOYMENT), None);
        assert_eq!(
            headers[ATTEMPTS], "0",
            "an answer always says how many attempts were made"
        );
        let name = DeploymentName::new("a").unwrap();
        story(&mut headers, Some(&name), 2, None);
        assert_eq!(headers[DEPLOYMENT], "a");
        assert_eq!(headers[ATTEMPTS], "2");
    }

    #[test]
    fn a_failure_without_an_attempt_does_not_count_any() {
        let error = Error::new(wharf::ErrorKind::NotFound, "no such model");
        assert_eq!(failure(&error, "id").headers().get(ATTEMPTS), None);
        let attempt = wharf::Attempt {
            deployment: DeploymentName::new("a").unwrap(),
            kind: wharf::ErrorKind::Overloaded,
            took: std::time::Duration::ZERO,
        };
        let error = Error::new(wharf::ErrorKind::Overloaded, "full").exhausted(vec![attempt.clone(), attempt]);
        assert_eq!(failure(&error, "id").headers()[ATTEMPTS], "2");
    }
}
