//! How long: `7 days`, `1h30m`, `an hour and a half`.

use winnow::combinator::{alt, opt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::prelude::*;
use winnow::token::{one_of, take_while};

use crate::words::{
    Parsed, Unit, Word, count, digits, keyword, letters, meaning, space0, spaced, tens, unit, word, word_end,
};

const BILLION: u128 = 1_000_000_000;
/// Billionths are the finest part of a unit that is read: digits after them say nothing about milliseconds.
const FRACTION_DIGITS_MAX: usize = 9;
/// `1 year, 1 month, 1 week...` down to milliseconds, each unit once.
const PARTS_MAX: usize = 11;

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A length of time. Months are counted, so that a calendar can say how long they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    pub(crate) months: u64,
    /// What is not in `months`.
    pub(crate) ms: u64,
    /// All of it, with months of 30 days and years of 365.
    pub(crate) fixed_ms: u64,
    /// The unit it begins with.
    pub(crate) unit: Unit,
}

/// Whether `and` goes on with an amount, or stands between two of them as it may in a range.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum And {
    Joins,
    Separates,
}

#[derive(Clone, Copy)]
pub(crate) struct Number {
    whole: u64,
    billionths: u64,
}

impl Number {
    pub(crate) fn whole(whole: u64) -> Self {
        Self { whole, billionths: 0 }
    }

    fn halved_more(self) -> Option<Self> {
        (self.billionths == 0).then_some(Self { whole: self.whole, billionths: 500_000_000 })
    }

    fn times(self, size: u64) -> Option<u64> {
        let size = u128::from(size);
        u64::try_from(u128::from(self.whole) * size + u128::from(self.billionths) * size / BILLION).ok()
    }
}

impl Amount {
    pub(crate) const NONE: Self = Self { months: 0, ms: 0, fixed_ms: 0, unit: Unit::Millisecond };

    pub(crate) fn new(number: Number, unit: Unit) -> Option<Self> {
        let months_of = |months| {
            let whole = number.times(months)?;
            // A part of a month is that part of thirty days.
            let ms = if number.billionths == 0 { 0 } else { number.times(months * 30 * DAY_MS)? - whole * 30 * DAY_MS };
            Some((whole, ms))
        };
        let (size, (months, ms)) = match unit {
            Unit::Millisecond => (1, (0, number.times(1)?)),
            Unit::Second => (SECOND_MS, (0, number.times(SECOND_MS)?)),
            Unit::Minute => (MINUTE_MS, (0, number.times(MINUTE_MS)?)),
            Unit::Hour => (HOUR_MS, (0, number.times(HOUR_MS)?)),
            Unit::Day => (DAY_MS, (0, number.times(DAY_MS)?)),
            Unit::Week => (7 * DAY_MS, (0, number.times(7 * DAY_MS)?)),
            Unit::Fortnight => (14 * DAY_MS, (0, number.times(14 * DAY_MS)?)),
            Unit::Month => (30 * DAY_MS, months_of(1)?),
            Unit::Year => (365 * DAY_MS, months_of(12)?),
            Unit::Decade => (3650 * DAY_MS, months_of(120)?),
            Unit::Century => (36500 * DAY_MS, months_of(1200)?),
        };
        Some(Self { months, ms, fixed_ms: number.times(size)?, unit })
    }

    fn plus(self, more: Self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_add(more.months)?,
            ms: self.ms.checked_add(more.ms)?,
            fixed_ms: self.fixed_ms.checked_add(more.fixed_ms)?,
            unit: self.unit,
        })
    }
}

/// `1 week 2 hours`, `1h30m`, `1 year, 2 months and 3 days`: units get smaller from part to part.
pub(crate) fn amount(and: And) -> impl FnMut(&mut &str) -> Parsed<Amount> {
    move |input| {
        let mut sum = part.parse_next(input)?;
        let mut smallest = sum.unit;
        for _ in 0..PARTS_MAX {
            let smaller = part.verify(|more: &Amount| more.unit < smallest);
            let Some(more) = opt(preceded(joint(and), smaller)).parse_next(input)? else { break };
            smallest = more.unit;
            sum = sum.plus(more).ok_or(EmptyError)?;
        }
        Ok(sum)
    }
}

fn joint(and: And) -> impl FnMut(&mut &str) -> Parsed<()> {
    move |input| {
        space0.parse_next(input)?;
        if opt(one_of(',')).parse_next(input)?.is_some() {
            space0.parse_next(input)?;
        }
        if and == And::Joins {
            opt((keyword("and"), space0)).parse_next(input)?;
        }
        Ok(())
    }
}

/// One number and one unit.
fn part(input: &mut &str) -> Parsed<Amount> {
    if input.starts_with(|c: char| c.is_ascii_digit()) {
        return (number, preceded(dash_or_space, a_unit))
            .verify_map(|(n, unit)| Amount::new(n, unit))
            .parse_next(input);
    }
    alt((half_a_unit, a_unit_and_a_half, spelled_part)).parse_next(input)
}

fn dash_or_space(input: &mut &str) -> Parsed<()> {
    alt((one_of('-').void(), space0.void())).parse_next(input)
}

/// Letters, since a digit may follow: `1h30m`.
fn a_unit(input: &mut &str) -> Parsed<Unit> {
    letters.verify_map(|word: Word| unit(&word)).parse_next(input)
}

/// `half an hour`, `half a day`.
fn half_a_unit(input: &mut &str) -> Parsed<Amount> {
    let half = Number { whole: 0, billionths: 500_000_000 };
    preceded((keyword("half"), opt(spaced(article))), spaced(meaning(unit)))
        .verify_map(|unit| Amount::new(half, unit))
        .parse_next(input)
}

/// `an hour and a half`.
fn a_unit_and_a_half(input: &mut &str) -> Parsed<Amount> {
    let one = preceded(alt((article, keyword("one"))), spaced(meaning(unit)));
    terminated(one, spaced(and_a_half))
        .verify_map(|unit| Amount::new(Number::whole(1).halved_more()?, unit))
        .parse_next(input)
}

fn and_a_half(input: &mut &str) -> Parsed<()> {
    (keyword("and"), spaced(article), spaced(keyword("half"))).void().parse_next(input)
}

/// `two weeks`, `a couple of hours`, `twenty-one days`, `thirty-day`.
fn spelled_part(input: &mut &str) -> Parsed<Amount> {
    let number = alt((a_couple, spelled, article.value(1))).parse_next(input)?;
    number_of_units(Number::whole(number)).parse_next(input)
}

fn number_of_units<'i>(number: Number) -> impl Parser<&'i str, Amount, EmptyError> {
    (opt(spaced(and_a_half)), dash_or_space, a_unit).verify_map(move |(half, (), unit)| {
        let number = if half.is_some() { number.halved_more()? } else { number };
        Amount::new(number, unit)
    })
}

fn a_couple(input: &mut &str) -> Parsed<u64> {
    (opt((article, space0)), keyword("couple"), opt(spaced(keyword("of")))).value(2).parse_next(input)
}

fn article(input: &mut &str) -> Parsed<()> {
    word.verify(|word: &Word| matches!(&**word, "a" | "an")).void().parse_next(input)
}

/// A number up to ninety-nine in words.
pub(crate) fn spelled(input: &mut &str) -> Parsed<u64> {
    let first = word.parse_next(input)?;
    if let Some(number) = count(&first) {
        return Ok(number);
    }
    let tens = tens(&first).ok_or(EmptyError)?;
    let ones = preceded(dash_or_space, meaning(count).verify(|ones| (1..10).contains(ones)));
    Ok(tens + opt(ones).parse_next(input)?.unwrap_or_default())
}

/// `90`, `1.5`, `0,5`, `1,000`.
fn number(input: &mut &str) -> Parsed<Number> {
    let (mut whole, _) = digits.parse_next(input)?;
    while let Some(group) = opt(thousands).parse_next(input)? {
        whole = whole.checked_mul(1000).and_then(|whole| whole.checked_add(group)).ok_or(EmptyError)?;
    }
    let fraction =
        opt(preceded(one_of(['.', ',']), take_while(1.., |c: char| c.is_ascii_digit()))).parse_next(input)?;
    Ok(Number { whole, billionths: fraction.map_or(0, billionths) })
}

fn thousands(input: &mut &str) -> Parsed<u64> {
    preceded(one_of(','), digits).verify_map(|(group, count)| (count == 3).then_some(group)).parse_next(input)
}

/// Of the digits after the point.
pub(crate) fn billionths(fraction: &str) -> u64 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(FRACTION_DIGITS_MAX);
    digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

/// A number with no unit, that another time lends one to: the `2` of `between 2 and 3 hours ago`.
pub(crate) fn bare_number(input: &mut &str) -> Parsed<u64> {
    let number = alt((digits.map(|(number, _)| number), spelled));
    terminated(number, peek(word_end)).parse_next(input)
}
