//! The promises, on the native doubles.

use std::collections::BTreeMap;

use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{NewRecord, Record};
use proptest::prelude::*;

use super::*;

const SETTINGS: &str = r#"{
    "stream": "flights", "table": "planes", "stream_key_path": "tailnum", "table_key_path": "tailnum", "into": "plane"
}"#;

fn plane(tailnum: &str, seats: u32) -> Record {
    record().with_key(tailnum).with_value(format!(r#"{{"tailnum":"{tailnum}","seats":{seats}}}"#))
}

fn flight(value: &str) -> Record {
    record().with_key("UA").with_value(value).with_timestamp_ms(5).with_header("source", "bts")
}

fn values(outcome: &Outcome) -> Vec<&str> {
    let values = outcome.records.iter().filter_map(|record| record.value.as_deref());
    values.map(|value| std::str::from_utf8(value).expect("text")).collect()
}

fn reasons(outcome: &Outcome) -> Vec<(u64, &str)> {
    outcome.rejections.iter().map(|rejection| (rejection.offset, rejection.reason.as_str())).collect()
}

#[test]
fn a_record_of_the_stream_passes_with_the_latest_row_added() {
    let mut harness = Harness::<EnrichJson>::new(SETTINGS);
    let nothing = harness.process_topic("planes", [plane("N1", 100), plane("N2", 50), plane("N1", 149)]).unwrap();
    assert_eq!(nothing, Outcome::default());

    let flight = flight("{ \"tailnum\" : \"N1\", \"distance\": 1.40e3\n}");
    let outcome = harness.process_topic("flights", [flight.clone()]).unwrap();
    let value = "{ \"tailnum\" : \"N1\", \"distance\": 1.40e3,\"plane\":{\"tailnum\":\"N1\",\"seats\":149}\n}";
    assert_eq!(outcome.records, [NewRecord::from(flight.with_value(value))]);
    assert_eq!(outcome.rejections, []);
}

#[test]
fn without_a_row_the_field_is_null() {
    let outcome = Harness::<EnrichJson>::new(SETTINGS).process_topic("flights", [flight(r#"{"tailnum":"N1"}"#)]);
    assert_eq!(values(&outcome.unwrap()), [r#"{"tailnum":"N1","plane":null}"#]);
}

#[test]
fn a_field_of_this_name_is_replaced() {
    let mut harness = Harness::<EnrichJson>::new(SETTINGS);
    harness.process_topic("planes", [plane("N1", 9)]).unwrap();
    let outcome = harness.process_topic("flights", [flight(r#"{"plane":"old","tailnum":"N1"}"#)]).unwrap();
    assert_eq!(values(&outcome), [r#"{"plane":{"tailnum":"N1","seats":9},"tailnum":"N1"}"#]);
}

#[test]
fn a_row_that_comes_later_changes_nothing_that_was_emitted() {
    let mut harness = Harness::<EnrichJson>::new(SETTINGS);
    harness.process_topic("flights", [flight(r#"{"tailnum":"N1"}"#)]).unwrap();
    assert_eq!(harness.process_topic("planes", [plane("N1", 9)]).unwrap(), Outcome::default());
}

#[test]
fn a_tombstone_deletes_the_row_that_its_key_names() {
    let mut harness = Harness::<EnrichJson>::new(SETTINGS);
    let number = record().with_value(r#"{"tailnum":5.0}"#);
    let truth = record().with_value(r#"{"tailnum":true}"#);
    harness.process_topic("planes", [plane("N1", 1), plane("N2", 2), plane("5", 3), number, truth]).unwrap();
    assert_eq!(harness.state(TABLE).len(), 5);

    let tombstones = ["N1", "5", "true", "none"].map(|key| record().with_key(key));
    assert_eq!(harness.process_topic("planes", tombstones).unwrap(), Outcome::default());
    let left: Vec<_> = harness.state(TABLE).keys().map(|key| String::from_utf8_lossy(key)).collect();
    assert_eq!(left, ["\"N2\""]);

    let outcome = harness.process_topic("planes", [record(), record().with_key([0xff])]).unwrap();
    let reason = "a tombstone whose key is not a text: it names no row";
    assert_eq!(reasons(&outcome), [(9, reason), (10, reason)]);
}

#[test]
fn keys_keep_their_json_type() {
    let mut harness = Harness::<EnrichJson>::new(SETTINGS);
    harness.process_topic("planes", [record().with_value(r#"{"tailnum":5}"#)]).unwrap();
    let flights = [r#"{"tailnum":5.0}"#, r#"{"tailnum":"5"}"#].map(flight);
    let outcome = harness.process_topic("flights", flights).unwrap();
    assert_eq!(values(&outcome), [r#"{"tailnum":5.0,"plane":{"tailnum":5}}"#, r#"{"tailnum":"5","plane":null}"#]);
}

#[test]
fn what_cannot_be_joined_is_rejected_with_the_reason() {
    let no_key = "no key: the value has no tailnum, or it is null";
    let kind = "no key: tailnum is neither a text, a number nor a boolean";
    let cases = [
        ("{", "not JSON: "),
        ("[]", no_key),
        ("{}", no_key),
        (r#"{"tailnum":null}"#, no_key),
        (r#"{"tailnum":[1]}"#, kind),
    ];
    for topic in ["flights", "planes"] {
        let mut harness = Harness::<EnrichJson>::new(SETTINGS);
        let outcome = harness.process_topic(topic, cases.map(|(value, _)| flight(value))).unwrap();
        assert_eq!(outcome.records, []);
        assert_eq!(outcome.rejections.len(), cases.len());
        for ((offset, reason), (_, expected)) in reasons(&outcome).into_iter().zip(cases) {
            assert!(reason.starts_with(expected), "{topic} {offset}: {reason}");
        }
        assert_eq!(harness.state(TABLE).len(), 0);
    }
    let outcome = Harness::<EnrichJson>::new(SETTINGS).process_topic("flights", [record()]).unwrap();
    assert_eq!(reasons(&outcome), [(0, "the record has no value")]);
}

#[test]
fn a_value_that_is_not_an_object_is_rejected() {
    let settings = SETTINGS.replace(r#""stream_key_path": "tailnum""#, r#""stream_key_path": "0""#);
    let outcome = Harness::<EnrichJson>::new(&settings).process_topic("flights", [flight(r#"["N1"]"#)]).unwrap();
    assert_eq!(reasons(&outcome), [(0, "the value is not a JSON object, so no field can be added to it")]);
}

#[test]
fn a_topic_that_the_settings_do_not_name_is_rejected() {
    let outcome = Harness::<EnrichJson>::new(SETTINGS).process_topic("airports", [record()]).unwrap();
    let reason = "airports is neither the stream, flights, nor the table, planes: name it in the settings, or take it out of \
                  the deployment's inputs";
    assert_eq!(reasons(&outcome), [(0, reason)]);
}

#[test]
fn settings_it_cannot_work_with_are_refused() {
    let one_topic = SETTINGS.replace("planes", "flights");
    for settings in ["{}", &one_topic, &SETTINGS.replace("into", "onto")] {
        assert!(Harness::<EnrichJson>::try_new(settings).is_err(), "{settings}");
    }
}

/// A record of the table (key, value or tombstone), or of the stream (key).
#[derive(Debug, Clone)]
enum Event {
    Plane(u8, Option<u32>),
    Flight(u8),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0..4_u8, any::<Option<u32>>()).prop_map(|(key, seats)| Event::Plane(key, seats)),
        (0..4_u8).prop_map(Event::Flight),
    ];
    prop::collection::vec(event, 1..60)
}

proptest! {
    /// The plain way: a map in memory, one record after another.
    #[test]
    fn it_is_what_a_map_would_say(events in events(), restarts in prop::collection::vec(any::<bool>(), 60)) {
        let mut harness = Harness::<EnrichJson>::new(SETTINGS);
        let (mut rows, mut expected, mut found) = (BTreeMap::new(), Vec::new(), Vec::new());
        // As much as comes of one topic in a row makes a batch.
        for (batch, restart) in events.chunk_by(|a, b| matches!(a, Event::Flight(_)) == matches!(b, Event::Flight(_))).zip(restarts) {
            let mut records = Vec::new();
            for event in batch {
                match event {
                    Event::Plane(key, Some(seats)) => {
                        rows.insert(*key, *seats);
                        records.push(plane(&format!("N{key}"), *seats));
                    }
                    Event::Plane(key, None) => {
                        rows.remove(key);
                        records.push(record().with_key(format!("N{key}")));
                    }
                    Event::Flight(key) => {
                        let row = rows.get(key).map(|seats| format!(r#"{{"tailnum":"N{key}","seats":{seats}}}"#));
                        expected.push(format!(r#"{{"tailnum":"N{key}","plane":{}}}"#, row.as_deref().unwrap_or("null")));
                        records.push(flight(&format!(r#"{{"tailnum":"N{key}"}}"#)));
                    }
                }
            }
            let topic = if matches!(batch[0], Event::Flight(_)) { "flights" } else { "planes" };
            let outcome = harness.process_topic(topic, records).unwrap();
            prop_assert_eq!(&outcome.rejections, &[]);
            found.extend(values(&outcome).into_iter().map(str::to_owned));
            if restart {
                harness.restart();
            }
        }
        prop_assert_eq!(found, expected);
    }
}
