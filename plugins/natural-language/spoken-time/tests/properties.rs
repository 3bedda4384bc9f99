//! What holds whatever the words are.

use proptest::prelude::*;
use spoken_time::{Span, Speaker, duration, range, time, write_duration, write_time};

/// 0001-01-01 and the end of 9999 in UTC.
const YEARS_MS: std::ops::Range<i64> = -62_135_596_800_000 + 86_400_000..253_402_300_800_000 - 86_400_000;

fn speakers() -> impl Strategy<Value = Speaker> {
    (0_i64..4_000_000_000_000, -14 * 60..14 * 60)
        .prop_map(|(now_ms, utc_offset_minutes)| Speaker { now_ms, utc_offset_minutes })
}

/// Sentences of the vocabulary in no order: they reach deeper than any characters do.
fn babble() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "now",
        "today",
        "yesterday",
        "monday",
        "last",
        "next",
        "this",
        "past",
        "the",
        "in",
        "at",
        "on",
        "of",
        "and",
        "to",
        "-",
        "+",
        ",",
        ":",
        ".",
        "/",
        "9",
        "12",
        "31",
        "2026",
        "99999999999999999",
        "1h30m",
        "9am",
        "pm",
        "12:30",
        "24:00",
        "a",
        "an",
        "half",
        "quarter",
        "couple",
        "twenty",
        "one",
        "hour",
        "hours",
        "days",
        "months",
        "years",
        "centuries",
        "ago",
        "from",
        "later",
        "night",
        "morning",
        "nov",
        "february",
        "29",
        "30th",
        "1st",
        "utc",
        "+02:00",
        "-0500",
        "(CDT)",
        "Z",
        "T",
        "week",
        "month",
        "2026-11-01",
        "11/25/26",
        "1793956500",
        "9999",
        "-9999",
        "before",
        "after",
        "o'clock",
        "\u{e9}",
        "_",
        "'26",
        "tonight",
    ]);
    prop::collection::vec((words, prop::sample::select(vec!["", " ", "  "])), 0..14)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

fn read_all(text: &str, speaker: &Speaker) -> Result<(), TestCaseError> {
    let spans = [time(text, speaker), range(text, speaker)];
    for (span, read) in spans.into_iter().flatten() {
        prop_assert!(span.start_ms <= span.end_ms, "{text:?} ends before it begins: {span:?}");
        prop_assert!(read > 0 && text.is_char_boundary(read));
    }
    if let Some((_, read)) = duration(text) {
        prop_assert!(read > 0 && text.is_char_boundary(read));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_panics_and_no_span_runs_backwards(text in any::<String>(), now_ms: i64, utc_offset_minutes: i32) {
        read_all(&text, &Speaker { now_ms, utc_offset_minutes })?;
        write_time(now_ms, &Speaker { now_ms: 0, utc_offset_minutes });
    }

    #[test]
    fn no_babble_panics_nor_runs_backwards(text in babble(), speaker in speakers()) {
        read_all(&text, &speaker)?;
    }

    /// What was read is the same with nothing after it.
    #[test]
    fn what_follows_a_time_does_not_change_it(text in babble(), speaker in speakers()) {
        if let Some((span, read)) = time(&text, &speaker) {
            let alone = &text[..read];
            prop_assert_eq!(time(alone, &speaker), Some((span, read)), "{:?} and {:?}", alone, text);
            let followed = format!("{alone} where x");
            prop_assert_eq!(time(&followed, &speaker), Some((span, read)), "{}", followed);
        }
    }

    #[test]
    fn a_written_time_is_read_back(ms in YEARS_MS, grain in prop::sample::select(vec![1, 1000, 60_000]), speaker in speakers()) {
        let ms = ms - ms.rem_euclid(grain);
        let words = write_time(ms, &speaker);
        let read = time(&words, &speaker);
        prop_assert_eq!(read, Some((Span { start_ms: ms, end_ms: ms }, words.len())), "{}", words);
    }

    #[test]
    fn a_written_duration_is_read_back(ms: u64, shift in 0_u32..64) {
        let ms = ms >> shift;
        let words = write_duration(ms);
        prop_assert_eq!(duration(&words), Some((ms, words.len())), "{}", words);
    }
}

#[test]
fn durations_are_written_in_the_units_that_they_have() {
    for (ms, words) in [
        (0, "0 ms"),
        (1500, "1500 ms"),
        (1000, "1 second"),
        (5_400_000, "1 hour 30 minutes"),
        (2_592_000_000, "30 days"),
        (86_400_001, "1 day 1 ms"),
    ] {
        assert_eq!(write_duration(ms), words);
    }
}

#[test]
fn times_are_written_as_fine_as_they_are() {
    let speaker = Speaker { now_ms: 0, utc_offset_minutes: -300 };
    for (ms, words) in [
        (1_795_615_200_000, "2026-11-25 09:00"),
        (1_795_615_201_000, "2026-11-25 09:00:01"),
        (1_795_615_200_007, "2026-11-25 09:00:00.007"),
    ] {
        assert_eq!(write_time(ms, &speaker), words);
    }
}
