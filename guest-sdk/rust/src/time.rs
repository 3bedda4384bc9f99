//! Times as people write them: RFC 3339, such as `2013-01-01T10:00:00Z`.

use std::fmt;

const DAY_MS: i64 = 86_400_000;
/// The years 0000 to 9999, which RFC 3339 can write.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_300_799_999;

/// Milliseconds since the Unix epoch, shown as RFC 3339 text in UTC; as a plain number outside of its years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc3339(pub i64);

/// Reads RFC 3339 text, to the millisecond: what is finer is cut off. It also takes what ISO 8601 leaves out: the seconds, and
/// the colon or the minutes of an offset (`+0100`, `+01`). `None` where the text is something else.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    take(&mut rest, b"-")?;
    let month = digits(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
    take(&mut rest, b"-")?;
    let day = digits(&mut rest, 2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    take(&mut rest, b"Tt ")?;
    let hour = digits(&mut rest, 2).filter(|hour| *hour < 24)?;
    take(&mut rest, b":")?;
    let minute = digits(&mut rest, 2).filter(|minute| *minute < 60)?;
    let (second, ms) = if take(&mut rest, b":").is_some() { seconds_ms(&mut rest)? } else { (0, 0) };
    let offset = offset_minutes(&mut rest)?;
    let minutes = (days_from_epoch(year, month, day) * 24 + hour) * 60 + minute - offset;
    rest.is_empty().then_some((minutes * 60 + second) * 1_000 + ms)
}

/// A time in milliseconds since the epoch, where it lies in the years that RFC 3339 can write.
pub(crate) fn in_range(time_ms: i64) -> Option<i64> {
    (FIRST_MS..=LAST_MS).contains(&time_ms).then_some(time_ms)
}

fn take(rest: &mut &[u8], any_of: &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first().filter(|(first, _)| any_of.contains(first))?;
    *rest = behind;
    Some(*first)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (digits, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

fn seconds_ms(rest: &mut &[u8]) -> Option<(i64, i64)> {
    // A leap second is taken as the one before it: time since the epoch has none.
    let second = digits(rest, 2).filter(|second| *second <= 60)?.min(59);
    let ms = if take(rest, b".,").is_some() { fraction_ms(rest)? } else { 0 };
    Some((second, ms))
}

fn fraction_ms(rest: &mut &[u8]) -> Option<i64> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, behind) = rest.split_at_checked(count).filter(|_| count > 0)?;
    *rest = behind;
    let first_three = digits.iter().copied().chain(std::iter::repeat(b'0')).take(3);
    Some(first_three.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0')))
}

fn offset_minutes(rest: &mut &[u8]) -> Option<i64> {
    let sign = match take(rest, b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let hours = digits(rest, 2).filter(|hours| *hours < 24)?;
    let is_whole = take(rest, b":").is_none() && rest.is_empty();
    let minutes = if is_whole { 0 } else { digits(rest, 2).filter(|minutes| *minutes < 60)? };
    Some(sign * (hours * 60 + minutes))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`: years begin in March, so that a leap day is the last one.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Howard Hinnant's `civil_from_days`: year, month and day.
fn date_of(days_from_epoch: i64) -> (i64, i64, i64) {
    let days = days_from_epoch + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time_ms) = in_range(self.0) else {
            return write!(f, "{} ms", self.0);
        };
        let (year, month, day) = date_of(time_ms.div_euclid(DAY_MS));
        let ms = time_ms.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match ms % 1_000 {
            0 => f.write_str("Z"),
            ms => write!(f, ".{}Z", format!("{ms:03}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_times() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2013-01-01T10:00:00Z", 1_357_034_400_000),
            ("2013-01-01t10:00:00.5z", 1_357_034_400_500),
            ("2013-01-01 11:30:00.123456789+01:30", 1_357_034_400_123),
            ("2013-01-01T11:00+0100", 1_357_034_400_000),
            ("2013-01-01T11:00:00,5+01", 1_357_034_400_500),
            ("2012-02-29T23:59:60Z", 1_330_559_999_000),
            ("0000-01-01T00:00:00Z", FIRST_MS),
            ("9999-12-31T23:59:59.999Z", LAST_MS),
            ("1969-12-31T23:59:59.999-00:00", -1),
        ] {
            assert_eq!(parse_rfc3339(text), Some(ms), "{text}");
        }
        assert_eq!(Rfc3339(100).to_string(), "1970-01-01T00:00:00.1Z");
        assert_eq!(Rfc3339(1_357_034_400_000).to_string(), "2013-01-01T10:00:00Z");
        assert_eq!(Rfc3339(LAST_MS + 1).to_string(), "253402300800000 ms");
    }

    #[test]
    fn other_text_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2013-01-01",
            "2013-01-01T10:00:00",
            "2013-02-29T10:00:00Z",
            "2013-13-01T10:00:00Z",
            "2013-01-01T24:00:00Z",
            "2013-01-01T10:60:00Z",
            "2013-01-01T10:00:00.Z",
            "2013-01-01T10:00:00+01:",
            "2013-01-01T10:00:Z",
            "2013-01-01T10Z",
            "2013-01-01T10:00:00Zz",
            "+013-01-01T10:00:00Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(time_ms in FIRST_MS..=LAST_MS) {
            prop_assert_eq!(parse_rfc3339(&Rfc3339(time_ms).to_string()), Some(time_ms));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZ:. +é-]{0,30}") {
            let _ = parse_rfc3339(&text);
        }
    }
}
