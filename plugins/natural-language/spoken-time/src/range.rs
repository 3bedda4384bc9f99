//! Two times and what is between them: each lends the other what it leaves unsaid.

use winnow::combinator::alt;
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::one_of;

use crate::Span;
use crate::amount::{Amount, And, Number};
use crate::calendar::Here;
use crate::clock::{Clock, Half};
use crate::day::Day;
use crate::phrase::{Calendar, Phrase, Toward, half_of_range};
use crate::words::{Parsed, Word, space0, word, word_end};

/// `9 and 10 yesterday`, `monday to wednesday`, `2026-11-01 - 2026-11-03`.
pub(crate) fn range(input: &mut &str, and: And) -> Parsed<(Phrase, Phrase)> {
    let first = half_of_range(input, and, between)?;
    between(input)?;
    // An hour after the second day is one where the first has a clock too: `yesterday 9 and today 11`. Elsewhere it is a number
    // of something else.
    let clocked = matches!(first, Phrase::Calendar(Calendar { day: Some(_), clock: Some(_), .. }));
    let goes_on = if clocked { word_end } else { nowhere };
    // The second half may have an `and` of its own: the one between is past.
    Ok((first, half_of_range(input, And::Joins, goes_on)?))
}

fn nowhere(_: &mut &str) -> Parsed<()> {
    Err(EmptyError)
}

fn between(input: &mut &str) -> Parsed<()> {
    let words = word.verify(|word: &Word| matches!(&**word, "and" | "to" | "until" | "till" | "through" | "thru"));
    (space0, alt((words.void(), one_of(['-', '\u{2013}', '\u{2014}']).void())), space0).void().parse_next(input)
}

/// From the start of the first to the end of the second.
pub(crate) fn between_times(here: &Here, first: Phrase, second: Phrase) -> Option<Span> {
    let (first, second) = lend(first, second)?;
    if let (Phrase::Calendar(first), Phrase::Calendar(second)) = (&first, &second) {
        return between_calendars(here, *first, *second);
    }
    let start_ms = here.span(&first)?.start_ms;
    let end_ms = here.span(&second)?.end_ms;
    if start_ms <= end_ms {
        return Some(Span { start_ms, end_ms });
    }
    match (first, second) {
        // `between 2 and 3 hours ago` names the later one first.
        (Phrase::Shifted { .. }, Phrase::Shifted { .. }) => Some(Span { start_ms: end_ms, end_ms: start_ms }),
        (_, Phrase::Calendar(second)) => ending(start_ms, here.moved_after(&second, start_ms)?),
        _ => None,
    }
}

fn ending(start_ms: i64, last: Span) -> Option<Span> {
    (last.end_ms >= start_ms).then_some(Span { start_ms, end_ms: last.end_ms })
}

/// Numbers become what the other time is, and the direction of an amount is its neighbour's.
fn lend(first: Phrase, second: Phrase) -> Option<(Phrase, Phrase)> {
    Some(match (first, second) {
        (Phrase::Number(number), Phrase::Shifted { amount, toward, clock }) => {
            let amount = Amount::new(Number::whole(number), amount.unit)?;
            (Phrase::Shifted { amount, toward, clock }, second)
        }
        (Phrase::Shifted { amount, toward: Toward::Unsaid, clock }, Phrase::Shifted { toward, .. }) => {
            (Phrase::Shifted { amount, toward, clock }, second)
        }
        (Phrase::Number(first), Phrase::Number(second)) => {
            (Phrase::Calendar(hour_alone(first)?), Phrase::Calendar(hour_alone(second)?))
        }
        (Phrase::Number(number), Phrase::Calendar(other)) => (number_beside(number, &other)?, second),
        (Phrase::Calendar(other), Phrase::Number(number)) => (first, number_beside(number, &other)?),
        (Phrase::Number(number), _) => (Phrase::Calendar(hour_alone(number)?), second),
        (_, Phrase::Number(number)) => (first, Phrase::Calendar(hour_alone(number)?)),
        both => both,
    })
}

fn hour_alone(number: u64) -> Option<Calendar> {
    Some(Calendar { day: None, clock: Some(Clock::of_hour(number)?), zone: None })
}

/// A day of the month beside a date, an hour beside anything else.
fn number_beside(number: u64, other: &Calendar) -> Option<Phrase> {
    Some(Phrase::Calendar(match (other.day, other.clock) {
        (Some(Day::Date { year, month, .. }), None) => {
            Calendar { day: Some(Day::Date { year, month, day: i8::try_from(number).ok()? }), clock: None, zone: None }
        }
        (Some(Day::OfMonth(_, which)), None) => {
            Calendar { day: Some(Day::OfMonth(i8::try_from(number).ok()?, which)), clock: None, zone: None }
        }
        _ => Calendar { zone: other.zone, ..hour_alone(number)? },
    }))
}

fn between_calendars(here: &Here, mut first: Calendar, mut second: Calendar) -> Option<Span> {
    // Two times with one day between them share it; the second may be in the night after.
    let one_day = second.clock.is_some() && first.day.is_some() != second.day.is_some();
    if one_day {
        (first.day, second.day) = (first.day.or(second.day), second.day.or(first.day));
    }
    first.zone = first.zone.or(second.zone);
    second.zone = second.zone.or(first.zone);
    if let (
        Some(Day::Date { year: None, month, day }),
        Some(Day::Date { year: Some(year), month: last_month, day: last_day }),
    ) = (first.day, second.day)
    {
        let year = if (month, day) > (last_month, last_day) { year - 1 } else { year };
        first.day = Some(Day::Date { year: Some(year), month, day });
    }
    let (first, second) = halves(first, second);
    let start_ms = here.span(&Phrase::Calendar(first))?.start_ms;
    let last = here.span(&Phrase::Calendar(second))?;
    // Two equal clock times are a day apart.
    if last.end_ms > start_ms {
        return Some(Span { start_ms, end_ms: last.end_ms });
    }
    if one_day {
        let next_day_ms = last.end_ms.checked_add(crate::clock::DAY_MS)?;
        return ending(start_ms, Span { start_ms: next_day_ms, end_ms: next_day_ms });
    }
    ending(start_ms, here.moved_after(&second, start_ms)?)
}

/// The half of the day that one clock says is the other's too, unless the range would then run backwards: `9 to 11am`, `9 to 5pm`.
fn halves(mut first: Calendar, mut second: Calendar) -> (Calendar, Calendar) {
    let (Some(start), Some(end)) = (first.clock, second.clock) else { return (first, second) };
    let other = |half| if half == Half::Am { Half::Pm } else { Half::Am };
    if matches!(end.half, Half::Am | Half::Pm)
        && let Some(same) = start.in_half(end.half)
    {
        first.clock = if same.start_ms < end.start_ms { Some(same) } else { start.in_half(other(end.half)) };
    } else if matches!(start.half, Half::Am | Half::Pm)
        && let Some(same) = end.in_half(start.half)
    {
        let later = end.in_half(other(start.half));
        // `10pm to 2` ends in the morning after.
        second.clock = if same.start_ms > start.start_ms || start.half == Half::Pm && later.is_none() {
            Some(same)
        } else {
            later
        };
    } else if let Some(afternoon) = end.in_half(Half::Pm)
        && start.half == Half::Unsaid
        && end.start_ms <= start.start_ms
        && afternoon.start_ms > start.start_ms
    {
        // `from 9 to 5`.
        second.clock = Some(afternoon);
    }
    (first, second)
}
