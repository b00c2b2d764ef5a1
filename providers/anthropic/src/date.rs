//! Dates as Anthropic writes them: RFC 3339 in UTC, `2025-02-19T00:00:00Z`.

/// The days from the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: u64 = 719_468;

/// A date in seconds since 1970. `None` for what is no date, is before 1970, or is not in UTC.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00"))?;
    // Fractions of a second say nothing about a model.
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years that begin in March have their leap day at the end, and months whose lengths follow a formula.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    Some((days - DAYS_TO_1970) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// The three numbers of a date or of a time.
fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let mut numbers = text.split(between).map(|number| number.parse::<u64>().ok());
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_counted_from_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:01Z", 951_825_601),
            ("2025-02-19T00:00:00Z", 1_739_923_200),
            ("2025-12-31T23:59:59.999Z", 1_767_225_599),
            ("2026-03-01T00:00:00+00:00", 1_772_323_200),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2025-02-19",
            "2025-02-19T00:00:00",
            "2025-02-19T00:00:00+02:00",
            "2025-13-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2025-02-19T00:00Z",
            "2025-02-19T24:00:00Z",
            "x-y-zT00:00:00Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
