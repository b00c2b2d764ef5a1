//! Durations as people read them at a glance. They arrive as milliseconds from the admin API.

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
/// Units in milliseconds, longest first.
const UNITS: [(u64, &str); 4] = [
    (24 * 60 * MINUTE, "d"),
    (60 * MINUTE, "h"),
    (MINUTE, "m"),
    (SECOND, "s"),
];

/// How long something lasts: its two largest units, `12m 3s`.
pub(super) fn span(milliseconds: u64) -> String {
    let Some(at) = UNITS.iter().position(|(size, _)| milliseconds >= *size) else {
        return format!("{milliseconds}ms");
    };
    let (size, unit) = UNITS[at];
    let (count, rest) = (milliseconds / size, milliseconds % size);
    match UNITS.get(at + 1) {
        Some((smaller, name)) if rest >= *smaller => format!("{count}{unit} {}{name}", rest / smaller),
        Some(_) | None => format!("{count}{unit}"),
    }
}

/// An average of times that are mostly short: `210ms`, `1.4s`.
pub(super) fn average(milliseconds: u64) -> String {
    if (SECOND..MINUTE).contains(&milliseconds) {
        format!("{}.{}s", milliseconds / SECOND, milliseconds % SECOND / 100)
    } else {
        span(milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_units() {
        for (milliseconds, expected) in [
            (0, "0ms"),
            (999, "999ms"),
            (1000, "1s"),
            (59_999, "59s"),
            (60_000, "1m"),
            (60_999, "1m"),
            (723_000, "12m 3s"),
            (3_600_000, "1h"),
            (3_659_000, "1h"),
            (3_660_000, "1h 1m"),
            (90_000_000, "1d 1h"),
            (u64::MAX, "213503982334d 14h"),
        ] {
            assert_eq!(span(milliseconds), expected, "{milliseconds}");
        }
    }

    #[test]
    fn an_average_of_seconds_has_a_tenth() {
        for (milliseconds, expected) in [
            (210, "210ms"),
            (1000, "1.0s"),
            (1499, "1.4s"),
            (59_999, "59.9s"),
            (90_000, "1m 30s"),
        ] {
            assert_eq!(average(milliseconds), expected, "{milliseconds}");
        }
    }
}
