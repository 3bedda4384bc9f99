//! The promises, on the native doubles.

use std::collections::BTreeSet;

use kafka_do_sdk::Record;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use proptest::prelude::*;

use super::*;

const BY_PLANE: &str = r#"{"key_path":"plane","time_path":"at","gap_ms":10,"grace_ms":5}"#;

fn flight(plane: &str, at: i64) -> Record {
    record().with_value(format!(r#"{{"plane":"{plane}","at":{at}}}"#))
}

fn session(plane: &str, start_ms: i64, end_ms: i64, count: u64) -> NewRecord {
    NewRecord::new(format!(r#"{{"key":"{plane}","start_ms":{start_ms},"end_ms":{end_ms},"count":{count}}}"#))
        .with_key(plane)
        .with_timestamp_ms(end_ms)
}

#[test]
fn a_session_is_emitted_when_stream_time_is_beyond_its_end_gap_and_grace() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let open = harness.process([flight("N2", 0), flight("N2", 10), flight("N1", 3), flight("N3", 25)]).unwrap();
    assert_eq!(open.records, [session("N1", 3, 3, 1)], "the session that ends at 10 is open at 25");
    assert_eq!(harness.process([flight("N3", 26)]).unwrap().records, [session("N2", 0, 10, 2)]);
}

#[test]
fn a_record_within_the_gap_of_two_sessions_makes_them_one() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    harness.process([flight("N1", 0), flight("N1", 15)]).unwrap();
    assert_eq!(harness.process([flight("N1", 8)]).unwrap(), Outcome::default());
    assert_eq!(harness.process([flight("N2", 100)]).unwrap().records, [session("N1", 0, 15, 3)]);
}

#[test]
fn records_further_apart_than_the_gap_are_of_two_sessions() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let outcome = harness.process([flight("N1", 0), flight("N1", 11), flight("N2", 100)]).unwrap();
    assert_eq!(outcome.records, [session("N1", 0, 0, 1), session("N1", 11, 11, 1)]);
}

#[test]
fn a_record_whose_session_has_closed_is_late() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let outcome = harness.process([flight("N1", 100), flight("N2", 85), flight("N3", 84), flight("N1", 90)]).unwrap();
    assert_eq!(outcome.records, []);
    let [late] = outcome.rejections.as_slice() else { panic!("one is late: {outcome:?}") };
    assert_eq!(late.offset, 2);
    assert_eq!(
        late.reason,
        "late: its window ended at 1970-01-01T00:00:00.084Z, and event time had come to 1970-01-01T00:00:00.1Z"
    );
}

#[test]
fn an_old_record_is_not_late_where_its_session_is_open() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let outcome = harness.process([flight("N1", 90), flight("N2", 100), flight("N1", 81)]).unwrap();
    assert_eq!(outcome.rejections, []);
    assert_eq!(harness.process([flight("N2", 106)]).unwrap().records, [session("N1", 81, 90, 2)]);
}

#[test]
fn a_closed_session_is_final() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    harness.process([flight("N1", 0), flight("N2", 20)]).unwrap();
    // The first session of N1 is closed at 20, and 8 is not late: it is out of order by more than the grace.
    let outcome = harness.process([flight("N1", 8), flight("N2", 100)]).unwrap();
    assert_eq!(outcome.records, [session("N1", 8, 8, 1), session("N2", 20, 20, 1)]);
    assert_eq!(outcome.rejections, []);
}

#[test]
fn what_is_no_event_is_rejected_with_the_reason() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let cases = [
        (record(), "the record has no value"),
        (record().with_value("{"), "not JSON: "),
        (record().with_value(r#"{"at":1}"#), "no key: the value has no plane, or it is null"),
        (record().with_value(r#"{"plane":"N1","at":"yesterday"}"#), "no time: at is neither"),
    ];
    let outcome = harness.process(cases.iter().map(|(record, _)| record.clone())).unwrap();
    assert_eq!(outcome.records, []);
    assert_eq!(outcome.rejections.len(), cases.len());
    for (rejection, (_, reason)) in outcome.rejections.iter().zip(&cases) {
        assert!(rejection.reason.starts_with(reason), "{} / {reason}", rejection.reason);
    }
}

#[test]
fn the_watermark_closes_sessions_of_record_time_only() {
    let mut harness = Harness::<Sessions>::new(r#"{"key_path":"plane","gap_ms":10}"#);
    harness.process([flight("N1", 0).with_timestamp_ms(50)]).unwrap();
    assert_eq!(harness.advance(60).unwrap(), Outcome::default());
    assert_eq!(harness.advance(61).unwrap().records, [session("N1", 50, 50, 1)]);

    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    harness.process([flight("N1", 50)]).unwrap();
    assert_eq!(harness.advance(1_000_000).unwrap(), Outcome::default());
}

/// Deployments hold such rows: `0` is the stream time, `1 | key` when to look at the key and its sessions, and `2 | time | key`
/// the index of those times. Times have their sign flipped.
#[test]
fn rows_keep_their_form() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    harness.process([flight("N", 8), flight("N", 9)]).unwrap();
    harness.process([flight("N", 10)]).unwrap();
    let time = |ms: u8| [0x80, 0, 0, 0, 0, 0, 0, ms];
    let (key, looked_at): (&[u8], u8) = (b"\"N\"", 9);
    let sessions = [&time(looked_at)[..], &time(8), &time(10), &[0, 0, 0, 8], &3_u64.to_be_bytes()].concat();
    let rows = [
        (vec![0], 10_i64.to_be_bytes().to_vec()),
        ([&[1], key].concat(), sessions),
        ([&[2], &time(looked_at)[..], key].concat(), Vec::new()),
    ];
    assert_eq!(harness.state(TABLE).clone().into_iter().collect::<Vec<_>>(), rows);
}

#[test]
fn closed_sessions_leave_no_state() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    for round in 0..10 {
        harness.process((0..500).map(|n| flight(&n.to_string(), n / 5 + round * 10))).unwrap();
    }
    harness.process([flight("N1", 100_000)]).unwrap();
    assert_eq!(harness.state(TABLE).len(), 3, "the stream time, the last session, and when to look at it");
}

#[test]
fn more_sessions_close_at_once_than_one_call_emits() {
    const COUNT: i64 = 45_000;
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    // Keys in another order than their ends, and some that were extended after they were first looked at.
    harness.process((0..COUNT).map(|n| flight(&format!("N{n:05}"), n * 7 % 11))).unwrap();
    harness.process((0..COUNT / 2).map(|n| flight(&format!("N{n:05}"), 10))).unwrap();
    let mut records = harness.process([flight("Z", 100_000)]).unwrap().records;
    let late = harness.process([flight("N00000", 1)]).unwrap();
    assert_eq!(late.rejections.len(), 1, "what waits is closed");
    records.extend(late.records);
    while harness.wake_at_ms().is_some() {
        harness.restart();
        let emitted = harness.wake().unwrap().records;
        assert!(emitted.len() <= 20_000);
        records.extend(emitted);
    }
    assert_eq!(records.len(), 45_000);
    assert!(records.is_sorted_by_key(|record| (record.timestamp_ms, record.key.clone())));
    assert_eq!(harness.state(TABLE).len(), 3);
}

#[test]
fn more_sessions_grow_than_one_call_looks_at() {
    let mut harness = Harness::<Sessions>::new(BY_PLANE);
    let keys = || (0..45_000).map(|n| format!("N{n:05}"));
    harness.process(keys().map(|key| flight(&key, 0))).unwrap();
    harness.process(keys().map(|key| flight(&key, 10))).unwrap();
    // All are due by their first record, and none has closed.
    assert_eq!(harness.process([flight("Z", 20)]).unwrap(), Outcome::default());
    while harness.wake_at_ms().is_some() {
        assert_eq!(harness.wake().unwrap(), Outcome::default());
    }
    let mut records = harness.process([flight("Z", 26)]).unwrap().records;
    while harness.wake_at_ms().is_some() {
        records.extend(harness.wake().unwrap().records);
    }
    assert_eq!(records, keys().map(|key| session(&key, 0, 10, 2)).collect::<Vec<_>>());
}

#[test]
fn settings_it_does_not_know_are_refused() {
    for settings in ["{}", r#"{"key_path":"a","gap_ms":1,"x":1}"#, r#"{"key_path":"a","gap_ms":"1"}"#] {
        assert!(Harness::<Sessions>::try_new(settings).is_err(), "{settings}");
    }
}

/// Of one key: start, end and count.
type Span = (i64, i64, u64);

/// The plain way: everything in memory, one record after another, each session closed as soon as it is over.
fn model(events: &[(u8, i64)], gap_ms: i64, grace_ms: i64) -> (Vec<(u8, Span)>, BTreeSet<u64>) {
    let (mut open, mut closed, mut late) = (Vec::<(u8, Span)>::new(), Vec::new(), BTreeSet::new());
    let mut stream_time = i64::MIN;
    for (offset, &(key, at)) in (0..).zip(events) {
        stream_time = stream_time.max(at);
        let is_closed = |end: i64| end + gap_ms + grace_ms < stream_time;
        closed.extend(open.extract_if(.., |(_, (_, end, _))| is_closed(*end)));
        let (mut start, mut end, mut count) = (at, at, 1);
        for (_, other) in open.extract_if(.., |(k, (s, e, _))| *k == key && *s - gap_ms <= at && at <= *e + gap_ms) {
            (start, end, count) = (start.min(other.0), end.max(other.1), count + other.2);
        }
        if is_closed(end) {
            late.insert(offset);
        } else {
            open.push((key, (start, end, count)));
        }
    }
    closed.sort_by_key(|(key, (_, end, _))| (*end, *key));
    (closed, late)
}

/// Where nothing is late: sorted by time and cut at the gaps, as SQL would.
fn sorted_and_cut(events: &[(u8, i64)], gap_ms: i64) -> Vec<(u8, Span)> {
    let mut sorted = events.to_vec();
    sorted.sort_unstable();
    let mut sessions: Vec<(u8, Span)> = Vec::new();
    for (key, at) in sorted {
        match sessions.last_mut() {
            Some((last_key, (_, end, count))) if *last_key == key && at <= *end + gap_ms => {
                (*end, *count) = (at, *count + 1);
            }
            _ => sessions.push((key, (at, at, 1))),
        }
    }
    sessions.sort_by_key(|(key, (_, end, _))| (*end, *key));
    sessions
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

fn run(events: &[(u8, i64)], gap_ms: i64, grace_ms: i64, steps: &[Step]) -> Outcome {
    let settings = format!(r#"{{"key_path":"k","time_path":"t","gap_ms":{gap_ms},"grace_ms":{grace_ms}}}"#);
    let mut harness = Harness::<Sessions>::new(&settings);
    let mut records: Vec<Record> =
        events.iter().map(|(key, at)| record().with_value(format!(r#"{{"k":{key},"t":{at}}}"#))).collect();
    let mut total = Outcome::default();
    for step in steps.iter().chain(&[Step::Batch(usize::MAX)]) {
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
    total
}

fn records_of(sessions: &[(u8, Span)]) -> Vec<NewRecord> {
    let record = |(key, (start, end, count)): &(u8, Span)| {
        NewRecord::new(format!(r#"{{"key":{key},"start_ms":{start},"end_ms":{end},"count":{count}}}"#))
            .with_key(key.to_string())
            .with_timestamp_ms(*end)
    };
    sessions.iter().map(record).collect()
}

proptest! {
    #[test]
    fn batches_and_restarts_do_not_change_the_sessions(
        events in prop::collection::vec((0..3_u8, -100..300_i64), 1..100),
        gap_ms in 0..40_i64,
        grace_ms in 0..120_i64,
        steps in steps(),
    ) {
        let total = run(&events, gap_ms, grace_ms, &steps);
        let (closed, late) = model(&events, gap_ms, grace_ms);
        prop_assert_eq!(total.records, records_of(&closed));
        prop_assert_eq!(total.rejections.iter().map(|rejection| rejection.offset).collect::<BTreeSet<_>>(), late);
    }

    #[test]
    fn within_the_grace_the_order_of_records_does_not_count(
        mut events in prop::collection::vec((0..3_u8, -100..300_i64), 1..100),
        gap_ms in 0..40_i64,
        steps in steps(),
    ) {
        // Then a record of another group, from so far ahead that all the others close.
        let expected = sorted_and_cut(&events, gap_ms);
        events.push((9, 10_000));
        let total = run(&events, gap_ms, 400, &steps);
        prop_assert_eq!(total.records, records_of(&expected));
        prop_assert_eq!(total.rejections, []);
    }
}
