//! How long a vendor asks to wait. Every form that vendors are known to use, none invented: without a
//! statement there is no value, and the host's own backoff applies.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads the wait out of a response's headers, in the order of precision:
/// `retry-after-ms` and `x-ms-retry-after-ms` (OpenAI, Azure), then `retry-after` as seconds or as a date.
/// A date is compared with the response's own `date` where there is one, so that clocks need not agree.
pub(crate) fn from_headers<'a>(
    get: impl Fn(&str) -> Option<&'a str>,
    now: impl Fn() -> SystemTime,
) -> Option<Duration> {
    for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
        if let Some(wait) = get(name).and_then(|v| millis(v.trim())) {
            return Some(wait);
        }
    }
    let value = get("retry-after")?.trim();
    if let Some(wait) = seconds(value) {
        return Some(wait);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = get("date")
        .and_then(|d| httpdate::parse_http_date(d).ok())
        .unwrap_or_else(now);
    Some(until.duration_since(now).unwrap_or(Duration::ZERO))
}

/// The current time; a guest without a clock gets the epoch, which the host's cap makes harmless.
#[expect(clippy::disallowed_methods, reason = "a date in a header is wall-clock time")]
pub(crate) fn wall_clock() -> SystemTime {
    if cfg!(target_arch = "wasm32") {
        SystemTime::now()
    } else {
        UNIX_EPOCH
    }
}

fn millis(value: &str) -> Option<Duration> {
    seconds(value).map(|d| d / 1000)
}

fn seconds(value: &str) -> Option<Duration> {
    let value: f64 = value.parse().ok()?;
    Duration::try_from_secs_f64(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expected_ms: Option<u64>) {
        let get = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        let now = || UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(
            from_headers(get, now),
            expected_ms.map(Duration::from_millis),
            "{headers:?}"
        );
    }

    #[test]
    fn every_known_form_is_read() {
        check(&[], None);
        check(&[("retry-after", "7")], Some(7_000));
        check(&[("retry-after", " 0.5 ")], Some(500));
        check(&[("retry-after-ms", "250"), ("retry-after", "1")], Some(250));
        check(&[("x-ms-retry-after-ms", "30")], Some(30));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], Some(3_000));
        check(
            &[
                ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"),
                ("date", "Sun, 06 Nov 1994 08:49:30 GMT"),
            ],
            Some(10_000),
        );
        check(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0));
    }

    #[test]
    fn nonsense_is_no_statement() {
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "-1")], None);
        check(&[("retry-after", "1e99")], None);
        check(&[("retry-after-ms", "NaN"), ("retry-after", "2")], Some(2_000));
    }
}
