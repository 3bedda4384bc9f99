//! Days, and longer parts of the calendar: `yesterday`, `last monday`, `nov 1, 2026`, `25.11.2026`, `last week`, `november`.

use jiff::civil::Weekday;
use winnow::combinator::{alt, opt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::one_of;

use crate::words::{
    Parsed, Unit, Word, digits, keyword, letters, meaning, month, small, space0, space1, spaced, unit, weekday, word,
    word_end,
};

/// Which of several that have one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The latest that has begun.
    Unsaid,
    Last,
    This,
    Next,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Day {
    /// So many days after today.
    FromToday(i64),
    Weekday(Weekday, Which),
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    /// `the 1st of last month`; with `Unsaid`, the latest day with that number.
    OfMonth(i8, Which),
    Month {
        year: Option<i16>,
        month: i8,
        which: Which,
    },
    Year(i16),
    /// A week, month, year, decade or century of the calendar.
    Period(Unit, Which),
}

impl Day {
    /// Whether a time of day can be said of it.
    pub(crate) fn is_one_day(self) -> bool {
        matches!(self, Self::FromToday(_) | Self::Weekday(..) | Self::Date { .. } | Self::OfMonth(..))
    }
}

/// Years that a number alone, or one after a month, is taken for.
const SPOKEN_YEARS: std::ops::RangeInclusive<u64> = 1900..=2199;
/// Two digits up to this are of the years from 2000, above it of those from 1900, as in POSIX.
const SHORT_YEAR_2000_MAX: u64 = 68;

pub(crate) fn day(input: &mut &str) -> Parsed<Day> {
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        return numeric_day.parse_next(input);
    }
    opt((keyword("the"), space1)).parse_next(input)?;
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        return alt((numbered_day, bare_ordinal)).parse_next(input);
    }
    alt((named_day, beside_today)).parse_next(input)
}

/// One look-up a table, by the first word.
fn named_day(input: &mut &str) -> Parsed<Day> {
    let name = word.parse_next(input)?;
    match &*name {
        "today" => return Ok(Day::FromToday(0)),
        "yesterday" => return Ok(Day::FromToday(-1)),
        "tomorrow" => return Ok(Day::FromToday(1)),
        _ => {}
    }
    if let Some(weekday) = weekday(&name) {
        return Ok(Day::Weekday(weekday, Which::Unsaid));
    }
    if let Some(month) = month(&name) {
        return after_month(month).parse_next(input);
    }
    let which = which(&name).ok_or(EmptyError)?;
    preceded(space1, which_of(which, &name)).parse_next(input)
}

/// `the day before yesterday`, `day after tomorrow`.
fn beside_today(input: &mut &str) -> Parsed<Day> {
    let before = (keyword("day"), spaced(keyword("before")), spaced(keyword("yesterday"))).value(-2);
    let after = (keyword("day"), spaced(keyword("after")), spaced(keyword("tomorrow"))).value(2);
    if let Some(days) = opt(before).parse_next(input)? {
        return Ok(Day::FromToday(days));
    }
    after.map(Day::FromToday).parse_next(input)
}

pub(crate) fn which(word: &str) -> Option<Which> {
    Some(match word {
        "last" | "past" | "previous" | "prior" => Which::Last,
        "this" | "current" => Which::This,
        "next" | "coming" | "following" => Which::Next,
        _ => return None,
    })
}

/// `past week` is no week of the calendar: it ends now.
fn which_of<'i>(which: Which, name: &str) -> impl Parser<&'i str, Day, EmptyError> + use<'i> {
    let rolling = name == "past";
    word.verify_map(move |word: Word| {
        if let Some(weekday) = weekday(&word) {
            return Some(Day::Weekday(weekday, which));
        }
        if let Some(month) = month(&word) {
            return Some(Day::Month { year: None, month, which });
        }
        match unit(&word)? {
            Unit::Day if which == Which::This => Some(Day::FromToday(0)),
            unit @ (Unit::Week | Unit::Month | Unit::Year | Unit::Decade | Unit::Century) if !rolling => {
                Some(Day::Period(unit, which))
            }
            _ => None,
        }
    })
}

/// What may follow the name of a month: a day and a year, a year, or nothing.
fn after_month(month: i8) -> impl FnMut(&mut &str) -> Parsed<Day> {
    move |input| {
        if let Some(day) = opt(preceded(opt_comma_space, day_number)).parse_next(input)? {
            let year = opt(year_after_day).parse_next(input)?;
            return Ok(Day::Date { year, month, day });
        }
        let year = opt(preceded((opt_comma_space, opt((keyword("of"), space1))), spoken_year)).parse_next(input)?;
        Ok(Day::Month { year, month, which: Which::Unsaid })
    }
}

/// A comma, or the full stop of an abbreviation.
fn opt_comma_space(input: &mut &str) -> Parsed<()> {
    (space0, opt(one_of([',', '.'])), space0).void().parse_next(input)
}

/// A day of a month: `1`, `01`, `1st`; no hour of `nov 10:30` or `november 9am`.
fn day_number(input: &mut &str) -> Parsed<i8> {
    let number = small.verify(|day| (1..=31).contains(day)).parse_next(input)?;
    opt(ordinal).parse_next(input)?;
    word_end.parse_next(input)?;
    if input.starts_with(':') || opt(peek(spaced(keyword_meridiem))).parse_next(input)?.is_some() {
        return Err(EmptyError);
    }
    Ok(number)
}

fn keyword_meridiem(input: &mut &str) -> Parsed<()> {
    word.verify(|word: &Word| matches!(&**word, "am" | "pm")).void().parse_next(input)
}

fn ordinal(input: &mut &str) -> Parsed<()> {
    letters.verify(|suffix: &Word| matches!(&**suffix, "st" | "nd" | "rd" | "th")).void().parse_next(input)
}

fn year_after_day(input: &mut &str) -> Parsed<i16> {
    preceded(opt_comma_space, alt((spoken_year, terminated(short_year, peek(spaced(clock_ahead)))))).parse_next(input)
}

/// `11 0:00`: the number before a clock is a year.
fn clock_ahead(input: &mut &str) -> Parsed<()> {
    (small, one_of(':'), small).void().parse_next(input)
}

/// `2026`, `'26`.
pub(crate) fn spoken_year(input: &mut &str) -> Parsed<i16> {
    if opt(one_of(['\'', '\u{2019}'])).parse_next(input)?.is_some() {
        return short_year.parse_next(input);
    }
    let year = digits
        .verify_map(|(year, count)| (count == 4 && SPOKEN_YEARS.contains(&year)).then(|| i16::try_from(year).ok())?)
        .parse_next(input)?;
    word_end.parse_next(input)?;
    if input.starts_with(':') { Err(EmptyError) } else { Ok(year) }
}

fn short_year(input: &mut &str) -> Parsed<i16> {
    let year = digits.verify_map(|(year, count)| if count == 2 { of_century(year) } else { None }).parse_next(input)?;
    word_end.parse_next(input)?;
    if input.starts_with(':') { Err(EmptyError) } else { Ok(year) }
}

fn of_century(year: u64) -> Option<i16> {
    i16::try_from(if year <= SHORT_YEAR_2000_MAX { 2000 + year } else { 1900 + year }).ok()
}

fn numeric_day(input: &mut &str) -> Parsed<Day> {
    alt((iso_date, separated_date, numbered_day, spoken_year.map(Day::Year))).parse_next(input)
}

/// `2026-11-01`, `2026/11/1`, `2026-11`.
fn iso_date(input: &mut &str) -> Parsed<Day> {
    let year = digits
        .verify_map(|(year, count)| if count == 4 { i16::try_from(year).ok() } else { None })
        .parse_next(input)?;
    let separator = one_of(['-', '/']).parse_next(input)?;
    let month = small.verify(|month| is_month(*month)).parse_next(input)?;
    let day = opt(preceded(one_of(separator), small)).parse_next(input)?;
    iso_end.parse_next(input)?;
    Ok(match day {
        Some(day) => Day::Date { year: Some(year), month, day },
        None => Day::Month { year: Some(year), month, which: Which::Unsaid },
    })
}

/// A `T` with a clock may stand at the date.
fn iso_end(input: &mut &str) -> Parsed<()> {
    alt((word_end, peek((one_of(['T', 't']), one_of('0'..='9'))).void())).parse_next(input)
}

fn is_month(month: i8) -> bool {
    (1..=12).contains(&month)
}

/// `11/25/2026`, `25.11.2026`, `25-11-26`, `11/25`.
fn separated_date(input: &mut &str) -> Parsed<Day> {
    let first = small.parse_next(input)?;
    let separator = alt((one_of(['/', '-']), dot)).parse_next(input)?;
    let second = small.parse_next(input)?;
    let year = opt(preceded(same(separator), numeric_year)).parse_next(input)?;
    word_end.parse_next(input)?;
    // Two numbers with a dash are a range, and with a dot a fraction or a clock.
    if year.is_none() && separator != '/' {
        return Err(EmptyError);
    }
    let (month, day) = match (separator == '/', is_month(first), is_month(second)) {
        (true, true, _) | (false, true, false) => (first, second),
        _ => (second, first),
    };
    if is_month(month) { Ok(Day::Date { year, month, day }) } else { Err(EmptyError) }
}

/// `26. 10.21` is written too.
fn dot(input: &mut &str) -> Parsed<char> {
    let dot = preceded(opt(one_of(' ')), one_of('.')).parse_next(input)?;
    opt(one_of(' ')).parse_next(input)?;
    Ok(dot)
}

fn same(separator: char) -> impl FnMut(&mut &str) -> Parsed<char> {
    move |input| if separator == '.' { dot.parse_next(input) } else { one_of(separator).parse_next(input) }
}

fn numeric_year(input: &mut &str) -> Parsed<i16> {
    digits
        .verify_map(|(year, count)| match count {
            2 => of_century(year),
            4 => i16::try_from(year).ok(),
            _ => None,
        })
        .parse_next(input)
}

/// `1 november`, `1st of november 2026`, `the 1st day of march`, `the 1st of last month`.
fn numbered_day(input: &mut &str) -> Parsed<Day> {
    let day = small.verify(|day| (1..=31).contains(day)).parse_next(input)?;
    let ordinal = opt(ordinal).parse_next(input)?.is_some();
    opt(spaced(keyword("day"))).parse_next(input)?;
    let of = opt(spaced(keyword("of"))).parse_next(input)?.is_some();
    alt((spaced(one_of('-')), space0.value(' '))).parse_next(input)?;
    if ordinal
        && of
        && let Some(which) = opt(of_month).parse_next(input)?
    {
        return Ok(Day::OfMonth(day, which));
    }
    let name = word.parse_next(input)?;
    let month = month(&name).ok_or(EmptyError)?;
    let year = opt(alt((preceded(one_of('-'), numeric_year), year_after_day))).parse_next(input)?;
    Ok(Day::Date { year, month, day })
}

fn of_month(input: &mut &str) -> Parsed<Which> {
    let article = opt((keyword("the"), space1)).parse_next(input)?.is_some();
    let said = opt(terminated(meaning(which), space1)).parse_next(input)?;
    keyword("month").parse_next(input)?;
    match said {
        Some(which) => Ok(which),
        None if article => Ok(Which::This),
        None => Err(EmptyError),
    }
}

/// `the 5th`.
fn bare_ordinal(input: &mut &str) -> Parsed<Day> {
    let day = small.verify(|day| (1..=31).contains(day)).parse_next(input)?;
    (ordinal, word_end).parse_next(input)?;
    Ok(Day::OfMonth(day, Which::Unsaid))
}

/// `1st`, for a range in which the other time names the month.
pub(crate) fn ordinal_number(input: &mut &str) -> Parsed<u64> {
    terminated(digits.map(|(number, _)| number), (ordinal, word_end)).parse_next(input)
}
