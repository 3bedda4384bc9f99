//! The promises, on the native doubles.

use std::collections::BTreeMap;

use kafka_do_sdk::json;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{NewRecord, Record, Rejection};
use proptest::prelude::*;

use super::*;

/// A deployment whose internal topic comes back as input, and whose watermark follows what came through it.
struct Bench {
    harness: Harness<AggregateJson>,
    watermark_ms: Option<i64>,
}

impl Bench {
    fn new(settings: &str) -> Self {
        Self { harness: Harness::new(settings), watermark_ms: None }
    }

    /// A batch, and all that comes of it.
    fn process(&mut self, records: impl IntoIterator<Item = Record>) -> Outcome {
        let mut sent = self.harness.process(records).unwrap();
        let [topic] = self.harness.internal_topics() else { panic!("one internal topic") };
        let topic = topic.clone();
        let mut total = Outcome { rejections: std::mem::take(&mut sent.rejections), ..Outcome::default() };
        let back: Vec<Record> = sent.records.into_iter().map(|sent| came_back(sent, &topic)).collect();
        self.watermark_ms = back.iter().map(|record| record.timestamp_ms).max().max(self.watermark_ms);
        total.extend(self.harness.process_topic(&topic, back).unwrap());
        if let Some(watermark_ms) = self.watermark_ms {
            total.extend(self.harness.advance(watermark_ms).unwrap());
        }
        total
    }

    /// The values of what is emitted.
    fn values(&mut self, records: impl IntoIterator<Item = Record>) -> Vec<String> {
        let outcome = self.process(records);
        assert_eq!(outcome.rejections, []);
        outcome.records.iter().map(value_of).collect()
    }
}

fn came_back(sent: NewRecord, topic: &str) -> Record {
    assert_eq!(sent.topic.as_deref(), Some(topic), "a first step emits to its own topic alone");
    Record { key: sent.key, value: sent.value, timestamp_ms: sent.timestamp_ms.unwrap(), ..record() }
}

trait Extend {
    fn extend(&mut self, more: Outcome);
}

impl Extend for Outcome {
    fn extend(&mut self, more: Outcome) {
        self.records.extend(more.records);
        self.rejections.extend(more.rejections);
    }
}

fn value_of(record: &NewRecord) -> String {
    String::from_utf8(record.value.clone().unwrap()).unwrap()
}

fn sale(json: &str) -> Record {
    record().with_value(json)
}

#[test]
fn groups_run_on_from_batch_to_batch() {
    let mut bench = Bench::new(r#"{"key_path":"item"}"#);
    let first = bench.process([
        sale(r#"{"item":"tea"}"#).with_timestamp_ms(5),
        sale(r#"{"item":"tea"}"#).with_timestamp_ms(3),
        sale(r#"{"item":7}"#),
    ]);
    let expected = [
        NewRecord::new(r#"{"key":"tea","count":2}"#).with_key("tea").with_timestamp_ms(5),
        NewRecord::new(r#"{"key":7,"count":1}"#).with_key("7").with_timestamp_ms(0),
    ];
    assert_eq!(first.records, expected);
    bench.harness.restart();
    assert_eq!(bench.values([sale(r#"{"item":"tea"}"#)]), [r#"{"key":"tea","count":3}"#]);
}

#[test]
fn without_a_key_path_all_records_are_one_group() {
    let mut bench = Bench::new("{}");
    let outcome = bench.process([record(), sale("{"), sale("1")]);
    assert_eq!(
        outcome.records,
        [NewRecord::new(r#"{"key":"all","count":3}"#).with_key("all").with_timestamp_ms(0)],
        "whatever their values are"
    );
}

#[test]
fn each_aggregate_has_a_field_of_its_name() {
    let sales = [r#"{"n":3}"#, r#"{"n":-1.5}"#, r#"{"n":2}"#];
    let cases = [("sum", "3.5"), ("min", "-1.5"), ("max", "3"), ("average", "1.1666666666666667")];
    for (aggregate, value) in cases {
        let mut bench = Bench::new(&format!(r#"{{"aggregate":"{aggregate}","value_path":"n"}}"#));
        assert_eq!(bench.values(sales.map(sale)), [format!(r#"{{"key":"all","{aggregate}":{value}}}"#)]);
    }
}

#[test]
fn decimals_add_up_whatever_their_order() {
    let mut bench = Bench::new(r#"{"aggregate":"sum","value_path":"n"}"#);
    bench.values([sale(r#"{"n":1e100}"#), sale(r#"{"n":0.5}"#)]);
    assert_eq!(bench.values([sale(r#"{"n":-1e100}"#)]), [r#"{"key":"all","sum":0.5}"#]);
    let mut bench = Bench::new(r#"{"aggregate":"sum","value_path":"n"}"#);
    let large = format!(r#"{{"n":{}}}"#, i64::MAX - 1);
    assert_eq!(bench.values([sale(&large), sale(r#"{"n":1}"#)]), [format!(r#"{{"key":"all","sum":{}}}"#, i64::MAX)]);
}

#[test]
fn conditions_leave_records_out_and_time_goes_on() {
    let settings = r#"{"window_ms":100,"where":[{"path":"n","comparison":"greater","operand":1}]}"#;
    let mut bench = Bench::new(settings);
    let of = |n: i64, at: i64| sale(&format!(r#"{{"n":{n}}}"#)).with_timestamp_ms(at);
    assert_eq!(bench.values([of(2, 10), of(0, 20), record().with_timestamp_ms(30)]), [""; 0]);
    let closing = bench.values([of(0, 100)]);
    assert_eq!(closing, [r#"{"key":"all","window_start_ms":0,"window_end_ms":100,"count":1}"#]);
}

#[test]
fn windows_wait_for_their_grace_and_then_a_record_is_late() {
    let mut bench = Bench::new(r#"{"key_path":"k","time_path":"at","window_ms":100,"grace_ms":20}"#);
    let at = |at: i64| sale(&format!(r#"{{"k":"a","at":{at}}}"#));
    assert_eq!(bench.values([at(10), at(119)]), [""; 0]);
    assert_eq!(bench.values([at(20)]), [""; 0], "in its grace");
    let closing = bench.process([at(120)]);
    let window = NewRecord::new(r#"{"key":"a","window_start_ms":0,"window_end_ms":100,"count":2}"#);
    assert_eq!(closing.records, [window.with_key("a").with_timestamp_ms(99)]);
    let [Rejection { reason, .. }] = &bench.process([at(30)]).rejections[..] else { panic!("one is late") };
    assert!(reason.starts_with("late: "), "{reason}");
}

/// What one task sends may be ahead of what another sends to the same partition.
#[test]
fn a_task_that_is_ahead_closes_no_window_before_the_watermark_says_so() {
    let mut harness = Harness::<AggregateJson>::new(r#"{"window_ms":100}"#);
    let topic = harness.internal_topics()[0].clone();
    let of = |at: i64| record().with_key("\"all\"").with_value("").with_timestamp_ms(at);
    assert_eq!(harness.process_topic(&topic, [of(1_000), of(10)]).unwrap(), Outcome::default());
    assert_eq!(harness.advance(50).unwrap(), Outcome::default());
    let closed = harness.advance(1_000).unwrap().records;
    assert_eq!(
        closed.iter().map(value_of).collect::<Vec<_>>(),
        [r#"{"key":"all","window_start_ms":0,"window_end_ms":100,"count":1}"#]
    );
}

#[test]
fn what_cannot_be_aggregated_is_rejected_with_the_reason() {
    let mut bench = Bench::new(r#"{"aggregate":"sum","value_path":"n","key_path":"k","time_path":"t"}"#);
    let cases = [
        (record(), "the record has no value"),
        (sale("{"), "not JSON: "),
        (sale(r#"{"k":1,"t":0}"#), "no number: the value has no n, or it is null"),
        (sale(r#"{"k":1,"t":0,"n":null}"#), "no number: the value has no n, or it is null"),
        (sale(r#"{"k":1,"t":0,"n":"5"}"#), "no number: n is none"),
        (sale(r#"{"t":0,"n":5}"#), "no key: the value has no k, or it is null"),
        (sale(r#"{"k":1,"n":5}"#), "no time: the value has no t, or it is null"),
    ];
    let outcome = bench.process(cases.iter().map(|(record, _)| record.clone()));
    assert_eq!(outcome.records, []);
    assert_eq!(outcome.rejections.len(), cases.len());
    for (rejection, (_, reason)) in outcome.rejections.iter().zip(&cases) {
        assert!(rejection.reason.starts_with(reason), "{} / {reason}", rejection.reason);
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for settings in [
        r#"{"aggregate":"sum"}"#,
        r#"{"value_path":"n"}"#,
        r#"{"aggregate":"median","value_path":"n"}"#,
        r#"{"where":[{"path":"n"}]}"#,
        r#"{"group_by":"n"}"#,
    ] {
        assert!(Harness::<AggregateJson>::try_new(settings).is_err(), "{settings}");
    }
}

#[test]
fn the_state_says_what_it_is_of() {
    let meaning = |settings: &str| {
        let mut bench = Bench::new(settings);
        bench.process([sale(r#"{"n":1,"k":"a"}"#)]);
        let rows = bench.harness.state(MEANING_TABLE);
        String::from_utf8(rows[MEANING_ROW].clone()).unwrap()
    };
    let settings = r#"{"aggregate":"sum","value_path":"n","key_path":"k","window_ms":60000,"grace_ms":5}"#;
    assert_eq!(meaning(settings), "sum of n per k in windows of 60000 ms");
    assert_eq!(meaning("{}"), "count");
}

#[derive(Debug, Clone)]
struct Event {
    group: u8,
    at: i64,
    /// In eighths, which floats hold exactly.
    eighths: i32,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..4_u8, -200..600_i64, -80..80_i32).prop_map(|(group, at, eighths)| Event { group, at, eighths });
    prop::collection::vec(event, 1..80)
}

/// What comes between two batches.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Batch(usize),
    Restart,
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    prop::collection::vec(prop_oneof![4 => (1..9_usize).prop_map(Cut::Batch), 1 => Just(Cut::Restart)], 0..30)
}

impl Event {
    fn record(&self) -> Record {
        let n = f64::from(self.eighths) / 8.0;
        record().with_value(format!(r#"{{"k":{},"n":{n}}}"#, self.group)).with_timestamp_ms(self.at)
    }
}

/// The plain way: all of a group's numbers, and then what is asked of them.
fn naive(aggregate: &str, eighths: &[i32]) -> f64 {
    let sum = f64::from(eighths.iter().sum::<i32>()) / 8.0;
    let count = f64::from(u32::try_from(eighths.len()).unwrap());
    match aggregate {
        "count" => count,
        "sum" => sum,
        "average" => sum / count,
        "min" => f64::from(*eighths.iter().min().unwrap()) / 8.0,
        _ => f64::from(*eighths.iter().max().unwrap()) / 8.0,
    }
}

fn run(settings: &str, events: &[Event], cuts: &[Cut]) -> Vec<NewRecord> {
    let mut bench = Bench::new(settings);
    let mut records: Vec<Record> = events.iter().map(Event::record).collect();
    let mut emitted = Vec::new();
    for cut in cuts.iter().chain(&[Cut::Batch(usize::MAX)]) {
        match cut {
            Cut::Restart => bench.harness.restart(),
            Cut::Batch(count) => {
                let outcome = bench.process(records.drain(..records.len().min(*count)));
                assert_eq!(outcome.rejections, []);
                emitted.extend(outcome.records);
            }
        }
    }
    emitted.extend(bench.harness.advance(1_000_000).unwrap().records);
    emitted
}

const AGGREGATES: [&str; 5] = ["count", "sum", "min", "max", "average"];

fn settings_of(aggregate: &str, more: &str) -> String {
    let value_path = if aggregate == "count" { "" } else { r#""value_path":"n","# };
    format!(r#"{{"aggregate":"{aggregate}",{value_path}"key_path":"k"{more}}}"#)
}

fn number_in(record: &NewRecord, aggregate: &str) -> f64 {
    let field = json::Path::from(aggregate).find(record.value.as_deref().unwrap()).unwrap();
    let Some(json::Field::Number(number)) = field else { panic!("no {aggregate}: {}", value_of(record)) };
    number.as_f64()
}

proptest! {
    #[test]
    fn windows_hold_what_the_plain_way_finds_in_any_batching(
        events in events(),
        cuts in cuts(),
        window_ms in 1..120_i64,
        aggregate in prop::sample::select(AGGREGATES.to_vec()),
    ) {
        // With such a grace none is late.
        let settings = settings_of(aggregate, &format!(r#","window_ms":{window_ms},"grace_ms":1000"#));
        let mut groups: BTreeMap<(i64, u8), Vec<i32>> = BTreeMap::new();
        for Event { group, at, eighths } in &events {
            groups.entry((at.div_euclid(window_ms) * window_ms, *group)).or_default().push(*eighths);
        }
        let emitted = run(&settings, &events, &cuts);
        prop_assert_eq!(emitted.len(), groups.len());
        for (record, ((start, group), eighths)) in emitted.iter().zip(&groups) {
            prop_assert_eq!(record.key.clone(), Some(group.to_string().into_bytes()));
            prop_assert_eq!(record.timestamp_ms, Some(start + window_ms - 1));
            prop_assert_eq!(number_in(record, aggregate).to_bits(), naive(aggregate, eighths).to_bits());
        }
    }

    #[test]
    fn the_last_of_a_running_group_is_what_the_plain_way_finds(
        events in events(),
        cuts in cuts(),
        aggregate in prop::sample::select(AGGREGATES.to_vec()),
    ) {
        let mut groups: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        for Event { group, eighths, .. } in &events {
            groups.entry(group.to_string()).or_default().push(*eighths);
        }
        let emitted = run(&settings_of(aggregate, ""), &events, &cuts);
        let last: BTreeMap<String, f64> = emitted
            .iter()
            .map(|record| (String::from_utf8(record.key.clone().unwrap()).unwrap(), number_in(record, aggregate)))
            .collect();
        let expected: BTreeMap<String, f64> =
            groups.into_iter().map(|(group, eighths)| (group, naive(aggregate, &eighths))).collect();
        prop_assert_eq!(last, expected);
    }
}
