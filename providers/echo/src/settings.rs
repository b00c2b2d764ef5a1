//! The deployment's settings for this provider.

use std::time::Duration;

use serde::Deserialize;
use wharf_provider_sdk::{Error, ErrorKind, Request};

/// The JSON Schema of `settings:`.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "delay": {"type": "string", "description": "Pause between the words of a stream, for example 20ms or 1s. Default: none."},
    "fail": {"type": "string", "description": "Fail every request with this error kind, for example rate_limited. Default: never."}
  }
}"#;

/// The settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    delay: Option<String>,
    fail: Option<String>,
}

impl Settings {
    /// The pause between words.
    ///
    /// # Errors
    /// When it is not a number with `ms` or `s`.
    pub fn delay(&self) -> Result<Duration, Error> {
        let Some(text) = &self.delay else {
            return Ok(Duration::ZERO);
        };
        let (number, unit) = match text.strip_suffix("ms") {
            Some(number) => (number, Duration::from_millis(1)),
            None => (text.strip_suffix('s').unwrap_or(text), Duration::from_secs(1)),
        };
        let wrong = || {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("setting `delay`: `{text}` is not a time; write 20ms or 1s"),
            )
        };
        let count: u32 = number.trim().parse().map_err(|_| wrong())?;
        Ok(unit * count)
    }

    /// Fails if the deployment or the request says so.
    ///
    /// # Errors
    /// The one that was ordered.
    pub fn fail(&self, request: &Request) -> Result<(), Error> {
        let asked = request
            .option("echo_fail")
            .and_then(|json| serde_json::from_str::<String>(json).ok());
        match asked.as_ref().or(self.fail.as_ref()) {
            None => Ok(()),
            Some(name) => Err(Error::new(
                kind(name),
                format!("the echo provider was told to fail with `{name}`"),
            )),
        }
    }
}

/// An error kind by its name in snake case; a name nobody knows is passed on as it is.
fn kind(name: &str) -> ErrorKind {
    match name {
        "invalid_request" => ErrorKind::InvalidRequest,
        "context_length_exceeded" => ErrorKind::ContextLengthExceeded,
        "content_filtered" => ErrorKind::ContentFiltered,
        "unsupported" => ErrorKind::Unsupported,
        "unauthenticated" => ErrorKind::Unauthenticated,
        "permission_denied" => ErrorKind::PermissionDenied,
        "not_found" => ErrorKind::NotFound,
        "rate_limited" => ErrorKind::RateLimited,
        "quota_exhausted" => ErrorKind::QuotaExhausted,
        "overloaded" => ErrorKind::Overloaded,
        "unavailable" => ErrorKind::Unavailable,
        "protocol" => ErrorKind::Protocol,
        "timeout" => ErrorKind::Timeout,
        "internal" => ErrorKind::Internal,
        other => ErrorKind::Other(other.to_owned()),
    }
}

/// Waits. The one place where a provider may: its vendor is itself.
#[expect(
    clippy::disallowed_methods,
    reason = "the delay is what the deployment asked for; only this instance waits"
)]
pub(crate) fn pause(delay: Duration) {
    std::thread::sleep(delay);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay(text: &str) -> Result<Duration, Error> {
        Settings {
            delay: Some(text.into()),
            fail: None,
        }
        .delay()
    }

    #[test]
    fn a_delay_is_a_number_with_a_unit() {
        assert_eq!(delay("20ms").unwrap(), Duration::from_millis(20));
        assert_eq!(delay("2s").unwrap(), Duration::from_secs(2));
        assert!(delay("soon").unwrap_err().message.contains("`soon`"));
    }

    #[test]
    fn the_deployment_or_the_request_can_order_a_failure() {
        let failing = Settings {
            delay: None,
            fail: Some("rate_limited".into()),
        };
        assert_eq!(
            failing.fail(&Request::default()).unwrap_err().kind,
            ErrorKind::RateLimited
        );
        let asking = Request {
            options: vec![("echo_fail".into(), "\"overloaded\"".into())],
            ..Request::default()
        };
        assert_eq!(failing.fail(&asking).unwrap_err().kind, ErrorKind::Overloaded);
        assert!(Settings::default().fail(&Request::default()).is_ok());
    }
}
