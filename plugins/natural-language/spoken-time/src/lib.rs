//! Times and durations in English words: `yesterday 9am`, `last monday`, `past 90 minutes`, `between 9 and 10 yesterday`, `1h30m`.
//!
//! There is no clock and no table of time zones here: words are read on the clock of a [`Speaker`], a fixed distance from UTC.
//! Of what could be several times, the latest that has begun is meant: a log is asked about its past. The readers take the
//! longest beginning that means something and say how long it is, so that a greater grammar can go on from there.

mod amount;
mod calendar;
mod clock;
mod day;
mod phrase;
mod range;
mod words;
mod write;

use amount::And;
use calendar::Here;
use words::Parsed;

/// A shorter beginning is tried so often where a longer one ends inside a word: `monday 9am-batch` is `monday`.
const SHORTENINGS_MAX: usize = 3;

/// Whose clock words go by.
#[derive(Clone, Copy, Debug)]
pub struct Speaker {
    pub now_ms: i64,
    pub utc_offset_minutes: i32,
}

/// What words mean: the time they begin with, and where it ends (exclusive). An exact instant has `start_ms == end_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start_ms: i64,
    pub end_ms: i64,
}

/// The longest beginning of `text` that is a time or a period, and how many bytes it has. Ends at a word boundary.
///
/// Days, weeks, months and parts of a day are spans; clock times and `2 hours ago` are instants; `past 2 hours` ends now.
/// A duration alone is so long ago: `2 hours` is `2 hours ago`. Weeks begin on Monday.
pub fn time(text: &str, speaker: &Speaker) -> Option<(Span, usize)> {
    let here = Here::of(speaker)?;
    longest(text, |input| phrase::phrase(input, And::Joins), |phrase| here.span(&phrase))
}

/// A length of time, and how many bytes it has: `7 days`, `7-day`, `1h30m`, `two weeks`, `an hour and a half`, `1.5 hours`.
/// Milliseconds; months are 30 days, years 365.
pub fn duration(text: &str) -> Option<(u64, usize)> {
    longest(text, amount::amount(And::Joins), |amount| Some(amount.fixed_ms))
}

/// Two times as in `between X and Y`, `from X to Y` or `X - Y`, called after the word `between` or `from`.
///
/// Each lends the other what it leaves unsaid: `9 and 10 yesterday`, `9 to 11am`, `nov 1 to 3`. A second time that is a span
/// counts whole: `monday and wednesday` ends with Wednesday. Weekdays and clock times that would end before the start are the
/// first after it; anything else that does is no range.
pub fn range(text: &str, speaker: &Speaker) -> Option<(Span, usize)> {
    let here = Here::of(speaker)?;
    let read = |and| {
        longest(
            text,
            move |input| range::range(input, and),
            |(first, second)| range::between_times(&here, first, second),
        )
    };
    // An `and` may be the range's own, or the first time's: `1 day and 2 hours ago and now`.
    read(And::Joins).or_else(|| read(And::Separates))
}

/// A duration as words that [`duration`] reads back to the same number: `30 days`, `1 hour 30 minutes`, `1500 ms`.
pub fn write_duration(ms: u64) -> String {
    write::Duration(ms).to_string()
}

/// An instant on the speaker's clock, as words that [`time`] reads back to the same millisecond in the years 1 to 9999:
/// `2026-11-25 09:00`, with seconds and milliseconds only where they are not zero.
///
/// An instant that no calendar has is written as its milliseconds.
pub fn write_time(ms: i64, speaker: &Speaker) -> String {
    write::Time { ms, speaker }.to_string()
}

/// Reads as far as the grammar goes, then back to where a word ends.
fn longest<'i, T, M>(
    text: &'i str,
    mut parser: impl FnMut(&mut &'i str) -> Parsed<T>,
    meaning: impl Fn(T) -> Option<M>,
) -> Option<(M, usize)> {
    let mut end = text.len();
    for _ in 0..=SHORTENINGS_MAX {
        let mut input = &text[..end];
        let found = parser(&mut input).ok()?;
        let read = end - input.len();
        if ends_word(&text[read..]) {
            return Some((meaning(found)?, read));
        }
        end = text[..read].rfind(' ')?;
    }
    None
}

/// Whether a word ends before `rest`. What a name goes on with is no end: `today-events`, `now.orders`.
fn ends_word(rest: &str) -> bool {
    let mut rest = rest.chars();
    let in_word = |c: char| c == '_' || c.is_alphanumeric();
    match rest.next() {
        Some('-' | '.' | '/' | ':' | '@' | '+') => !rest.next().is_some_and(in_word),
        next => !next.is_some_and(in_word),
    }
}
