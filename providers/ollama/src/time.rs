//! Times as Ollama writes them (RFC 3339), in seconds since 1970.

/// The seconds until this time. `None` for what is no time, and for times before 1970: a server without an answer
/// writes the year 1.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = three(date, '-')?;
    let (clock, ahead) = zone(time)?;
    let whole = clock.split_once('.').map_or(clock, |(whole, _)| whole);
    let [hour, minute, second] = three(whole, ':')?;
    // The 60th second is a leap second.
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !in_range {
        return None;
    }
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - ahead;
    u64::try_from(minutes * 60 + second).ok()
}

/// The clock without its zone, and how many minutes the zone is ahead of UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let (clock, zone) = time.split_at(time.rfind(['+', '-'])?);
    let (hours, minutes) = zone[1..].split_once(':')?;
    let ahead = i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes.parse::<u8>().ok()?);
    Some((clock, if zone.starts_with('-') { -ahead } else { ahead }))
}

/// Exactly three numbers with this between them.
fn three(text: &str, between: char) -> Option<[i64; 3]> {
    let mut numbers = text
        .split(between)
        .map(|number| number.parse::<u16>().ok().map(i64::from));
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

/// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March here, so that a leap day is the last
/// day of its year; from there on 153 days are five months.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days are from 0000-03-01 to 1970-01-01.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_zone() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2024-06-04T14:38:31.83753-07:00", 1_717_537_111),
            ("2024-12-31T23:59:60Z", 1_735_689_600),
            ("2025-03-01T05:30:00.123456789+05:30", 1_740_787_200),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_has_no_seconds() {
        for text in [
            "",
            "2024-06-04",
            "2024-06-04T14:38:31",
            "2024-06-04T14:38Z",
            "2024-13-04T14:38:31Z",
            "2024-06-04T14:38:31+0700",
            "99999-06-04T14:38:31Z",
            "0001-01-01T00:00:00Z",
            "T+",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
