//! What is said as a whole, before anybody looks at a calendar: a day, a clock or both; so long ago; the last so many hours.

use winnow::combinator::{alt, opt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::one_of;

use crate::amount::{Amount, And, Number, amount, bare_number};
use crate::clock::{Clock, Dash, Written, clock, part_named, part_of_day, zone_after_clock};
use crate::day::{Day, Which, day, ordinal_number, spoken_year, which};
use crate::words::{
    Parsed, Unit, Word, digits, keyword, meaning, space0, space1, spaced, unit, weekday, word, word_end,
};

/// A weekday, a date, a clock, a part of the day and a year.
const PIECES_MAX: usize = 6;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Phrase {
    Calendar(Calendar),
    /// `2 hours ago`, `in 2 hours`, `1 day ago at 2 pm`; `now` is no time ago.
    Shifted {
        amount: Amount,
        toward: Toward,
        clock: Option<Clock>,
    },
    /// `the last 2 hours`: from then until now, or from now until then.
    Rolling(Amount, Toward),
    Unix(i64),
    /// Of no meaning alone: the `9` of `9 and 10 yesterday`.
    Number(u64),
}

/// A day or a clock or both.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calendar {
    pub(crate) day: Option<Day>,
    pub(crate) clock: Option<Clock>,
    /// Minutes from UTC, where the words say.
    pub(crate) zone: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toward {
    Past,
    Future,
    /// `2 hours`: the past's, unless it begins a range that says.
    Unsaid,
}

/// A time that means something alone.
pub(crate) fn phrase(input: &mut &str, and: And) -> Parsed<Phrase> {
    opt((preposition, space0)).parse_next(input)?;
    match input.as_bytes().first() {
        Some(b'0'..=b'9') => alt((unix, with(and, shifted), calendar)).parse_next(input),
        Some(b'+' | b'-') => signed(input, and),
        _ => alt((with(and, worded), calendar, with(and, shifted))).parse_next(input),
    }
}

/// A time that may be half of a range: a number will do, and so will one after a day that the range goes on from.
pub(crate) fn half_of_range(input: &mut &str, and: And, goes_on: fn(&mut &str) -> Parsed<()>) -> Parsed<Phrase> {
    let half = alt((with(and, phrase), ordinal_number.map(Phrase::Number), number)).parse_next(input)?;
    match half {
        Phrase::Calendar(day @ Calendar { day: Some(_), clock: None, .. }) => {
            let hour = terminated(spaced(bare_number.verify_map(Clock::of_hour)), peek(goes_on));
            let clock = opt(hour).parse_next(input)?;
            Ok(Phrase::Calendar(Calendar { clock, ..day }))
        }
        half => Ok(half),
    }
}

fn with<'i, T>(and: And, parser: fn(&mut &'i str, And) -> Parsed<T>) -> impl FnMut(&mut &'i str) -> Parsed<T> {
    move |input| parser(input, and)
}

/// `9`, and as the hour of `9 yesterday`.
fn number(input: &mut &str) -> Parsed<Phrase> {
    let number = bare_number.parse_next(input)?;
    let hour = Calendar { day: None, clock: Clock::of_hour(number), zone: None };
    let more = if hour.is_empty() { None } else { opt(one_more(hour)).parse_next(input)? };
    match more {
        Some(more) => calendar_from(input, more),
        None => Ok(Phrase::Number(number)),
    }
}

/// Words before a time that do not change it. `at` and `in` are read with what follows them.
fn preposition(input: &mut &str) -> Parsed<()> {
    word.verify(|word: &Word| {
        matches!(&**word, "on" | "about" | "around" | "approximately" | "during" | "within" | "over" | "just" | "right")
    })
    .void()
    .parse_next(input)
}

/// Digits alone: ten are seconds since 1970, thirteen are milliseconds.
fn unix(input: &mut &str) -> Parsed<Phrase> {
    let (number, count) = digits.parse_next(input)?;
    word_end.parse_next(input)?;
    let number = i64::try_from(number).map_err(|_| EmptyError)?;
    match count {
        10 => Ok(Phrase::Unix(number * 1000)),
        13 => Ok(Phrase::Unix(number)),
        _ => Err(EmptyError),
    }
}

/// `2 hours ago`, `three weeks from now`, `2 hours`.
fn shifted(input: &mut &str, and: And) -> Parsed<Phrase> {
    let amount = whole_amount(input, and)?;
    let toward = opt(spaced(toward)).parse_next(input)?.unwrap_or(Toward::Unsaid);
    at_clock(input, amount, toward)
}

fn whole_amount(input: &mut &str, and: And) -> Parsed<Amount> {
    terminated(amount(and), word_end).parse_next(input)
}

/// `1 day ago at 2 pm`, where the amount is one of days.
fn at_clock(input: &mut &str, amount: Amount, toward: Toward) -> Parsed<Phrase> {
    let of_days = amount.unit >= Unit::Day && toward != Toward::Unsaid;
    let clock = if of_days { opt((joint, clock(Written::Plainly))).parse_next(input)? } else { None };
    Ok(Phrase::Shifted { amount, toward, clock: clock.map(|(_, clock)| clock) })
}

fn toward(input: &mut &str) -> Parsed<Toward> {
    let first = word.parse_next(input)?;
    match &*first {
        "ago" | "back" | "earlier" => Ok(Toward::Past),
        "later" | "hence" | "ahead" => Ok(Toward::Future),
        "from" => spaced(keyword("now")).value(Toward::Future).parse_next(input),
        "before" => spaced(keyword("now")).value(Toward::Past).parse_next(input),
        _ => Err(EmptyError),
    }
}

/// `-1h`, `+2 days`.
fn signed(input: &mut &str, and: And) -> Parsed<Phrase> {
    let toward = sign.parse_next(input)?;
    let amount = whole_amount(input, and)?;
    Ok(Phrase::Shifted { amount, toward, clock: None })
}

fn sign(input: &mut &str) -> Parsed<Toward> {
    one_of(['+', '-']).map(|sign| if sign == '-' { Toward::Past } else { Toward::Future }).parse_next(input)
}

/// What the first word decides.
fn worded(input: &mut &str, and: And) -> Parsed<Phrase> {
    opt((keyword("the"), space1)).parse_next(input)?;
    let first = word.parse_next(input)?;
    match &*first {
        "now" => now_and_then(input, and),
        "in" => preceded(space1, with(and, inside)).parse_next(input),
        "tonight" => calendar_from(input, Calendar::of(0, Clock::EVENING)),
        _ => after_which(input, and, &first),
    }
}

/// `now`, `now - 2 hours`, `now+1h`.
fn now_and_then(input: &mut &str, and: And) -> Parsed<Phrase> {
    let shift = opt((spaced(sign), spaced(with(and, whole_amount)))).parse_next(input)?;
    let (toward, amount) = shift.unwrap_or((Toward::Past, Amount::NONE));
    Ok(Phrase::Shifted { amount, toward, clock: None })
}

/// What `in` may stand before: `2 hours`, `about an hour`, `three weeks' time`; `the last hour`; `november`, `the morning`.
fn inside(input: &mut &str, and: And) -> Parsed<Phrase> {
    opt((preposition, space0)).parse_next(input)?;
    if let Some(amount) = opt(with(and, whole_amount)).parse_next(input)? {
        opt((opt(one_of('\'')), spaced(keyword("time")))).parse_next(input)?;
        return at_clock(input, amount, Toward::Future);
    }
    alt((with(and, the_last), calendar)).parse_next(input)
}

fn the_last(input: &mut &str, and: And) -> Parsed<Phrase> {
    opt((keyword("the"), space1)).parse_next(input)?;
    let first = word.parse_next(input)?;
    after_which(input, and, &first)
}

/// `this morning`, `last night`, `last 7 days`, `past week`; not `last week`, which is one of the calendar.
fn after_which(input: &mut &str, and: And, first: &str) -> Parsed<Phrase> {
    let which = which(first).ok_or(EmptyError)?;
    space1.parse_next(input)?;
    if let Some(part) = opt(meaning(part_named)).parse_next(input)? {
        let today = match which {
            Which::Last => Calendar::of(-1, part.of_day()),
            Which::Next => Calendar::of(1, part.of_day()),
            Which::This | Which::Unsaid => Calendar::of(0, part),
        };
        return calendar_from(input, today);
    }
    let toward = match which {
        Which::Last => Toward::Past,
        Which::Next => Toward::Future,
        Which::This | Which::Unsaid => return Err(EmptyError),
    };
    let amount = alt((with(and, whole_amount), one_unit(first == "past"))).parse_next(input)?;
    Ok(Phrase::Rolling(amount, toward))
}

/// A unit alone. Those that a calendar has are its own but after `past`.
fn one_unit<'i>(past: bool) -> impl Parser<&'i str, Amount, EmptyError> {
    word.verify_map(move |word: Word| {
        let unit = unit(&word).filter(|_| word.len() > 2 && weekday(&word).is_none())?;
        let of_calendar = unit >= Unit::Week && unit != Unit::Fortnight;
        if of_calendar && !past { None } else { Amount::new(Number::whole(1), unit) }
    })
}

fn calendar(input: &mut &str) -> Parsed<Phrase> {
    calendar_from(input, Calendar::default())
}

/// A day, a clock and a zone in any order, with what is there already.
fn calendar_from(input: &mut &str, mut found: Calendar) -> Parsed<Phrase> {
    for _ in 0..PIECES_MAX {
        match opt(one_more(found)).parse_next(input)? {
            Some(more) => found = more,
            None => break,
        }
    }
    if found.is_empty() {
        return Err(EmptyError);
    }
    if found.day.is_some_and(|day| !matches!(day, Day::FromToday(0))) {
        found.clock = found.clock.map(Clock::of_day);
    }
    Ok(Phrase::Calendar(found))
}

/// What is found and one piece more.
fn one_more(found: Calendar) -> impl FnMut(&mut &str) -> Parsed<Calendar> {
    move |input| {
        let at =
            if found.is_empty() { opt((keyword("at"), space0)).parse_next(input)?.is_some() } else { joint(input)? };
        if !at && let Some(day) = opt(another_day(found)).parse_next(input)? {
            return Ok(Calendar { day: Some(day), ..found });
        }
        another_clock(input, found, at)
    }
}

/// What stands between two pieces, and whether it is an `at`. A stop may be an abbreviation's: `fri. 9am`.
fn joint(input: &mut &str) -> Parsed<bool> {
    if opt((one_of(['T', 't']), peek(one_of('0'..='9')))).parse_next(input)?.is_some() {
        return Ok(false);
    }
    space0.parse_next(input)?;
    let mark = opt(terminated(one_of([',', '.', '|', '@']), space0)).parse_next(input)?;
    let word = opt(terminated(meaning(preposition_between), space1)).parse_next(input)?;
    Ok(word.unwrap_or(mark == Some('@')))
}

fn preposition_between(word: &str) -> Option<bool> {
    match word {
        "at" => Some(true),
        "on" | "of" | "by" | "around" | "about" => Some(false),
        _ => None,
    }
}

/// A day where there is none; a date beside a weekday, a weekday or a year beside a date.
fn another_day(found: Calendar) -> impl FnMut(&mut &str) -> Parsed<Day> {
    move |input| match found.day {
        None => day.verify(|day: &Day| found.clock.is_none() || day.is_one_day()).parse_next(input),
        Some(Day::Weekday(..)) => day.verify(|day| matches!(day, Day::Date { .. })).parse_next(input),
        Some(Day::Date { year: None, month, day }) if found.clock.is_some() => {
            spoken_year.map(|year| Day::Date { year: Some(year), month, day }).parse_next(input)
        }
        Some(date @ Day::Date { .. }) => meaning(weekday).value(date).parse_next(input),
        Some(_) => Err(EmptyError),
    }
}

/// A clock where there is none, with its zone; a part of the day beside an hour that does not say which half it is of.
fn another_clock(input: &mut &str, found: Calendar, at: bool) -> Parsed<Calendar> {
    if found.day.is_some_and(|day| !day.is_one_day()) {
        return Err(EmptyError);
    }
    let dated = matches!(found.day, Some(Day::Date { .. }));
    let written = match (at, dated) {
        (true, _) => Written::AfterAt,
        (false, true) => Written::AfterDate,
        (false, false) => Written::Plainly,
    };
    let next = alt((clock(written), part_of_day)).parse_next(input)?;
    let clock = match found.clock {
        None => next,
        Some(before) => before.together(next).ok_or(EmptyError)?,
    };
    let dash = if dated { Dash::IsSign } else { Dash::IsRange };
    let zone = if next.is_exact() { opt(zone_after_clock(dash)).parse_next(input)? } else { None };
    Ok(Calendar { clock: Some(clock), zone: zone.or(found.zone), ..found })
}

impl Calendar {
    fn of(days_from_today: i64, part: Clock) -> Self {
        Self { day: Some(Day::FromToday(days_from_today)), clock: Some(part), zone: None }
    }

    fn is_empty(&self) -> bool {
        self.day.is_none() && self.clock.is_none()
    }
}
