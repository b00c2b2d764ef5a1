//! `x-wharf-timeout`: how long a client wants to wait, which it knows better than any configuration. A limit that is
//! not understood is refused: a client that believes in one which is not there waits too long without knowing why.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::HeaderMap;
use wharf::config::duration;
use wharf::{CallOptions, Error, RequestTimeouts};

use super::fields::invalid;

/// The header.
const TIMEOUT: &str = "x-wharf-timeout";
/// What each limit may be: from less than any answer takes to the longest that a deployment may be given.
const LIMITS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);
/// What to write.
const HELP: &str = "write a time such as `30s`, `1500ms` or `0.5` (seconds), or several limits as \
                    `total=30s, first_token=5s, idle=2s, connect=1s`; each 1 ms to 1 h and at most once";

/// What a request's headers ask of its call.
///
/// # Errors
/// `InvalidRequest` when the header is there and says nothing of the above.
pub(super) fn options(headers: &HeaderMap) -> Result<CallOptions, Error> {
    let mut timeouts = RequestTimeouts::default();
    if headers.contains_key(TIMEOUT) {
        // Sent several times, it is one list (RFC 9110, 5.3).
        let values: Result<Vec<&str>, _> = headers.get_all(TIMEOUT).iter().map(|value| value.to_str()).collect();
        let parsed = values.ok().and_then(|values| parse(&values.join(",")));
        timeouts = parsed.ok_or_else(|| invalid(TIMEOUT, HELP))?;
    }
    Ok(CallOptions {
        timeouts,
        ..CallOptions::default()
    })
}

fn parse(text: &str) -> Option<RequestTimeouts> {
    let mut timeouts = RequestTimeouts::default();
    if !text.contains('=') {
        timeouts.total = Some(limit(text)?);
        return Some(timeouts);
    }
    for item in text.split(',') {
        let (name, value) = item.split_once('=')?;
        let place = match name.trim() {
            "total" => &mut timeouts.total,
            "first_token" => &mut timeouts.first_token,
            "idle" => &mut timeouts.idle,
            "connect" => &mut timeouts.connect,
            _ => return None,
        };
        // Given twice, one would silently win.
        if place.replace(limit(value)?).is_some() {
            return None;
        }
    }
    Some(timeouts)
}

/// A duration; a number alone counts seconds, as clients' own timeouts do.
fn limit(text: &str) -> Option<Duration> {
    let text = text.trim();
    let parsed = if text.ends_with(|c: char| c.is_ascii_digit()) {
        duration(&format!("{text}s"))
    } else {
        duration(text)
    };
    parsed.filter(|limit| LIMITS.contains(limit))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use wharf::ErrorKind;

    use super::*;

    /// What the header asks for; each line is a header of its own.
    fn of(lines: &'static str) -> Result<RequestTimeouts, Error> {
        let mut headers = HeaderMap::new();
        for line in lines.split('\n') {
            headers.append(TIMEOUT, HeaderValue::from_static(line));
        }
        options(&headers).map(|options| options.timeouts)
    }

    #[test]
    fn limits_are_read() {
        let total = |millis| RequestTimeouts {
            total: Some(Duration::from_millis(millis)),
            ..RequestTimeouts::default()
        };
        let all = RequestTimeouts {
            total: Some(Duration::from_secs(30)),
            first_token: Some(Duration::from_secs(5)),
            idle: Some(Duration::from_secs(2)),
            connect: Some(Duration::from_millis(500)),
        };
        let first_token = RequestTimeouts {
            first_token: Some(Duration::from_secs(5)),
            ..RequestTimeouts::default()
        };
        for (lines, expected) in [
            ("30s", total(30_000)),
            ("1500ms", total(1500)),
            ("30", total(30_000)),
            ("0.5", total(500)),
            (" 2m ", total(120_000)),
            ("1ms", total(1)),
            ("1h", total(3_600_000)),
            ("3600", total(3_600_000)),
            ("total=30s, first_token=5s, idle=2s, connect=500ms", all),
            ("connect=0.5,idle = 2,first_token=5,total=30", all),
            ("total=30s, first_token=5s\nidle=2s, connect=500ms", all),
            ("first_token=5s", first_token),
        ] {
            assert_eq!(of(lines).unwrap(), expected, "{lines:?}");
        }
        let none = options(&HeaderMap::new()).unwrap().timeouts;
        assert_eq!(
            none,
            RequestTimeouts::default(),
            "without the header nothing is limited"
        );
    }

    #[test]
    fn anything_else_is_refused_with_what_to_write() {
        for lines in [
            "",
            "soon",
            "-1",
            "1e3",
            ".5",
            "1.",
            "0",
            "0.0001",
            "3601",
            "2h",
            "inf",
            "30 s",
            "30S",
            "30s,",
            "30s, 20s",
            "30s\n20s",
            "total",
            "total=",
            "total=30s,",
            "total=30s, 5s",
            "total=30s, total=20s",
            "total=30s\ntotal=30s",
            "Total=30s",
            "deadline=30s",
            "total=30s; idle=2s",
            "99999999999999999999999999",
        ] {
            let error = of(lines).unwrap_err();
            assert_eq!(
                (error.kind(), error.param()),
                (ErrorKind::InvalidRequest, Some(TIMEOUT)),
                "{lines:?}"
            );
            assert!(error.message().contains("first_token=5s"), "{}", error.message());
        }
    }
}
