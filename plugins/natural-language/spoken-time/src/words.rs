//! The vocabulary: what single words mean, and how a word is told from a part of one.

use std::ops::Deref;

use jiff::civil::Weekday;
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::take_while;

/// Parsers only agree or not: why a sentence is no time is nobody's question.
pub(crate) type Parsed<T> = winnow::Result<T, EmptyError>;

/// No word of the vocabulary has more letters.
const WORD_LETTERS_MAX: usize = 13;
/// Digits of the greatest number that is read; any with more is none of ours.
const DIGITS_MAX: usize = 18;

/// A run of ASCII letters, in lower case.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    letters: [u8; WORD_LETTERS_MAX],
    length: usize,
}

impl Deref for Word {
    type Target = str;
    fn deref(&self) -> &str {
        std::str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

/// Letters up to a digit or the end of the word: the `h` of `1h30m`, the `pm` of `9pm`.
pub(crate) fn letters(input: &mut &str) -> Parsed<Word> {
    let run = take_while(1..=WORD_LETTERS_MAX, |c: char| c.is_ascii_alphabetic()).parse_next(input)?;
    if input.starts_with(|c: char| c == '_' || (c.is_alphanumeric() && !c.is_ascii_digit())) {
        return Err(EmptyError);
    }
    let mut letters = [0; WORD_LETTERS_MAX];
    for (to, from) in letters.iter_mut().zip(run.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    Ok(Word { letters, length: run.len() })
}

/// A whole word: nothing alphanumeric follows it.
pub(crate) fn word(input: &mut &str) -> Parsed<Word> {
    let word = letters.parse_next(input)?;
    word_end.parse_next(input)?;
    Ok(word)
}

/// Matches where no word goes on.
pub(crate) fn word_end(input: &mut &str) -> Parsed<()> {
    if input.starts_with(|c: char| c == '_' || c.is_alphanumeric()) { Err(EmptyError) } else { Ok(()) }
}

/// The one word given, whatever its case.
pub(crate) fn keyword<'i>(expected: &'static str) -> impl Parser<&'i str, (), EmptyError> {
    word.verify(move |found: &Word| **found == *expected).void()
}

/// A word that the table knows, as what it means.
pub(crate) fn meaning<'i, T>(table: fn(&str) -> Option<T>) -> impl Parser<&'i str, T, EmptyError> {
    word.verify_map(move |found: Word| table(&found))
}

pub(crate) fn space0(input: &mut &str) -> Parsed<()> {
    take_while(0.., [' ', '\t']).void().parse_next(input)
}

pub(crate) fn space1(input: &mut &str) -> Parsed<()> {
    take_while(1.., [' ', '\t']).void().parse_next(input)
}

/// The parser after spaces, of which there may be none.
pub(crate) fn spaced<'i, T>(parser: impl Parser<&'i str, T, EmptyError>) -> impl Parser<&'i str, T, EmptyError> {
    winnow::combinator::preceded(space0, parser)
}

/// A whole number and how many digits it is written with.
pub(crate) fn digits(input: &mut &str) -> Parsed<(u64, usize)> {
    let run = take_while(1..=DIGITS_MAX, |c: char| c.is_ascii_digit()).parse_next(input)?;
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(EmptyError);
    }
    let number = run.bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Ok((number, run.len()))
}

/// A number of one or two digits: a day, a month, an hour.
pub(crate) fn small(input: &mut &str) -> Parsed<i8> {
    digits.verify_map(|(number, count)| if count <= 2 { i8::try_from(number).ok() } else { None }).parse_next(input)
}

pub(crate) fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mondays" | "mon" => Weekday::Monday,
        "tuesday" | "tuesdays" | "tue" | "tues" => Weekday::Tuesday,
        "wednesday" | "wednesdays" | "wed" | "weds" => Weekday::Wednesday,
        "thursday" | "thursdays" | "thu" | "thur" | "thurs" => Weekday::Thursday,
        "friday" | "fridays" | "fri" => Weekday::Friday,
        "saturday" | "saturdays" | "sat" => Weekday::Saturday,
        "sunday" | "sundays" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

pub(crate) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sep" | "sept" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}

/// One to nineteen.
pub(crate) fn count(word: &str) -> Option<u64> {
    Some(match word {
        "zero" => 0,
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        _ => return None,
    })
}

pub(crate) fn tens(word: &str) -> Option<u64> {
    Some(match word {
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

/// From the smallest to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Fortnight,
    Month,
    Year,
    Decade,
    Century,
}

pub(crate) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "ms" | "msec" | "msecs" | "millis" | "milli" | "millisecond" | "milliseconds" => Unit::Millisecond,
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "wk" | "wks" | "week" | "weeks" => Unit::Week,
        "fortnight" | "fortnights" => Unit::Fortnight,
        "mo" | "mos" | "mon" | "mons" | "month" | "months" => Unit::Month,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
        "decade" | "decades" => Unit::Decade,
        "century" | "centuries" => Unit::Century,
        _ => return None,
    })
}

/// Minutes from UTC of the abbreviations that mostly mean one zone; `IST` (India, Israel, Ireland) is not among them.
pub(crate) fn zone(word: &str) -> Option<i32> {
    let hours = match word {
        "z" | "utc" | "gmt" => 0,
        "est" | "cdt" => -5,
        "edt" => -4,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        "bst" | "cet" => 1,
        "cest" | "eet" => 2,
        "eest" | "msk" => 3,
        "jst" => 9,
        _ => return None,
    };
    Some(hours * 60)
}
