//! How long an upstream asks to wait, from the head of its refusal. Every form that vendors are known to use, none
//! invented: without a statement there is no value, and the host's own backoff applies.
//!
//! The host reads it itself, since a guest may forget it or make it up. How much of it is obeyed is not decided here.

use std::cell::LazyCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};

/// A longer wait is a mistake, as when somebody's clock is at 1970. Ten years.
const ABSURD: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// A number above is a moment in seconds since 1970 (GitHub), not a number of seconds to wait.
const SECONDS_SINCE_1970: f64 = 1e9;
/// A number above is a moment in milliseconds since 1970 (OpenRouter): 1973 so, the year 5138 in seconds.
const MILLIS_SINCE_1970: f64 = 1e11;

/// The limits that vendors count down: how much is left, and when it is refilled. OpenAI and all who copy it, then
/// Cerebras. They come with every answer, so only those that are used up say something about a refusal.
const COUNTED: [(&str, &str); 4] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"),
    ("x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"),
];
/// The same for a single limit (GitHub, OpenRouter). Those who have one limit often do not say what is left of it.
const SINGLE: (&str, &str) = ("x-ratelimit-remaining", "x-ratelimit-reset");

/// Reads the wait out of the head of an answer, in the order of precision: `retry-after-ms` and `x-ms-retry-after-ms`
/// (OpenAI, Azure), `retry-after` as seconds or as a date, and for a 429 what the limits say. `now` is asked only for
/// a moment, and only if the answer has no `date` of its own: so the two clocks need not agree.
pub(super) fn wait(status: StatusCode, headers: &HeaderMap, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    if status.as_u16() < 400 {
        return None;
    }
    let now = LazyCell::new(|| date(headers, "date").unwrap_or_else(now));
    let millis = |name| number(headers, name).and_then(|value| seconds(value / 1000.0));
    millis("retry-after-ms")
        .or_else(|| millis("x-ms-retry-after-ms"))
        .or_else(|| number(headers, "retry-after").and_then(seconds))
        .or_else(|| date(headers, "retry-after").and_then(|moment| until(moment, *now)))
        .or_else(|| {
            let limited = status == StatusCode::TOO_MANY_REQUESTS;
            limited.then(|| used_up(headers, || *now)).flatten()
        })
}

/// The current time.
#[expect(clippy::disallowed_methods, reason = "a moment in a header is wall-clock time")]
pub(super) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// Until the last of the limits that are used up is refilled.
fn used_up(headers: &HeaderMap, now: impl Fn() -> SystemTime) -> Option<Duration> {
    let left = |name| number(headers, name);
    let counted = COUNTED
        .iter()
        .filter(|&&(remaining, _)| left(remaining).is_some_and(|left| left <= 0.0))
        .map(|&(_, reset)| reset);
    let (remaining, reset) = SINGLE;
    let single = left(remaining).is_none_or(|left| left <= 0.0).then_some(reset);
    counted
        .chain(single)
        .filter_map(|name| refill(text(headers, name)?, &now))
        .max()
}

/// When a limit is refilled: `6m0s`, a number of seconds, or a moment as a number.
fn refill(text: &str, now: impl Fn() -> SystemTime) -> Option<Duration> {
    let Ok(value) = text.parse::<f64>() else {
        return units(text);
    };
    let since_1970 = if value > MILLIS_SINCE_1970 {
        value / 1000.0
    } else if value > SECONDS_SINCE_1970 {
        value
    } else {
        return seconds(value);
    };
    let moment = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(since_1970).ok()?)?;
    until(moment, now())
}

/// `120ms`, `1s`, `6m0s`, `2m59.56s`, `1h2m3s`, `1d`.
fn units(text: &str) -> Option<Duration> {
    let (mut rest, mut total) = (text, 0.0);
    loop {
        let (value, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        let value: f64 = value.parse().ok()?;
        if value < 0.0 {
            return None;
        }
        total += value * unit;
        if next.is_empty() {
            return seconds(total);
        }
        rest = next;
    }
}

/// Nothing for what is negative, not a number, or absurd.
fn seconds(value: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(value).ok().filter(|wait| *wait <= ABSURD)
}

/// A moment that has passed needs no wait.
fn until(moment: SystemTime, now: SystemTime) -> Option<Duration> {
    let wait = moment.duration_since(now).unwrap_or(Duration::ZERO);
    (wait <= ABSURD).then_some(wait)
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name)?.parse().ok()
}

fn date(headers: &HeaderMap, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// 1994-11-06 08:49:37.
    const NOW: u64 = 784_111_777;
    /// 2025-03-07 00:00:00.
    const LATER: u64 = 1_741_305_600;

    fn waited(status: u16, headers: &[(&'static str, &str)], now: impl FnOnce() -> SystemTime) -> Option<Duration> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            map.insert(HeaderName::from_static(name), value);
        }
        wait(StatusCode::from_u16(status).unwrap(), &map, now)
    }

    fn check_at(now: u64, status: u16, headers: &[(&'static str, &str)], expected_ms: Option<u64>) {
        let now = UNIX_EPOCH + Duration::from_secs(now);
        let expected = expected_ms.map(Duration::from_millis);
        assert_eq!(waited(status, headers, || now), expected, "{status} {headers:?}");
    }

    fn check(headers: &[(&'static str, &str)], expected_ms: Option<u64>) {
        check_at(NOW, 429, headers, expected_ms);
    }

    #[test]
    fn every_known_form_of_retry_after_is_read() {
        check(&[], None);
        check(&[("retry-after", "7")], Some(7_000));
        check(&[("retry-after", "0")], Some(0));
        check(&[("retry-after", " 0.5 ")], Some(500));
        check(&[("retry-after-ms", "250"), ("retry-after", "1")], Some(250));
        check(&[("x-ms-retry-after-ms", "30"), ("retry-after", "1")], Some(30));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], Some(3_000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0));
        let fraction = waited(429, &[("retry-after-ms", "0.5")], || UNIX_EPOCH);
        assert_eq!(
            fraction,
            Some(Duration::from_micros(500)),
            "milliseconds may be fractional"
        );
    }

    #[test]
    fn nonsense_is_no_statement() {
        for nonsense in ["", "soon", "-1", "NaN", "inf", "1e99", "7s"] {
            check(&[("retry-after", nonsense)], None);
            check(&[("retry-after-ms", nonsense), ("retry-after", "2")], Some(2_000));
        }
        for nonsense in ["", "x", "-1", "-1m", "1m2x", "m", "1m2", "NaN", "1e99"] {
            check(&[("x-ratelimit-reset", nonsense)], None);
        }
    }

    #[test]
    fn more_than_ten_years_are_a_mistake() {
        check(&[("retry-after", "315360000")], Some(315_360_000_000));
        check(&[("retry-after", "315360001")], None);
        check(&[("retry-after", "Sat, 06 Nov 2094 08:49:40 GMT")], None);
        check(&[("retry-after-ms", "315360000001")], None);
        check(&[("x-ratelimit-reset", "315360001")], None);
        check(&[("x-ratelimit-reset", "4000d")], None);
        check(&[("x-ratelimit-reset", "1741305600")], None);
    }

    #[test]
    fn a_moment_is_compared_with_the_upstreams_own_clock() {
        check(
            &[
                ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
            ],
            Some(10_000),
        );
        check(
            &[
                ("x-ratelimit-reset", "1741305660"),
                ("date", "Fri, 07 Mar 2025 00:00:00 GMT"),
            ],
            Some(60_000),
        );
    }

    #[test]
    fn the_clock_is_not_asked_for_what_is_no_moment() {
        let unread = || -> SystemTime { panic!("nobody needs to know the time") };
        let second = Some(Duration::from_secs(1));
        assert_eq!(waited(429, &[("retry-after", "1")], unread), second);
        assert_eq!(waited(429, &[("x-ratelimit-reset", "1s")], unread), second);
        assert_eq!(waited(429, &[], unread), None);
        assert_eq!(
            waited(200, &[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], unread),
            None
        );
    }

    #[test]
    fn every_known_form_of_a_refill_is_read() {
        let forms = [
            ("1s", 1_000),
            ("6m0s", 360_000),
            ("120ms", 120),
            ("1h2m3s", 3_723_000),
            ("2m59.56s", 179_560),
            ("7.5s", 7_500),
            ("1d", 86_400_000),
            ("11.5", 11_500),
            ("120", 120_000),
            ("1741305660", 60_000),
            ("1741305660000", 60_000),
            ("1741305500", 0),
        ];
        for (form, expected) in forms {
            check_at(LATER, 429, &[("x-ratelimit-reset", form)], Some(expected));
            let counted = [
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", form),
            ];
            check_at(LATER, 429, &counted, Some(expected));
        }
    }

    #[test]
    fn a_limit_that_is_not_used_up_says_nothing() {
        let both = [
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        let with = |requests: &str, tokens: &str, expected: Option<u64>| {
            let left = [
                ("x-ratelimit-remaining-requests", requests),
                ("x-ratelimit-remaining-tokens", tokens),
            ];
            check(&[both, left].concat(), expected);
        };
        with("0", "149984", Some(1_000));
        with("59", "0", Some(360_000));
        with("0", "0", Some(360_000));
        with("59", "149984", None);
        with("many", "", None);
        check(&both, None);
        check(
            &[
                ("x-ratelimit-remaining-tokens-minute", "0"),
                ("x-ratelimit-reset-tokens-minute", "11.5"),
                ("x-ratelimit-remaining-requests-day", "2879"),
                ("x-ratelimit-reset-requests-day", "33011.382867097855"),
            ],
            Some(11_500),
        );
        check(&[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "30")], None);
        check(
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")],
            Some(30_000),
        );
    }

    #[test]
    fn limits_are_looked_at_for_a_429_without_a_retry_after() {
        let limit = ("x-ratelimit-reset", "30");
        check(&[limit, ("retry-after", "2")], Some(2_000));
        check(&[limit, ("retry-after", "soon")], Some(30_000));
        for status in [400, 403, 500, 503] {
            check_at(NOW, status, &[limit], None);
        }
    }

    #[test]
    fn every_refusal_may_ask_for_a_wait_and_no_success_does() {
        for status in [400, 402, 403, 429, 500, 503, 529] {
            check_at(NOW, status, &[("retry-after", "2")], Some(2_000));
        }
        for status in [200, 301] {
            check_at(NOW, status, &[("retry-after", "2")], None);
        }
    }
}
