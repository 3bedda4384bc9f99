//! What words mean, by theme. It is Thursday, 2026-11-26, 10:30:15 in New York (-05:00) and elsewhere at +01:00.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use spoken_time::{Span, Speaker, duration, range, time};

const NEW_YORK: i32 = -300;
const BERLIN: i32 = 60;

fn at(local: &str, offset_minutes: i32) -> i64 {
    let local: DateTime = local.parse().expect("an ISO time");
    let offset = Offset::from_seconds(offset_minutes * 60).expect("an offset of hours");
    offset.to_timestamp(local).expect("a year of ours").as_millisecond()
}

fn speaker(utc_offset_minutes: i32) -> Speaker {
    Speaker { now_ms: at("2026-11-26T10:30:15", utc_offset_minutes), utc_offset_minutes }
}

/// Each row: the words, the start, and the end where it is not the start; in local time, for either speaker.
fn assert_times(rows: &[(&str, &str, &str)]) {
    for offset in [NEW_YORK, BERLIN] {
        for (words, start, end) in rows {
            let end = if end.is_empty() { start } else { end };
            let expected = Span { start_ms: at(start, offset), end_ms: at(end, offset) };
            assert_eq!(time(words, &speaker(offset)), Some((expected, words.len())), "{words}");
            let followed = format!("{words} where x > 1");
            assert_eq!(time(&followed, &speaker(offset)), Some((expected, words.len())), "{followed}");
            let shouted = words.to_uppercase();
            assert_eq!(time(&shouted, &speaker(offset)), Some((expected, words.len())), "{shouted}");
        }
    }
}

fn assert_ranges(rows: &[(&str, &str, &str)]) {
    for offset in [NEW_YORK, BERLIN] {
        for (words, start, end) in rows {
            let expected = Span { start_ms: at(start, offset), end_ms: at(end, offset) };
            assert_eq!(range(words, &speaker(offset)), Some((expected, words.len())), "{words}");
            let followed = format!("{words} from orders");
            assert_eq!(range(&followed, &speaker(offset)), Some((expected, words.len())), "{followed}");
        }
    }
}

#[test]
fn a_day_is_all_of_it() {
    assert_times(&[
        ("today", "2026-11-26", "2026-11-27"),
        ("yesterday", "2026-11-25", "2026-11-26"),
        ("tomorrow", "2026-11-27", "2026-11-28"),
        ("the day before yesterday", "2026-11-24", "2026-11-25"),
        ("day after tomorrow", "2026-11-28", "2026-11-29"),
        ("2026-11-01", "2026-11-01", "2026-11-02"),
        ("2026/11/1", "2026-11-01", "2026-11-02"),
        ("11/25/2026", "2026-11-25", "2026-11-26"),
        ("25/11/2026", "2026-11-25", "2026-11-26"),
        ("11/25/26", "2026-11-25", "2026-11-26"),
        ("11/25/99", "1999-11-25", "1999-11-26"),
        ("11/25", "2026-11-25", "2026-11-26"),
        ("25.11.2026", "2026-11-25", "2026-11-26"),
        ("25-11-2026", "2026-11-25", "2026-11-26"),
        ("05.11.2026", "2026-11-05", "2026-11-06"),
        ("nov 1", "2026-11-01", "2026-11-02"),
        ("1 november", "2026-11-01", "2026-11-02"),
        ("november 1st, 2026", "2026-11-01", "2026-11-02"),
        ("1st of november 2026", "2026-11-01", "2026-11-02"),
        ("the 1st of november", "2026-11-01", "2026-11-02"),
        ("nov 1 '25", "2025-11-01", "2025-11-02"),
        ("nov 26", "2026-11-26", "2026-11-27"),
        ("nov 27", "2025-11-27", "2025-11-28"),
        ("feb 29", "2024-02-29", "2024-03-01"),
        ("Friday, 03 September 2021", "2021-09-03", "2021-09-04"),
        ("Sept 04 2014", "2014-09-04", "2014-09-05"),
        ("1-nov-2026", "2026-11-01", "2026-11-02"),
        ("the 5th", "2026-11-05", "2026-11-06"),
        ("the 28th", "2026-10-28", "2026-10-29"),
        ("the 31st", "2026-10-31", "2026-11-01"),
        ("the 1st of last month", "2026-10-01", "2026-10-02"),
    ]);
}

#[test]
fn a_weekday_is_the_latest_that_has_begun() {
    assert_times(&[
        ("monday", "2026-11-23", "2026-11-24"),
        ("on monday", "2026-11-23", "2026-11-24"),
        ("thursday", "2026-11-26", "2026-11-27"),
        ("fri", "2026-11-20", "2026-11-21"),
        ("last monday", "2026-11-23", "2026-11-24"),
        ("last thursday", "2026-11-19", "2026-11-20"),
        ("this monday", "2026-11-23", "2026-11-24"),
        ("this sunday", "2026-11-29", "2026-11-30"),
        ("next thursday", "2026-12-03", "2026-12-04"),
        ("next friday", "2026-11-27", "2026-11-28"),
    ]);
}

#[test]
fn weeks_months_and_years_are_those_of_the_calendar() {
    assert_times(&[
        ("this week", "2026-11-23", "2026-11-30"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("next week", "2026-11-30", "2026-12-07"),
        ("this month", "2026-11-01", "2026-12-01"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("this year", "2026-01-01", "2027-01-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("november", "2026-11-01", "2026-12-01"),
        ("in november", "2026-11-01", "2026-12-01"),
        ("december", "2025-12-01", "2026-01-01"),
        ("last november", "2025-11-01", "2025-12-01"),
        ("last march", "2026-03-01", "2026-04-01"),
        ("nov 2026", "2026-11-01", "2026-12-01"),
        ("november, 2025", "2025-11-01", "2025-12-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("in 2025", "2025-01-01", "2026-01-01"),
        ("last decade", "2010-01-01", "2020-01-01"),
    ]);
}

#[test]
fn so_much_time_until_now_rolls() {
    let now = "2026-11-26T10:30:15";
    assert_times(&[
        ("past 90 minutes", "2026-11-26T09:00:15", now),
        ("the last 2 hours", "2026-11-26T08:30:15", now),
        ("last 7 days", "2026-11-19T10:30:15", now),
        ("the last hour", "2026-11-26T09:30:15", now),
        ("past hour", "2026-11-26T09:30:15", now),
        ("past day", "2026-11-25T10:30:15", now),
        ("past week", "2026-11-19T10:30:15", now),
        ("the past month", "2026-10-26T10:30:15", now),
        ("past year", "2025-11-26T10:30:15", now),
        ("in the last 2 hours", "2026-11-26T08:30:15", now),
        ("within the past hour", "2026-11-26T09:30:15", now),
        ("over the last two weeks", "2026-11-12T10:30:15", now),
    ]);
}

#[test]
fn so_long_ago_is_an_instant() {
    assert_times(&[
        ("now", "2026-11-26T10:30:15", ""),
        ("right now", "2026-11-26T10:30:15", ""),
        ("2 hours ago", "2026-11-26T08:30:15", ""),
        ("2 hours", "2026-11-26T08:30:15", ""),
        ("an hour ago", "2026-11-26T09:30:15", ""),
        ("about an hour ago", "2026-11-26T09:30:15", ""),
        ("half an hour ago", "2026-11-26T10:00:15", ""),
        ("an hour and a half ago", "2026-11-26T09:00:15", ""),
        ("3 days ago", "2026-11-23T10:30:15", ""),
        ("2 weeks and 3 days ago", "2026-11-09T10:30:15", ""),
        ("1 month ago", "2026-10-26T10:30:15", ""),
        ("9 months ago", "2026-02-26T10:30:15", ""),
        ("1 year, 2 months ago", "2025-09-26T10:30:15", ""),
        ("1h30m ago", "2026-11-26T09:00:15", ""),
        ("twenty-one days ago", "2026-11-05T10:30:15", ""),
        ("a couple of hours ago", "2026-11-26T08:30:15", ""),
        ("now - 1h", "2026-11-26T09:30:15", ""),
        ("now-1h", "2026-11-26T09:30:15", ""),
        ("in 2 hours", "2026-11-26T12:30:15", ""),
        ("2 days from now", "2026-11-28T10:30:15", ""),
        ("in three weeks' time", "2026-12-17T10:30:15", ""),
        ("1 day ago at 2 pm", "2026-11-25T14:00", ""),
    ]);
}

#[test]
fn months_are_clamped_to_the_end_of_a_shorter_one() {
    let speaker = Speaker { now_ms: at("2026-03-31T10:30:15", 60), utc_offset_minutes: 60 };
    let (span, _) = time("1 month ago", &speaker).unwrap();
    assert_eq!(span.start_ms, at("2026-02-28T10:30:15", 60));
}

#[test]
fn a_clock_time_alone_is_the_latest() {
    assert_times(&[
        ("9am", "2026-11-26T09:00", ""),
        ("9 am", "2026-11-26T09:00", ""),
        ("9 a.m.", "2026-11-26T09:00", ""),
        ("at 9", "2026-11-26T09:00", ""),
        ("at nine", "2026-11-26T09:00", ""),
        ("11am", "2026-11-25T11:00", ""),
        ("9:30", "2026-11-26T09:30", ""),
        ("9:30pm", "2026-11-25T21:30", ""),
        ("14:05:10", "2026-11-25T14:05:10", ""),
        ("14:05:10.250", "2026-11-25T14:05:10.250", ""),
        ("9 o'clock", "2026-11-26T09:00", ""),
        ("half past nine", "2026-11-26T09:30", ""),
        ("quarter to 10", "2026-11-26T09:45", ""),
        ("midnight", "2026-11-26T00:00", ""),
        ("noon", "2026-11-25T12:00", ""),
        ("12am", "2026-11-26T00:00", ""),
        ("12pm", "2026-11-25T12:00", ""),
    ]);
}

#[test]
fn a_part_of_a_day_is_a_span() {
    assert_times(&[
        ("this morning", "2026-11-26T06:00", "2026-11-26T12:00"),
        ("this afternoon", "2026-11-26T12:00", "2026-11-26T18:00"),
        ("in the morning", "2026-11-26T06:00", "2026-11-26T12:00"),
        ("this evening", "2026-11-26T18:00", "2026-11-27T00:00"),
        ("tonight", "2026-11-26T18:00", "2026-11-27T00:00"),
        ("this night", "2026-11-26T00:00", "2026-11-26T06:00"),
        ("yesterday morning", "2026-11-25T06:00", "2026-11-25T12:00"),
        ("monday evening", "2026-11-23T18:00", "2026-11-24T00:00"),
        ("last night", "2026-11-25T18:00", "2026-11-26T06:00"),
        ("monday night", "2026-11-23T18:00", "2026-11-24T06:00"),
        ("the morning of nov 1", "2026-11-01T06:00", "2026-11-01T12:00"),
        ("thursday evening", "2026-11-19T18:00", "2026-11-20T00:00"),
    ]);
}

#[test]
fn a_day_and_a_clock_stand_in_either_order() {
    assert_times(&[
        ("yesterday 9am", "2026-11-25T09:00", ""),
        ("yesterday at 9am", "2026-11-25T09:00", ""),
        ("yesterday at 9", "2026-11-25T09:00", ""),
        ("9am yesterday", "2026-11-25T09:00", ""),
        ("at 14:00 on monday", "2026-11-23T14:00", ""),
        ("monday at noon", "2026-11-23T12:00", ""),
        ("thursday 11am", "2026-11-19T11:00", ""),
        ("thursday 10am", "2026-11-26T10:00", ""),
        ("the day before yesterday at noon", "2026-11-24T12:00", ""),
        ("2026-11-01T09:00", "2026-11-01T09:00", ""),
        ("2026-11-01 09:00:30.125", "2026-11-01T09:00:30.125", ""),
        ("nov 1 at 5pm", "2026-11-01T17:00", ""),
        ("5pm on nov 1, 2025", "2025-11-01T17:00", ""),
        ("Wed Aug 05 12:00:00 2015", "2015-08-05T12:00", ""),
        ("yesterday evening at 8:30", "2026-11-25T20:30", ""),
        ("tomorrow 24:00", "2026-11-28T00:00", ""),
    ]);
}

#[test]
fn a_zone_that_is_written_counts_and_not_the_speakers() {
    for (words, utc) in [
        ("2026-11-01T09:00:00.123Z", "2026-11-01T09:00:00.123"),
        ("2026-11-01 09:00+02:00", "2026-11-01T07:00"),
        ("2026-11-01 09:00-05:00", "2026-11-01T14:00"),
        ("2026-11-01 09:00 -0500", "2026-11-01T14:00"),
        ("2026-11-01 09:00 UTC", "2026-11-01T09:00"),
        ("2026-11-01 09:00 EST", "2026-11-01T14:00"),
        ("nov 1 9am PDT", "2026-11-01T16:00"),
        ("yesterday 9am utc", "2026-11-25T09:00"),
        ("09:00 GMT+2", "2026-11-26T07:00"),
        ("1793956500", "2026-11-06T09:15"),
        ("1793956500123", "2026-11-06T09:15:00.123"),
    ] {
        for offset in [NEW_YORK, BERLIN] {
            let ms = at(utc, 0);
            assert_eq!(
                time(words, &speaker(offset)),
                Some((Span { start_ms: ms, end_ms: ms }, words.len())),
                "{words}"
            );
        }
    }
}

#[test]
fn a_time_ends_where_a_word_does() {
    let here = speaker(BERLIN);
    for (text, words) in [
        ("yesterday, please", "yesterday"),
        ("monday 9am-batch", "monday"),
        ("yesterday's orders", "yesterday"),
        ("9:30.", "9:30"),
        ("nov 1 and then", "nov 1"),
        ("2 hours ago or so", "2 hours ago"),
        ("monday 5 orders", "monday"),
        ("now from orders", "now"),
        ("2026-11-01 and 2026-11-03", "2026-11-01"),
        ("2 days from orders", "2 days"),
    ] {
        assert_eq!(time(text, &here).map(|(_, read)| &text[..read]), Some(words), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    let here = speaker(BERLIN);
    for text in [
        "",
        " ",
        "orders",
        "mondays_orders",
        "todayish",
        "today-events",
        "now.orders",
        "5m-rollups",
        "20261101",
        "9",
        "99",
        "2026-13-01",
        "2026-02-30",
        "feb 30",
        "nov 31, 2026",
        "25:00",
        "9:75",
        "13am",
        "0am",
        "12345678901",
        "last",
        "this",
        "next 2020-05-05",
        "last 10:00",
        "99999999999999999999999 hours ago",
        "999999999999999 years ago",
        "9999999 years",
        "the",
        "in",
        "at",
        "mondayé",
        "１２:00",
        "in in in",
        "a",
        "an",
        "half",
        "ago",
        "20th century",
        "18446744073709551615 days ago",
        "10000 years ago",
    ] {
        if let Some((span, read)) = time(text, &here) {
            panic!("{text:?} is read up to {read} as {span:?}");
        }
    }
}

#[test]
fn a_duration_is_milliseconds() {
    const MINUTE: u64 = 60_000;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    for (words, ms) in [
        ("7 days", 7 * DAY),
        ("7-day", 7 * DAY),
        ("7d", 7 * DAY),
        ("thirty-day", 30 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1 h 30 m", 90 * MINUTE),
        ("two weeks", 14 * DAY),
        ("a fortnight", 14 * DAY),
        ("an hour and a half", 90 * MINUTE),
        ("two and a half hours", 150 * MINUTE),
        ("half an hour", 30 * MINUTE),
        ("half a day", 12 * HOUR),
        ("90 min", 90 * MINUTE),
        ("1.5 hours", 90 * MINUTE),
        ("0,5 hours", 30 * MINUTE),
        ("5m", 5 * MINUTE),
        ("1,500 ms", 1500),
        ("1,000,000 ms", 1_000_000),
        ("250ms", 250),
        ("1 minute", MINUTE),
        ("30 seconds", 30_000),
        ("1 month", 30 * DAY),
        ("1.5 months", 45 * DAY),
        ("1 year", 365 * DAY),
        ("1 year, 2 months and 3 days", 428 * DAY),
        ("0 ms", 0),
        ("TWO DAYS", 2 * DAY),
        ("twenty one days", 21 * DAY),
    ] {
        assert_eq!(duration(words), Some((ms, words.len())), "{words}");
        let followed = format!("{words} retention");
        assert_eq!(duration(&followed), Some((ms, words.len())), "{followed}");
    }
}

#[test]
fn what_is_no_duration_is_none() {
    for text in [
        "",
        "7",
        "days",
        "7 dayss",
        "7day_old",
        "5m-rollups",
        "7 monkeys",
        "99999999999999999999 days",
        "-1 day",
        "a",
        "1h30",
        "18446744073709551615 days",
        "999999999999999999 years",
        "9am",
    ] {
        assert_eq!(duration(text), None, "{text}");
    }
}

#[test]
fn a_range_goes_to_the_end_of_its_second_time() {
    assert_ranges(&[
        ("monday and wednesday", "2026-11-23", "2026-11-26"),
        ("monday to wednesday", "2026-11-23", "2026-11-26"),
        ("monday-wednesday", "2026-11-23", "2026-11-26"),
        ("monday to friday", "2026-11-23", "2026-11-28"),
        ("friday to monday", "2026-11-20", "2026-11-24"),
        ("2026-11-01 and 2026-11-03", "2026-11-01", "2026-11-04"),
        ("2026-11-01 - 2026-11-03", "2026-11-01", "2026-11-04"),
        ("nov 1 and nov 3", "2026-11-01", "2026-11-04"),
        ("nov 30 and dec 2, 2025", "2025-11-30", "2025-12-03"),
        ("yesterday and today", "2026-11-25", "2026-11-27"),
        ("yesterday to now", "2026-11-25", "2026-11-26T10:30:15"),
        ("yesterday 9am until midnight", "2026-11-25T09:00", "2026-11-26T00:00"),
        ("last week and this week", "2026-11-16", "2026-11-30"),
        ("2 hours ago and 1 hour ago", "2026-11-26T08:30:15", "2026-11-26T09:30:15"),
        ("1 day ago and 2 hours ago", "2026-11-25T10:30:15", "2026-11-26T08:30:15"),
        ("september and october", "2026-09-01", "2026-11-01"),
        ("monday 9am and wednesday 5pm", "2026-11-23T09:00", "2026-11-25T17:00"),
    ]);
}

#[test]
fn each_time_of_a_range_lends_what_the_other_leaves_unsaid() {
    assert_ranges(&[
        ("9 and 10 yesterday", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("9 and 10", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("9-10", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("9:00-11:00", "2026-11-26T09:00", "2026-11-26T11:00"),
        ("nine and ten yesterday", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("yesterday 9am and 11am", "2026-11-25T09:00", "2026-11-25T11:00"),
        ("yesterday 10pm and 2am", "2026-11-25T22:00", "2026-11-26T02:00"),
        ("9 to 11am", "2026-11-26T09:00", "2026-11-26T11:00"),
        ("9 to 5pm yesterday", "2026-11-25T09:00", "2026-11-25T17:00"),
        ("9am to 5 yesterday", "2026-11-25T09:00", "2026-11-25T17:00"),
        ("2 and 4pm yesterday", "2026-11-25T14:00", "2026-11-25T16:00"),
        ("yesterday 2pm to 4", "2026-11-25T14:00", "2026-11-25T16:00"),
        ("11 to 1pm yesterday", "2026-11-25T11:00", "2026-11-25T13:00"),
        ("yesterday 9 and 11am", "2026-11-25T09:00", "2026-11-25T11:00"),
        ("yesterday 9 and today 10", "2026-11-25T09:00", "2026-11-26T10:00"),
        ("at 9 and 10 yesterday", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("10pm to 2 yesterday", "2026-11-25T22:00", "2026-11-26T02:00"),
        ("8 and 10 in the evening yesterday", "2026-11-25T20:00", "2026-11-25T22:00"),
        ("9am and 11am on monday", "2026-11-23T09:00", "2026-11-23T11:00"),
        ("monday 22:00 to 02:00", "2026-11-23T22:00", "2026-11-24T02:00"),
        ("9am and noon", "2026-11-26T09:00", "2026-11-26T12:00"),
        ("2 hours ago and now", "2026-11-26T08:30:15", "2026-11-26T10:30:15"),
        ("last monday and wednesday", "2026-11-23", "2026-11-26"),
        ("yesterday morning and evening", "2026-11-25T06:00", "2026-11-26T00:00"),
        ("23:00 and 01:00", "2026-11-25T23:00", "2026-11-26T01:00"),
        ("nov 1 to 3", "2026-11-01", "2026-11-04"),
        ("nov 1-3", "2026-11-01", "2026-11-04"),
        ("1 and 3 november", "2026-11-01", "2026-11-04"),
        ("1st and 3rd of november 2025", "2025-11-01", "2025-11-04"),
        ("2 and 3 hours ago", "2026-11-26T07:30:15", "2026-11-26T08:30:15"),
        ("1 day and 2 hours ago", "2026-11-25T10:30:15", "2026-11-26T08:30:15"),
    ]);
}

#[test]
fn what_would_end_before_it_starts_is_no_range() {
    let here = speaker(BERLIN);
    for text in [
        "today and yesterday",
        "2026-11-03 and 2026-11-01",
        "now and yesterday",
        "monday",
        "9 and",
        "and 10",
        "9 or 10",
        "a and b",
    ] {
        assert_eq!(range(text, &here), None, "{text}");
    }
}

#[test]
fn a_night_has_hours_of_both_halves() {
    assert_times(&[
        ("yesterday at 9 at night", "2026-11-25T21:00", ""),
        ("yesterday at 2 at night", "2026-11-25T02:00", ""),
    ]);
}

#[test]
fn an_end_is_the_next_one_after_the_beginning() {
    assert_ranges(&[
        ("nov 20 and dec 1", "2026-11-20", "2026-12-02"),
        ("dec 30 to jan 2", "2025-12-30", "2026-01-03"),
        ("9 to 5", "2026-11-26T09:00", "2026-11-26T17:00"),
        ("10 and 2 yesterday", "2026-11-25T10:00", "2026-11-25T14:00"),
        ("22 and 2", "2026-11-25T22:00", "2026-11-26T02:00"),
    ]);
}
