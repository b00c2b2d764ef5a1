//! Sizes and dates as people read them at a glance.

use std::time::{Duration, UNIX_EPOCH};

/// The units of sizes, in steps of a thousand: what vendors print beside their models.
const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
/// The last second of the year 9999, since 1970: the last one that is written with four digits.
const LAST: u64 = 253_402_300_799;

/// A number of bytes: `4.7 GB`.
pub(super) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let tenths = |one: u128| (u128::from(bytes) * 10 + one / 2) / one;
    let (mut at, mut one) = (0, 1000);
    // After rounding: 999 960 is 1.0 MB and not 1000.0 kB.
    while tenths(one) >= 10_000 && at + 1 < UNITS.len() {
        at += 1;
        one *= 1000;
    }
    let tenths = tenths(one);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[at])
}

/// A moment in seconds since 1970, to the minute: `2024-09-25 14:03`. None where it cannot be written.
pub(super) fn minute(seconds: u64) -> Option<String> {
    let moment = UNIX_EPOCH + Duration::from_secs(Some(seconds).filter(|&seconds| seconds <= LAST)?);
    let text = humantime::format_rfc3339_seconds(moment).to_string();
    Some(text.get(..16)?.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_at_most_three_digits_before_the_point() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1449, "1.4 kB"),
            (1450, "1.5 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (999_999, "1.0 MB"),
            (1_000_000, "1.0 MB"),
            (4_661_224_676, "4.7 GB"),
            (999_950_000_000_000, "1.0 PB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn a_moment_is_told_to_the_minute() {
        assert_eq!(minute(0).as_deref(), Some("1970-01-01 00:00"));
        assert_eq!(minute(1_727_273_039).as_deref(), Some("2024-09-25 14:03"));
        assert_eq!(minute(LAST).as_deref(), Some("9999-12-31 23:59"));
        assert_eq!(minute(LAST + 1), None);
        assert_eq!(minute(u64::MAX), None);
    }
}
