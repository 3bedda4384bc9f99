//! The share of dateparser's English cases in which a time means the same here. See `corpus/extract.py` for which they are.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use spoken_time::{Speaker, time};

const CASES: &str = include_str!("../corpus/dateparser-en.tsv");
/// In thousandths of the cases. Raise it when the grammar learns more.
const AGREEMENT_MIN: usize = 910;

fn ms(text: &str) -> i64 {
    let local: DateTime = text.parse().expect("the corpus has ISO times");
    Offset::UTC.to_timestamp(local).expect("a log's years").as_millisecond()
}

/// Nothing but punctuation is left unread, and the expected instant is in the span, or is it.
fn agrees(text: &str, now_ms: i64, expected_ms: i64) -> Result<(), String> {
    let speaker = Speaker { now_ms, utc_offset_minutes: 0 };
    let (span, read) = time(text, &speaker).ok_or("not read")?;
    let rest = &text[read..];
    if rest.contains(|c: char| c.is_alphanumeric()) {
        return Err(format!("left unread: {rest:?}"));
    }
    let inside = expected_ms == span.start_ms || (span.start_ms..span.end_ms).contains(&expected_ms);
    let shown = |ms| spoken_time::write_time(ms, &speaker);
    inside
        .then_some(())
        .ok_or_else(|| format!("{} to {}, not {}", shown(span.start_ms), shown(span.end_ms), shown(expected_ms)))
}

#[test]
fn most_of_the_cases_of_dateparser_mean_the_same() {
    let cases: Vec<Vec<&str>> =
        CASES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    let mut agreed = 0;
    for case in &cases {
        match agrees(case[0], ms(case[1]), ms(case[2])) {
            Ok(()) => agreed += 1,
            Err(why) => println!("{:<40} ({}, {}): {why}", case[0], case[4], case[1]),
        }
    }
    println!("{agreed} of {} agree, {} in a thousand", cases.len(), agreed * 1000 / cases.len());
    assert!(agreed * 1000 / cases.len() >= AGREEMENT_MIN);
}
