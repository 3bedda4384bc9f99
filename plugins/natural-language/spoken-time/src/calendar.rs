//! What words mean on a speaker's clock: phrases become instants.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;

use crate::amount::Amount;
use crate::clock::{Clock, DAY_MS};
use crate::day::{Day, Which};
use crate::phrase::{Calendar, Phrase, Toward};
use crate::words::Unit;
use crate::{Span, Speaker};

/// From 0001-01-01 to the end of 9999-12-31, UTC.
const YEARS_MS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_800_000;
/// The 29th of February is at most so many years back: 1896 was followed by 1904.
const LEAP_YEARS_APART_MAX: i16 = 8;
/// So many months back, one with 31 days has been.
const LONG_MONTHS_APART_MAX: i64 = 2;

/// Now, on a clock so far from UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    pub(crate) now_ms: i64,
    offset: Offset,
    now: DateTime,
}

impl Here {
    /// None where the clock is beyond the years -9999 to 9999, or the offset beyond a day.
    pub(crate) fn new(now_ms: i64, offset_minutes: i32) -> Option<Self> {
        let offset = Offset::from_seconds(offset_minutes.checked_mul(60)?).ok()?;
        let now = offset.to_datetime(Timestamp::from_millisecond(now_ms).ok()?);
        Some(Self { now_ms, offset, now })
    }

    pub(crate) fn of(speaker: &Speaker) -> Option<Self> {
        Self::new(speaker.now_ms, speaker.utc_offset_minutes)
    }

    pub(crate) fn local(&self) -> DateTime {
        self.now
    }

    fn today(&self) -> Date {
        self.now.date()
    }

    pub(crate) fn ms_of(&self, local: DateTime) -> Option<i64> {
        Some(self.offset.to_timestamp(local).ok()?.as_millisecond())
    }

    fn midnight_ms(&self, date: Date) -> Option<i64> {
        self.ms_of(date.to_datetime(Time::midnight()))
    }

    /// None for a number, which means nothing alone, and for what is beyond the years that can be written.
    pub(crate) fn span(&self, phrase: &Phrase) -> Option<Span> {
        self.any_span(phrase).filter(|span| YEARS_MS.contains(&span.start_ms) && YEARS_MS.contains(&span.end_ms))
    }

    fn any_span(&self, phrase: &Phrase) -> Option<Span> {
        match phrase {
            Phrase::Unix(ms) => Some(Span { start_ms: *ms, end_ms: *ms }),
            Phrase::Number(_) => None,
            Phrase::Rolling(amount, toward) => {
                let other_ms = self.shifted(amount, *toward)?;
                Some(Span { start_ms: self.now_ms.min(other_ms), end_ms: self.now_ms.max(other_ms) })
            }
            Phrase::Shifted { amount, toward, clock: None } => {
                let ms = self.shifted(amount, *toward)?;
                Some(Span { start_ms: ms, end_ms: ms })
            }
            Phrase::Shifted { amount, toward, clock: Some(clock) } => {
                let there = Self { now_ms: self.shifted(amount, *toward)?, ..*self };
                let date = there.offset.to_datetime(Timestamp::from_millisecond(there.now_ms).ok()?).date();
                self.clock_on(date, clock)
            }
            Phrase::Calendar(calendar) => match calendar.zone {
                Some(minutes) => Self::new(self.now_ms, minutes)?.calendar(calendar),
                None => self.calendar(calendar),
            },
        }
    }

    /// Months by the calendar, up to the end of a shorter month; the rest in milliseconds.
    fn shifted(&self, amount: &Amount, toward: Toward) -> Option<i64> {
        let sign = if toward == Toward::Future { 1 } else { -1 };
        let months = sign * i64::try_from(amount.months).ok()?;
        let ms = sign * i64::try_from(amount.ms).ok()?;
        let there_ms = if months == 0 {
            self.now_ms
        } else {
            let there = self.now.checked_add(jiff::Span::new().try_months(months).ok()?).ok()?;
            self.ms_of(there)?
        };
        there_ms.checked_add(ms)
    }

    fn calendar(&self, calendar: &Calendar) -> Option<Span> {
        let Some(clock) = &calendar.clock else {
            let (first, after) = self.days(calendar.day?)?;
            return Some(Span { start_ms: self.midnight_ms(first)?, end_ms: self.midnight_ms(after)? });
        };
        let Some(day) = calendar.day else {
            let today = self.clock_on(self.today(), clock)?;
            return self.unless_future(today, self.today().yesterday().ok()?, clock);
        };
        let (date, _) = self.days(day)?;
        let span = self.clock_on(date, clock)?;
        if let Day::Weekday(_, Which::Unsaid) = day {
            return self.unless_future(span, days_after(date, -7)?, clock);
        }
        Some(span)
    }

    fn unless_future(&self, span: Span, before: Date, clock: &Clock) -> Option<Span> {
        if span.start_ms > self.now_ms { self.clock_on(before, clock) } else { Some(span) }
    }

    fn clock_on(&self, date: Date, clock: &Clock) -> Option<Span> {
        let midnight_ms = self.midnight_ms(date)?;
        Some(Span { start_ms: midnight_ms + clock.start_ms, end_ms: midnight_ms + clock.end_ms })
    }

    /// The first day, and the first one after.
    fn days(&self, day: Day) -> Option<(Date, Date)> {
        let today = self.today();
        let date = match day {
            Day::FromToday(days) => days_after(today, days)?,
            Day::Weekday(weekday, which) => self.weekday(weekday, which)?,
            Day::Date { year: Some(year), month, day } => Date::new(year, month, day).ok()?,
            Day::Date { year: None, month, day } => (0..=LEAP_YEARS_APART_MAX)
                .filter_map(|years| Date::new(today.year() - years, month, day).ok())
                .find(|date| *date <= today)?,
            Day::OfMonth(day, Which::Unsaid) => (0..=LONG_MONTHS_APART_MAX)
                .filter_map(|months| day_of(months_after(today, -months)?, day))
                .find(|date| *date <= today)?,
            Day::OfMonth(day, which) => day_of(months_after(today, steps(which))?, day)?,
            Day::Month { year, month, which } => {
                let first = Date::new(year.unwrap_or(self.year_of_month(month, which)), month, 1).ok()?;
                return Some((first, months_after(first, 1)?));
            }
            Day::Year(year) => return years_from(year, 1),
            Day::Period(unit, which) => return self.period(unit, which),
        };
        Some((date, date.tomorrow().ok()?))
    }

    fn weekday(&self, weekday: Weekday, which: Which) -> Option<Date> {
        let today = self.today();
        let back = i64::from(today.weekday().since(weekday));
        let days = match which {
            Which::Last if back == 0 => -7,
            Which::Last | Which::Unsaid => -back,
            Which::Next => 7 - back,
            Which::This => {
                i64::from(weekday.to_monday_zero_offset()) - i64::from(today.weekday().to_monday_zero_offset())
            }
        };
        days_after(today, days)
    }

    /// Of a month without a year.
    fn year_of_month(&self, month: i8, which: Which) -> i16 {
        let (year, this_month) = (self.now.year(), self.now.month());
        match which {
            Which::Unsaid if month > this_month => year - 1,
            Which::Last if month >= this_month => year - 1,
            Which::Next if month <= this_month => year + 1,
            _ => year,
        }
    }

    fn period(&self, unit: Unit, which: Which) -> Option<(Date, Date)> {
        let (today, step) = (self.today(), steps(which));
        let years = |length: i16| {
            years_from(today.year().div_euclid(length) * length + i16::try_from(step).ok()? * length, length)
        };
        match unit {
            Unit::Week => {
                let monday = days_after(today, 7 * step - i64::from(today.weekday().to_monday_zero_offset()))?;
                Some((monday, days_after(monday, 7)?))
            }
            Unit::Month => {
                let first = months_after(today, step)?;
                Some((first, months_after(first, 1)?))
            }
            Unit::Year => years(1),
            Unit::Decade => years(10),
            Unit::Century => years(100),
            _ => None,
        }
    }

    /// The same with the clock moved on to the first such moment after `start_ms`, and weekdays to the first such day.
    pub(crate) fn moved_after(&self, calendar: &Calendar, start_ms: i64) -> Option<Span> {
        let there = Self::new(self.now_ms, calendar.zone.unwrap_or(self.offset.seconds() / 60))?;
        if let Some(Day::Date { year: None, month, day }) = calendar.day {
            // The next one after the beginning: of its year, or of the year after.
            let year = Self::new(start_ms, there.offset.seconds() / 60)?.local().year();
            return [year, year.checked_add(1)?].into_iter().find_map(|year| {
                let dated = Calendar { day: Some(Day::Date { year: Some(year), month, day }), ..*calendar };
                there.calendar(&dated).filter(|span| span.end_ms > start_ms)
            });
        }
        let days = match (calendar.day, calendar.clock) {
            (None, Some(_)) => 1,
            (Some(Day::Weekday(..)), _) => 7,
            _ => return None,
        };
        let span = there.calendar(calendar)?;
        let step_ms = days * DAY_MS;
        let behind_ms = start_ms.checked_sub(span.end_ms)?;
        let steps = if behind_ms < 0 { 0 } else { behind_ms / step_ms + 1 };
        let moved_ms = steps.checked_mul(step_ms)?;
        Some(Span { start_ms: span.start_ms.checked_add(moved_ms)?, end_ms: span.end_ms.checked_add(moved_ms)? })
    }
}

fn steps(which: Which) -> i64 {
    match which {
        Which::Last => -1,
        Which::This | Which::Unsaid => 0,
        Which::Next => 1,
    }
}

fn days_after(date: Date, days: i64) -> Option<Date> {
    date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The first day of a month.
fn months_after(date: Date, months: i64) -> Option<Date> {
    date.first_of_month().checked_add(jiff::Span::new().try_months(months).ok()?).ok()
}

fn day_of(month: Date, day: i8) -> Option<Date> {
    Date::new(month.year(), month.month(), day).ok()
}

fn years_from(year: i16, years: i16) -> Option<(Date, Date)> {
    Some((Date::new(year, 1, 1).ok()?, Date::new(year.checked_add(years)?, 1, 1).ok()?))
}
