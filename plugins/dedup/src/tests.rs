//! The promises, on the native doubles.

use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{NewRecord, Record};
use proptest::prelude::*;

use super::*;

const WITHIN_100: &str = r#"{"key_path":"id","within_ms":100}"#;

fn order(id: &str, at_ms: i64) -> Record {
    record().with_value(format!(r#"{{"id":{id}}}"#)).with_timestamp_ms(at_ms)
}

fn passed_times(outcome: &Outcome) -> Vec<Option<i64>> {
    outcome.records.iter().map(|record| record.timestamp_ms).collect()
}

#[test]
fn the_first_passes_as_it_came_and_what_repeats_it_does_not() {
    let first = order("1", 1_000).with_key("k").with_header("h", "v");
    let again = order("1.0", 1_000).with_key("other");
    let outcome = Harness::<DropDuplicates>::new(WITHIN_100).process([first.clone(), again]).unwrap();
    assert_eq!(outcome, Outcome { records: vec![NewRecord::from(first)], rejections: Vec::new() });
}

#[test]
fn a_duplicate_is_near_to_the_last_that_passed_and_prolongs_nothing() {
    let mut harness = Harness::<DropDuplicates>::new(WITHIN_100);
    let outcome = harness.process([0, 60, 100, 101, 150, 201, 202].map(|at| order("1", at))).unwrap();
    assert_eq!(passed_times(&outcome), [Some(0), Some(101), Some(202)]);
}

#[test]
fn the_type_of_a_key_is_part_of_it() {
    let outcome = Harness::<DropDuplicates>::new(WITHIN_100).process([order("1", 0), order("\"1\"", 0)]).unwrap();
    assert_eq!(outcome.records.len(), 2);
}

#[test]
fn records_out_of_order_are_recognised_while_their_like_is_remembered() {
    let mut harness = Harness::<DropDuplicates>::new(WITHIN_100);
    let outcome = harness.process([order("1", 500), order("2", 590), order("1", 450), order("1", 401)]).unwrap();
    assert_eq!(passed_times(&outcome), [Some(500), Some(590)]);
    // Far enough before what passed, it is another record; and then it has duplicates of its own.
    let outcome = harness.process([order("1", 399), order("1", 395)]).unwrap();
    assert_eq!(passed_times(&outcome), [Some(399)]);
}

#[test]
fn what_was_passed_is_remembered_over_a_restart_and_then_forgotten() {
    let mut harness = Harness::<DropDuplicates>::new(WITHIN_100);
    harness.process((0..2_500).map(|id| order(&id.to_string(), 0))).unwrap();
    harness.restart();
    assert_eq!(harness.process([order("7", 100)]).unwrap(), Outcome::default());
    assert!(harness.state(TABLE).len() > 2_500);

    harness.advance(200).unwrap();
    assert!(harness.state(TABLE).len() > 2_500);
    harness.advance(201).unwrap();
    assert_eq!(harness.state(TABLE).len(), 1, "stream time alone is left");
}

#[test]
fn what_has_no_key_is_rejected_with_the_reason() {
    let cases = [
        (record(), "the record has no value"),
        (record().with_value("{"), "not JSON: "),
        (record().with_value("{}"), "no key: the value has no id, or it is null"),
        (order("null", 0), "no key: the value has no id, or it is null"),
        (order("{}", 0), "no key: id is neither a text, a number nor a boolean"),
    ];
    let outcome =
        Harness::<DropDuplicates>::new(WITHIN_100).process(cases.iter().map(|(record, _)| record.clone())).unwrap();
    assert_eq!(outcome.records, []);
    assert_eq!(outcome.rejections.len(), cases.len());
    for (rejection, (_, reason)) in outcome.rejections.iter().zip(&cases) {
        assert!(rejection.reason.starts_with(reason), "{} / {reason}", rejection.reason);
    }
}

#[test]
fn settings_it_does_not_know_are_refused() {
    for settings in ["{}", r#"{"key_path":"a"}"#, r#"{"key_path":"a","within_ms":1,"x":1}"#] {
        assert!(Harness::<DropDuplicates>::try_new(settings).is_err(), "{settings}");
    }
}

proptest! {
    /// The plain way: everything in memory, one record after another.
    #[test]
    fn batches_and_restarts_do_not_change_what_passes(
        events in prop::collection::vec((0..4_u8, 0..400_i64), 1..80),
        within_ms in 0..80_i64,
        batches in prop::collection::vec((1..9_usize, any::<bool>()), 0..30),
    ) {
        let mut expected = Vec::new();
        let mut stream_time = i64::MIN;
        for &(id, at) in &events {
            stream_time = stream_time.max(at);
            let is_known = expected.iter().any(|&(passed_id, passed_at): &(u8, i64)| {
                passed_id == id && passed_at >= stream_time - 2 * within_ms && passed_at.abs_diff(at) <= within_ms.unsigned_abs()
            });
            if !is_known {
                expected.push((id, at));
            }
        }

        let settings = format!(r#"{{"key_path":"id","within_ms":{within_ms}}}"#);
        let mut harness = Harness::<DropDuplicates>::new(&settings);
        let mut records: Vec<Record> = events.iter().map(|(id, at)| order(&id.to_string(), *at)).collect();
        let mut found = Vec::new();
        for (count, restarts) in batches.into_iter().chain([(usize::MAX, false)]) {
            let outcome = harness.process(records.drain(..records.len().min(count))).unwrap();
            found.extend(outcome.records);
            if restarts {
                harness.restart();
            }
        }
        let expected: Vec<NewRecord> = expected.iter().map(|(id, at)| order(&id.to_string(), *at).into()).collect();
        prop_assert_eq!(found, expected);
    }
}
