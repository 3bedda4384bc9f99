//! The promises, on the native doubles.

use std::collections::{BTreeMap, BTreeSet};

use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{NewRecord, Record};
use proptest::prelude::*;

use super::*;

const BY_CARRIER: &str = r#"{"key_path":"carrier","time_path":"at","window_ms":100,"grace_ms":20}"#;

fn flight(carrier: &str, at: i64) -> Record {
    record().with_value(format!(r#"{{"carrier":"{carrier}","at":{at}}}"#))
}

fn counted(key: &str, json: &str, start: i64, count: u64) -> NewRecord {
    let end = start + 100;
    NewRecord::new(format!(r#"{{"key":{json},"window_start_ms":{start},"window_end_ms":{end},"count":{count}}}"#))
        .with_key(key)
        .with_timestamp_ms(end - 1)
}

#[test]
fn a_window_is_emitted_when_stream_time_passes_its_end_and_grace() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    let open = harness.process([flight("UA", 10), flight("AA", 20), flight("UA", 99), flight("UA", 119)]).unwrap();
    assert_eq!(open, Outcome::default());

    let closing = harness.process([flight("UA", 120)]).unwrap();
    assert_eq!(closing.records, [counted("AA", "\"AA\"", 0, 1), counted("UA", "\"UA\"", 0, 2)]);
    assert_eq!(closing.rejections, []);
}

#[test]
fn within_the_grace_a_record_still_counts_and_after_it_is_late() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    let outcome =
        harness.process([flight("UA", 1), flight("UA", 119), flight("UA", 2), flight("UA", 120), flight("UA", 3)]);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.records, [counted("UA", "\"UA\"", 0, 2)]);
    let [late] = outcome.rejections.as_slice() else { panic!("one is late: {outcome:?}") };
    assert_eq!(late.offset, 4);
    assert_eq!(
        late.reason,
        "late: its window ended at 1970-01-01T00:00:00.1Z, and event time had come to 1970-01-01T00:00:00.12Z"
    );
}

#[test]
fn keys_keep_their_json_type() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    let of = |key: &str| record().with_value(format!(r#"{{"carrier":{key},"at":0}}"#));
    harness.process([of("5"), of("5.0"), of("\"5\""), of("true"), of(r#""\u00e9\"""#)]).unwrap();
    let outcome = harness.process([flight("UA", 1000)]).unwrap();
    let expected = [
        counted("5", "\"5\"", 0, 1),
        counted("é\"", r#""é\"""#, 0, 1),
        counted("5", "5", 0, 2),
        counted("true", "true", 0, 1),
    ];
    assert_eq!(outcome.records, expected.map(|record| record));
}

#[test]
fn times_are_rfc_3339_or_milliseconds() {
    for at in ["\"1970-01-01T00:00:00.150Z\"", "\"1970-01-01T01:00:00.150+01:00\"", "150", "150.9"] {
        let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
        harness.process([record().with_value(format!(r#"{{"carrier":"UA","at":{at}}}"#))]).unwrap();
        let outcome = harness.process([flight("UA", 1000)]).unwrap();
        assert_eq!(outcome.records, [counted("UA", "\"UA\"", 100, 1)], "{at}");
    }
}

#[test]
fn what_cannot_be_counted_is_rejected_with_the_reason() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    let cases = [
        (record(), "the record has no value"),
        (record().with_value("{"), "not JSON: "),
        (record().with_value(r#"{"at":1}"#), "no key: the value has no carrier, or it is null"),
        (record().with_value(r#"{"at":1,"carrier":null}"#), "no key: the value has no carrier, or it is null"),
        (record().with_value(r#"{"at":1,"carrier":[1]}"#), "no key: carrier is neither"),
        (record().with_value(r#"{"carrier":"UA"}"#), "no time: the value has no at, or it is null"),
        (record().with_value(r#"{"carrier":"UA","at":"yesterday"}"#), "no time: at is neither"),
        (record().with_value(r#"{"carrier":"UA","at":1e300}"#), "no time: at is neither"),
        (record().with_value(r#"{"carrier":"UA","at":true}"#), "no time: at is neither"),
    ];
    let outcome = harness.process(cases.iter().map(|(record, _)| record.clone())).unwrap();
    assert_eq!(outcome.records, []);
    assert_eq!(outcome.rejections.len(), cases.len());
    for (rejection, (_, reason)) in outcome.rejections.iter().zip(&cases) {
        assert!(rejection.reason.starts_with(reason), "{} / {reason}", rejection.reason);
    }
}

#[test]
fn the_watermark_closes_windows_of_record_time_only() {
    let by_record_time = r#"{"key_path":"carrier","window_ms":100}"#;
    let mut harness = Harness::<CountWindow>::new(by_record_time);
    harness.process([flight("UA", 0).with_timestamp_ms(50)]).unwrap();
    assert_eq!(harness.advance(99).unwrap(), Outcome::default());
    assert_eq!(harness.advance(100).unwrap().records, [counted("UA", "\"UA\"", 0, 1)]);
    let late = harness.process([flight("UA", 0).with_timestamp_ms(50)]).unwrap();
    assert_eq!(late.rejections.len(), 1);

    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    harness.process([flight("UA", 50)]).unwrap();
    assert_eq!(harness.advance(1_000_000).unwrap(), Outcome::default());
}

#[test]
fn a_closed_window_leaves_no_state() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    harness.process((0..500).map(|n| flight(&n.to_string(), n / 5))).unwrap();
    harness.process([flight("UA", 100_000)]).unwrap();
    assert_eq!(harness.state(TABLE).len(), 2, "the stream time and the last window");
}

#[test]
fn more_windows_close_at_once_than_one_scan_reads() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    harness.process((0..2_500).map(|n| flight(&n.to_string(), 0))).unwrap();
    assert_eq!(harness.process([flight("UA", 100_000)]).unwrap().records.len(), 2_500);
}

#[test]
fn more_windows_close_at_once_than_one_call_emits() {
    let mut harness = Harness::<CountWindow>::new(BY_CARRIER);
    harness.process((0..45_000).map(|n| flight(&format!("{n:05}"), 0))).unwrap();
    let mut records = harness.process([flight("UA", 100_000)]).unwrap().records;
    assert_eq!(records.len(), 20_000);
    for emitted in [40_000, 45_000, 45_000] {
        records.extend(harness.wake().unwrap().records);
        assert_eq!(records.len(), emitted);
    }
    assert!(records.is_sorted_by_key(|record| record.key.clone()));
    assert_eq!(harness.wake_at_ms(), None);
}

#[test]
fn settings_it_does_not_know_are_refused() {
    for settings in ["{}", r#"{"key_path":"a","window_ms":1,"x":1}"#, r#"{"key_path":"a","window_ms":"1"}"#] {
        assert!(Harness::<CountWindow>::try_new(settings).is_err(), "{settings}");
    }
}

/// The plain way: everything in memory, one record after another.
fn model(events: &[(u8, i64)], window_ms: i64, grace_ms: i64) -> (BTreeMap<(i64, u8), u64>, BTreeSet<u64>) {
    let (mut counts, mut late, mut stream_time) = (BTreeMap::new(), BTreeSet::new(), i64::MIN);
    for (offset, &(key, at)) in (0..).zip(events) {
        stream_time = stream_time.max(at);
        let start = at.div_euclid(window_ms) * window_ms;
        if start + window_ms + grace_ms <= stream_time {
            late.insert(offset);
        } else {
            *counts.entry((start, key)).or_default() += 1;
        }
    }
    counts.retain(|(start, _), _| start + window_ms + grace_ms <= stream_time);
    (counts, late)
}

/// One call to the plugin, or what comes between two.
#[derive(Debug, Clone)]
enum Step {
    Batch(usize),
    Restart,
    Advance,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![4 => (1..9_usize).prop_map(Step::Batch), 1 => Just(Step::Restart), 1 => Just(Step::Advance)];
    prop::collection::vec(step, 0..30)
}

proptest! {
    #[test]
    fn batches_and_restarts_do_not_change_what_is_counted(
        events in prop::collection::vec((0..4_u8, -200..600_i64), 1..80),
        window_ms in 1..120_i64,
        grace_ms in 0..60_i64,
        steps in steps(),
    ) {
        let settings = format!(r#"{{"key_path":"k","time_path":"t","window_ms":{window_ms},"grace_ms":{grace_ms}}}"#);
        let mut harness = Harness::<CountWindow>::new(&settings);
        let mut records: Vec<Record> =
            events.iter().map(|(key, at)| record().with_value(format!(r#"{{"k":{key},"t":{at}}}"#))).collect();
        let mut total = Outcome::default();
        let rest = [Step::Batch(usize::MAX)];
        for step in steps.iter().chain(&rest) {
            let outcome = match step {
                Step::Batch(count) => harness.process(records.drain(..records.len().min(*count))).unwrap(),
                Step::Advance => harness.advance(10_000).unwrap(),
                Step::Restart => {
                    harness.restart();
                    continue;
                }
            };
            total.records.extend(outcome.records);
            total.rejections.extend(outcome.rejections);
        }

        let (counts, late) = model(&events, window_ms, grace_ms);
        // The model's keys are single digits: in the order of their text as well.
        let expected: Vec<NewRecord> = counts
            .into_iter()
            .map(|((start, key), count)| {
                let end = start + window_ms;
                NewRecord::new(format!(r#"{{"key":{key},"window_start_ms":{start},"window_end_ms":{end},"count":{count}}}"#))
                    .with_key(key.to_string())
                    .with_timestamp_ms(end - 1)
            })
            .collect();
        prop_assert_eq!(total.records, expected);
        prop_assert_eq!(total.rejections.iter().map(|rejection| rejection.offset).collect::<BTreeSet<_>>(), late);
    }
}
