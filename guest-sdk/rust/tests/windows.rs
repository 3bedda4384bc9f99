//! Tumbling and hopping windows close as a plain model says, however the records are batched and whoever takes over.

use std::collections::{BTreeMap, BTreeSet};

use kafka_do_sdk::json::Number;
use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::windows::{RESULTS_MAX, Sum, TimeStore, TimeWindows, Windowed};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, Record, clock};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "a name ends in its unit")]
struct Settings {
    size_ms: i64,
    advance_ms: i64,
    grace_ms: i64,
}

/// Adds up the numbers that are the records' values, by record key.
struct SumUp(TimeStore<Sum>);

impl Processor for SumUp {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Adds up numbers.").with_table("windows")
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        let windows = TimeWindows::hopping(settings.size_ms, settings.advance_ms).with_grace_ms(settings.grace_ms);
        TimeStore::open(Table::open("windows")?, windows).map(Self)
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        for record in &batch.records {
            let text = std::str::from_utf8(record.value.as_deref().unwrap_or_default()).unwrap_or_default();
            let Some(number) = Number::parse(text) else { return Err(Failure::reject("no number")) };
            let key = record.key.as_deref().unwrap_or_default();
            if let Err(late) = self.0.add(record.timestamp_ms, key, |sum| sum.add(number)) {
                output.reject(record, late);
            }
        }
        self.emit(output)
    }

    fn advance(&mut self, _: i64, output: &mut Output) -> Result<(), Failure> {
        self.emit(output)
    }
}

impl SumUp {
    fn emit(&mut self, output: &mut Output) -> Result<(), Failure> {
        for Windowed { key, start_ms, end_ms, aggregate } in self.0.settle()? {
            output.emit(sum(&key, start_ms, end_ms, &aggregate.value().to_string()));
        }
        if self.0.has_more() {
            clock::wake_at(Some(clock::now_ms()));
        }
        Ok(())
    }
}

fn number(key: impl Into<Vec<u8>>, at: i64, value: i64) -> Record {
    record().with_key(key).with_timestamp_ms(at).with_value(value.to_string())
}

fn sum(key: &[u8], start_ms: i64, end_ms: i64, value: &str) -> NewRecord {
    NewRecord::new(format!("{value} from {start_ms}")).with_key(key).with_timestamp_ms(end_ms)
}

fn harness(size_ms: i64, advance_ms: i64, grace_ms: i64) -> Harness<SumUp> {
    Harness::new(&format!(r#"{{"size_ms":{size_ms},"advance_ms":{advance_ms},"grace_ms":{grace_ms}}}"#))
}

#[test]
fn a_record_is_in_each_hopping_window_that_spans_it() {
    let mut harness = harness(10, 4, 0);
    let outcome = harness.process([number("a", 9, 1), number("a", 0, 2), number("b", 100, 0)]).unwrap();
    // Stream time is at 9 when 0 comes: of its windows, those that end at 2 and 6 have closed.
    assert_eq!(outcome.records, [sum(b"a", 0, 10, "3"), sum(b"a", 4, 14, "1"), sum(b"a", 8, 18, "1")]);
    assert_eq!(outcome.rejections, [], "a record is late where all of its windows have closed, and not before");
}

#[test]
fn a_record_is_late_when_its_last_window_has_closed() {
    let mut harness = harness(10, 4, 0);
    let outcome =
        harness.process([number("a", 10, 1), number("a", 3, 1), number("a", 0, 1), number("a", -1, 1)]).unwrap();
    assert_eq!(outcome.rejections.iter().map(|rejection| rejection.offset).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(
        outcome.rejections[0].reason,
        "late: its window ended at 1970-01-01T00:00:00.01Z, and event time had come to 1970-01-01T00:00:00.01Z"
    );
}

#[test]
fn an_advance_out_of_range_is_the_nearest_in_range() {
    for advance_ms in [10, 11, i64::MAX] {
        let mut harness = harness(10, advance_ms, 0);
        let outcome = harness.process([number("a", 9, 1), number("a", 20, 1)]).unwrap();
        assert_eq!(outcome.records, [sum(b"a", 0, 10, "1")], "{advance_ms}");
    }
    assert_eq!(harness(2, 0, 0).process([number("a", 1, 1), number("a", 50, 1)]).unwrap().records.len(), 2);
}

#[test]
fn windows_without_end_are_refused() {
    let refused = Harness::<SumUp>::try_new(r#"{"size_ms":31536000000,"advance_ms":1,"grace_ms":0}"#).err();
    assert!(matches!(refused, Some(Failure::Fatal(_))), "{refused:?}");
}

#[test]
fn times_at_the_ends_of_their_range_are_windowed() {
    let mut harness = harness(1_000, 300, 5);
    let outcome = harness.process([number("a", i64::MIN, 1), number("a", 0, 1), number("a", i64::MAX, 1)]).unwrap();
    assert_eq!(outcome.rejections, []);
    assert!(!outcome.records.is_empty());
}

/// Deployments hold such rows: `1 | start | key`, the start with its sign flipped, and the stream time in the row `0`.
#[test]
fn rows_keep_their_form() {
    let mut harness = harness(100, 100, 0);
    harness.process([number("key", 250, 7)]).unwrap();
    let rows: Vec<&[u8]> = harness.state("windows").keys().map(Vec::as_slice).collect();
    assert_eq!(rows, [&[0][..], &[1, 0x80, 0, 0, 0, 0, 0, 0, 200, b'k', b'e', b'y']]);
    assert_eq!(harness.state("windows")[&[0][..]], 250_i64.to_be_bytes());
}

#[test]
fn more_windows_close_at_once_than_one_call_hands_out() {
    const COUNT: usize = 2 * RESULTS_MAX + 5_000;
    let mut harness = harness(10, 10, 50);
    let key = |n: usize| format!("{n:05}");
    harness.process((0..COUNT).zip([0, 10, 20].into_iter().cycle()).map(|(n, at)| number(key(n), at, 1))).unwrap();

    // The call that closes them adds to some as well, and to one that was never stored.
    let closing = [number("00004", 10, 5), number("new", 10, 5), number(key(COUNT - 1), 20, 5), number("z", 1_000, 1)];
    let mut records = harness.process(closing).unwrap().records;
    assert_eq!(records.len(), RESULTS_MAX);
    harness.restart();
    records.extend(harness.process([number("z", 1_000, 1)]).unwrap().records);
    assert_eq!(records.len(), 2 * RESULTS_MAX);
    let late = harness.process([number("00004", 25, 1)]).unwrap();
    assert_eq!(late.rejections.len(), 1, "a window that waits is closed");
    records.extend(late.records);
    records.extend(harness.wake().unwrap().records);

    let place = |record: &NewRecord| (record.timestamp_ms, record.key.clone());
    assert!(records.is_sorted_by_key(place));
    let distinct: BTreeSet<_> = records.iter().map(place).collect();
    assert_eq!((records.len(), distinct.len()), (COUNT + 1, COUNT + 1));
    assert_eq!(
        records.iter().filter(|record| record.value.as_deref().is_some_and(|value| value.starts_with(b"6"))).count(),
        2
    );
    assert_eq!(harness.state("windows").len(), 2);
}

/// The plain way: everything in memory, one record after another.
fn model(events: &[(u8, i64, i64)], size_ms: i64, advance_ms: i64, grace_ms: i64) -> (Vec<NewRecord>, BTreeSet<u64>) {
    let (mut sums, mut late, mut stream_time) = (BTreeMap::<(i64, u8), i64>::new(), BTreeSet::new(), i64::MIN);
    for (offset, &(key, at, value)) in (0..).zip(events) {
        stream_time = stream_time.max(at);
        let mut is_late = true;
        for start in (at - size_ms + 1..=at).filter(|start| start.rem_euclid(advance_ms) == 0) {
            if start + size_ms + grace_ms > stream_time {
                *sums.entry((start, key)).or_default() += value;
                is_late = false;
            }
        }
        if is_late {
            late.insert(offset);
        }
    }
    sums.retain(|(start, _), _| start + size_ms + grace_ms <= stream_time);
    let record = |((start, key), value): ((i64, u8), i64)| sum(&[key], start, start + size_ms, &value.to_string());
    (sums.into_iter().map(record).collect(), late)
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
    fn batches_and_restarts_do_not_change_the_windows(
        events in prop::collection::vec((0..4_u8, -200..600_i64, any::<i32>().prop_map(i64::from)), 1..80),
        size_ms in 1..120_i64,
        advance_ms in 1..120_i64,
        grace_ms in 0..60_i64,
        steps in steps(),
    ) {
        let advance_ms = advance_ms.min(size_ms);
        let mut harness = harness(size_ms, advance_ms, grace_ms);
        let mut records: Vec<Record> =
            events.iter().map(|(key, at, value)| number([*key], *at, *value)).collect();
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
        let (sums, late) = model(&events, size_ms, advance_ms, grace_ms);
        prop_assert_eq!(total.records, sums);
        prop_assert_eq!(total.rejections.iter().map(|rejection| rejection.offset).collect::<BTreeSet<_>>(), late);
    }
}
