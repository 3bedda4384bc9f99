//! Times of day: `9am`, `14:05:10`, `half past nine`, `noon`, `morning`; and the zones they are read in.

use winnow::combinator::{alt, delimited, opt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::{one_of, take_while};

use crate::amount::{billionths, spelled};
use crate::words::{Parsed, Word, digits, keyword, letters, meaning, small, space0, spaced, word, word_end, zone};

const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// `10:00 -0500 CDT (CDT)` says its zone three times over.
const ZONE_REPEATS_MAX: usize = 2;
/// Half of the hours of the day, and a few more that a zone may be from UTC.
const ZONE_HOURS_MAX: i8 = 15;

/// Milliseconds since midnight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) start_ms: i64,
    /// The same as the start where it is an instant; above a day where it is of a night.
    pub(crate) end_ms: i64,
    pub(crate) half: Half,
}

/// Whether it is said which half of the day an hour is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Am,
    Pm,
    /// `9`, `9:30`: read as the morning's, but in a range with one that says.
    Unsaid,
    /// `14:00`, `09:00`, `noon`.
    Clear,
}

impl Clock {
    const fn exact(ms: i64, half: Half) -> Self {
        Self { start_ms: ms, end_ms: ms, half }
    }

    const fn part(from_hour: i64, to_hour: i64) -> Self {
        Self { start_ms: from_hour * HOUR_MS, end_ms: to_hour * HOUR_MS, half: Half::Clear }
    }

    pub(crate) const EVENING: Self = Self::part(18, 24);
    const SMALL_HOURS: Self = Self::part(0, 6);
    /// The night that a day ends with: `last night`, `monday night`.
    const NIGHT_AFTER: Self = Self::part(18, 30);

    pub(crate) fn is_exact(&self) -> bool {
        self.start_ms == self.end_ms
    }

    /// As it is said of a day: `monday night` begins on Monday.
    pub(crate) fn of_day(self) -> Self {
        if self.start_ms == Self::SMALL_HOURS.start_ms && self.end_ms == Self::SMALL_HOURS.end_ms {
            Self::NIGHT_AFTER
        } else {
            self
        }
    }

    /// The same in the given half of the day, where its own is unsaid.
    pub(crate) fn in_half(self, half: Half) -> Option<Self> {
        let noon = 12 * HOUR_MS;
        match (self.half, half) {
            (Half::Unsaid, Half::Am) => Some(Self::exact(self.start_ms % noon, half)),
            (Half::Unsaid, Half::Pm) => Some(Self::exact(self.start_ms % noon + noon, half)),
            _ => None,
        }
    }

    /// An hour and the part of the day that it is in, in either order: `at 8 in the evening`.
    pub(crate) fn together(self, other: Self) -> Option<Self> {
        let (hour, part) = match (self.is_exact(), other.is_exact()) {
            (true, false) => (self, other),
            (false, true) => (other, self),
            _ => return None,
        };
        // A night has hours of both halves: `9 at night` and `2 at night`.
        let is_late = part.start_ms == 0 && hour.start_ms % (12 * HOUR_MS) >= 6 * HOUR_MS;
        let half = if part.start_ms < 12 * HOUR_MS && !is_late { Half::Am } else { Half::Pm };
        Some(hour.in_half(half).unwrap_or(hour))
    }

    /// A number as an hour: the `9` of `9 to 11am`.
    pub(crate) fn of_hour(hour: u64) -> Option<Self> {
        hour_and(i8::try_from(hour).ok().filter(|hour| *hour <= 23)?, 0, None)
    }
}

/// How a time of day may be written where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Only what can be nothing else: `9:30`, `9am`.
    Plainly,
    /// After a date also `13.12`, `10h11` and `18h`.
    AfterDate,
    /// After `at` also a number alone.
    AfterAt,
}

pub(crate) fn clock(written: Written) -> impl FnMut(&mut &str) -> Parsed<Clock> {
    move |input| {
        if input.starts_with(|c: char| c.is_ascii_digit()) {
            return numeric(written).parse_next(input);
        }
        alt((named, meridiem_first, spoken_hour(written))).parse_next(input)
    }
}

fn named(input: &mut &str) -> Parsed<Clock> {
    meaning(|word| {
        Some(match word {
            "noon" | "midday" => Clock::exact(12 * HOUR_MS, Half::Clear),
            "midnight" => Clock::exact(0, Half::Clear),
            _ => return None,
        })
    })
    .parse_next(input)
}

/// `morning`, `in the evening`.
pub(crate) fn part_of_day(input: &mut &str) -> Parsed<Clock> {
    let before = (opt((keyword("in"), space0)), opt((keyword("the"), space0)));
    preceded(before, meaning(part_named)).parse_next(input)
}

pub(crate) fn part_named(word: &str) -> Option<Clock> {
    Some(match word {
        "morning" => Clock::part(6, 12),
        "afternoon" => Clock::part(12, 18),
        "evening" => Clock::EVENING,
        "night" => Clock::SMALL_HOURS,
        _ => return None,
    })
}

/// `PM 2:26`.
fn meridiem_first(input: &mut &str) -> Parsed<Clock> {
    (meridiem, spaced((small, preceded(one_of(':'), small))))
        .verify_map(|(half, (hour, minute))| time_of(hour, minute, 0, Some(half)))
        .parse_next(input)
}

/// `half past nine`, `quarter to 5 pm`, `nine o'clock`, `nine am`.
fn spoken_hour(written: Written) -> impl FnMut(&mut &str) -> Parsed<Clock> {
    move |input| {
        if let Some(minutes) = opt(minutes_past).parse_next(input)? {
            let hour = alt((small, spelled_hour));
            let (hour, half) = (spaced(hour), opt(spaced(meridiem))).parse_next(input)?;
            word_end.parse_next(input)?;
            let exact = hour_and(hour, 0, half).ok_or(EmptyError)?;
            let ms = (exact.start_ms + minutes * 60_000).rem_euclid(DAY_MS);
            return Ok(Clock::exact(ms, exact.half));
        }
        let hour = spelled_hour.parse_next(input)?;
        if opt(spaced(o_clock)).parse_next(input)?.is_some() {
            let half = opt(spaced(meridiem)).parse_next(input)?;
            return hour_and(hour, 0, half).ok_or(EmptyError);
        }
        match opt(spaced(meridiem)).parse_next(input)? {
            None if written != Written::AfterAt => Err(EmptyError),
            half => hour_and(hour, 0, half).ok_or(EmptyError),
        }
    }
}

fn spelled_hour(input: &mut &str) -> Parsed<i8> {
    spelled.verify_map(|number| i8::try_from(number).ok().filter(|hour| (1..=12).contains(hour))).parse_next(input)
}

fn minutes_past(input: &mut &str) -> Parsed<i64> {
    let (minutes, sign) = (
        preceded(
            opt((keyword("a"), space0)),
            meaning(|word| match word {
                "half" => Some(30),
                "quarter" => Some(15),
                _ => None,
            }),
        ),
        spaced(meaning(|word| match word {
            "past" | "after" => Some(1),
            "to" | "before" => Some(-1),
            _ => None,
        })),
    )
        .parse_next(input)?;
    // Nobody says `half to nine`.
    if minutes == 30 && sign < 0 { Err(EmptyError) } else { Ok(minutes * sign) }
}

fn o_clock(input: &mut &str) -> Parsed<()> {
    (one_of(['o', 'O']), opt(one_of(['\'', '\u{2019}'])), keyword("clock")).void().parse_next(input)
}

/// `9:30`, `14:05:10.5`, `9am`, `9 o'clock`, and what else may be written where it stands.
fn numeric(written: Written) -> impl FnMut(&mut &str) -> Parsed<Clock> {
    move |input| {
        let before = input.len();
        let hour = small.parse_next(input)?;
        let zero_padded = hour < 10 && before - input.len() == 2;
        if let Some((minute, second_ms)) = opt(preceded(one_of(':'), minutes_and_seconds)).parse_next(input)? {
            let half = opt(spaced(meridiem)).parse_next(input)?;
            let mut clock = time_of(hour, minute, second_ms, half).ok_or(EmptyError)?;
            if zero_padded && half.is_none() {
                clock.half = Half::Clear;
            }
            return clock_end(clock).parse_next(input);
        }
        if let Some((minute, half)) = opt(dotted(written)).parse_next(input)? {
            return time_of(hour, minute, 0, half).ok_or(EmptyError);
        }
        if written != Written::Plainly
            && let Some(minute) = opt(french).parse_next(input)?
        {
            return time_of(hour, minute, 0, None).ok_or(EmptyError);
        }
        if opt(spaced(o_clock)).parse_next(input)?.is_some() {
            let half = opt(spaced(meridiem)).parse_next(input)?;
            return hour_and(hour, 0, half).ok_or(EmptyError);
        }
        match opt(spaced(meridiem)).parse_next(input)? {
            None if written == Written::AfterAt => {
                word_end.parse_next(input)?;
                hour_and(hour, 0, None).ok_or(EmptyError)
            }
            None => Err(EmptyError),
            half => hour_and(hour, 0, half).ok_or(EmptyError),
        }
    }
}

/// A zone's `Z` or `UTC` may stand at the clock with no space.
fn clock_end<'i>(clock: Clock) -> impl Parser<&'i str, Clock, EmptyError> {
    peek(alt((word_end, letters.verify(|word: &Word| zone(word).is_some()).void()))).value(clock)
}

fn minutes_and_seconds(input: &mut &str) -> Parsed<(i8, i64)> {
    let minute = two_digits.parse_next(input)?;
    let second = opt(preceded(one_of(':'), (two_digits, opt(fraction)))).parse_next(input)?;
    let Some((second, fraction)) = second else { return Ok((minute, 0)) };
    if second > 59 {
        return Err(EmptyError);
    }
    Ok((minute, i64::from(second) * 1000 + fraction.unwrap_or_default()))
}

fn fraction(input: &mut &str) -> Parsed<i64> {
    let (point, digits) = (one_of(['.', ',']), take_while(1.., |c: char| c.is_ascii_digit())).parse_next(input)?;
    // The year of `10:00:00,2021` is no fraction.
    if point == ',' && digits.len() != 3 {
        return Err(EmptyError);
    }
    i64::try_from(billionths(digits) / 1_000_000).map_err(|_| EmptyError)
}

fn two_digits(input: &mut &str) -> Parsed<i8> {
    let before = input.len();
    let number = small.parse_next(input)?;
    if before - input.len() == 2 { Ok(number) } else { Err(EmptyError) }
}

/// `12.16 pm`, and `13.12` after a date.
fn dotted(written: Written) -> impl FnMut(&mut &str) -> Parsed<(i8, Option<Half>)> {
    move |input| {
        let (minute, half) = (preceded(one_of('.'), two_digits), opt(spaced(meridiem))).parse_next(input)?;
        word_end.parse_next(input)?;
        if half.is_none() && written != Written::AfterDate { Err(EmptyError) } else { Ok((minute, half)) }
    }
}

/// `10h11`, `18h`.
fn french(input: &mut &str) -> Parsed<i8> {
    terminated(preceded(one_of(['h', 'H']), opt(two_digits)), word_end).map(Option::unwrap_or_default).parse_next(input)
}

/// `am`, `pm`, `a.m.`, `p.m`.
fn meridiem(input: &mut &str) -> Parsed<Half> {
    let half = one_of(['a', 'A', 'p', 'P']).parse_next(input)?;
    let stop = opt(one_of('.')).parse_next(input)?;
    one_of(['m', 'M']).parse_next(input)?;
    word_end.parse_next(input)?;
    if stop.is_some() {
        opt(one_of('.')).parse_next(input)?;
    }
    Ok(if half.eq_ignore_ascii_case(&'a') { Half::Am } else { Half::Pm })
}

fn hour_and(hour: i8, minute: i8, half: Option<Half>) -> Option<Clock> {
    time_of(hour, minute, 0, half)
}

/// `14:30 pm` is half past two, `13 am` is nothing.
fn time_of(hour: i8, minute: i8, second_ms: i64, half: Option<Half>) -> Option<Clock> {
    let hour_of_day = match half {
        Some(Half::Am) if (1..=12).contains(&hour) => hour % 12,
        Some(Half::Pm) if (1..=12).contains(&hour) => hour % 12 + 12,
        Some(Half::Pm) if hour <= 23 && hour > 12 => hour,
        None if hour <= 24 => hour,
        _ => return None,
    };
    let said = half.unwrap_or(if (1..=12).contains(&hour) { Half::Unsaid } else { Half::Clear });
    let ms = i64::from(hour_of_day) * HOUR_MS + i64::from(minute) * 60_000 + second_ms;
    (minute <= 59 && ms <= DAY_MS).then_some(Clock::exact(ms, said))
}

/// Whether a zone may begin with a `-` right at the clock: `09:00-05:00` alone is a range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dash {
    IsSign,
    IsRange,
}

/// Minutes from UTC: `Z`, `UTC+2`, `EST`, `+02:00`, `-0500 (CDT)`.
pub(crate) fn zone_after_clock(dash: Dash) -> impl FnMut(&mut &str) -> Parsed<i32> {
    move |input| {
        let offset = if dash == Dash::IsSign || input.trim_start_matches(' ').starts_with('+') {
            opt(spaced(numeric_zone.verify(|(_, digits)| *digits >= 2).map(|(minutes, _)| minutes)))
                .parse_next(input)?
        } else {
            None
        };
        let minutes = match offset {
            Some(minutes) => minutes,
            None => spaced(alt((in_brackets, zone_word))).parse_next(input)?,
        };
        for _ in 0..ZONE_REPEATS_MAX {
            opt(spaced(alt((in_brackets, zone_word)))).parse_next(input)?;
        }
        Ok(minutes)
    }
}

fn in_brackets(input: &mut &str) -> Parsed<i32> {
    delimited(one_of('('), zone_word, one_of(')')).parse_next(input)
}

/// A name, and for UTC and GMT how far from it.
fn zone_word(input: &mut &str) -> Parsed<i32> {
    let name = word.parse_next(input)?;
    let minutes = zone(&name).ok_or(EmptyError)?;
    let further = if matches!(&*name, "utc" | "gmt") { opt(numeric_zone).parse_next(input)? } else { None };
    Ok(further.map_or(minutes, |(minutes, _)| minutes))
}

/// `+02:00`, `+0200`, `+02`, `+2`, and how many digits the first number has.
fn numeric_zone(input: &mut &str) -> Parsed<(i32, usize)> {
    let sign = one_of(['+', '-']).map(|sign| if sign == '-' { -1 } else { 1 }).parse_next(input)?;
    let (number, count) = digits.parse_next(input)?;
    let (hours, minutes) = match count {
        4 => (number / 100, number % 100),
        1 | 2 => {
            let minutes = opt(preceded(one_of(':'), two_digits)).parse_next(input)?.unwrap_or_default();
            (number, u64::try_from(minutes).unwrap_or_default())
        }
        _ => return Err(EmptyError),
    };
    word_end.parse_next(input)?;
    let (hours, minutes) =
        (i32::try_from(hours).map_err(|_| EmptyError)?, i32::try_from(minutes).map_err(|_| EmptyError)?);
    if hours > i32::from(ZONE_HOURS_MAX) || minutes > 59 {
        return Err(EmptyError);
    }
    Ok((sign * (hours * 60 + minutes), count))
}
