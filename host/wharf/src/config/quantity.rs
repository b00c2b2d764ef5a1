//! Durations (`"250ms"`, `"30s"`) and sizes (`"64KiB"`): text to value and back.
//!
//! Decides the units. A bare number is refused on purpose: `timeout: 30` reads as seconds to one person and as
//! milliseconds to the next. Arithmetic is in integers, so that `"0.1s"` is exactly 100 ms.

use std::time::Duration;

/// What a duration looks like. The unit is never left out.
pub(crate) const DURATION: &str = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h)$";

/// What a size looks like. Binary units only: `MB` means two things.
pub(crate) const SIZE: &str = "^[0-9]+(B|KiB|MiB|GiB)$";

/// Digits after the point that are looked at: nanoseconds of a second have nine, those of an hour a few more.
const FRACTION_DIGITS: usize = 12;

/// Reads a duration as the configuration writes it: a number and one of `ms`, `s`, `m` and `h`, as in `250ms` or `1.5m`.
///
/// `None` when the text is not one (the unit is never left out, and there are no signs and no blanks) or does not fit.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let nanos_per_unit: u128 = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    if !all_digits(fraction) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    let mut nanos = integer(whole)?.checked_mul(nanos_per_unit)?;
    if !fraction.is_empty() {
        let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        nanos = nanos.checked_add(integer(fraction)?.checked_mul(nanos_per_unit)? / scale)?;
    }
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

/// Reads a size in bytes; `None` when it is not one or does not fit.
pub(crate) fn size(text: &str) -> Option<u64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let bytes_per_unit: u128 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    u64::try_from(integer(number)?.checked_mul(bytes_per_unit)?).ok()
}

/// Writes a duration of whole milliseconds as a configuration would.
pub(crate) fn duration_text(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = millis / 1000;
    if !millis.is_multiple_of(1000) {
        format!("{millis}ms")
    } else if seconds >= 3600 && seconds.is_multiple_of(3600) {
        format!("{}h", seconds / 3600)
    } else if seconds > 60 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

/// Writes a size as a configuration would.
pub(crate) fn size_text(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{bytes}B")
}

fn integer(text: &str) -> Option<u128> {
    // `parse` alone would take a sign.
    if text.is_empty() || !all_digits(text) {
        None
    } else {
        text.parse().ok()
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        let cases = [
            ("250ms", Duration::from_millis(250)),
            ("30s", Duration::from_secs(30)),
            ("0.1s", Duration::from_millis(100)),
            ("1.5m", Duration::from_secs(90)),
            ("10m", Duration::from_secs(600)),
            ("1h", Duration::from_secs(3600)),
            ("0s", Duration::ZERO),
            ("0.0000000001s", Duration::ZERO),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "", "30", "s", "-1s", "+1s", "1 s", "1d", "1.s", ".5s", "1..5s", "1e3s", "1sec", "1m30s",
        ] {
            assert_eq!(duration(text), None, "{text:?}");
        }
        assert_eq!(duration(&format!("{}h", "9".repeat(60))), None);
        assert_eq!(duration("99999999999999999999h"), None);
    }

    #[test]
    fn sizes_are_read_in_binary_units() {
        let cases = [
            ("0B", 0),
            ("100B", 100),
            ("64KiB", 65536),
            ("32MiB", 33_554_432),
            ("1GiB", 1_073_741_824),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text), Some(expected), "{text:?}");
        }
        for text in [
            "",
            "64",
            "64KB",
            "64MB",
            "1.5MiB",
            "-1B",
            "KiB",
            "64kib",
            "99999999999999999999GiB",
        ] {
            assert_eq!(size(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_duration_reads_back(millis in 0_u64..10_000_000_000) {
            let value = Duration::from_millis(millis);
            prop_assert_eq!(duration(&duration_text(value)), Some(value));
        }

        #[test]
        fn a_written_size_reads_back(bytes in any::<u64>()) {
            prop_assert_eq!(size(&size_text(bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_measured_without_a_panic(text in ".{0,40}") {
            let _ = (duration(&text), size(&text));
        }
    }
}
