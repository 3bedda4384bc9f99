//! What comes due at once, and is more than a host takes from one call, is handed out call by call, in its order.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use kafka_do_sdk::joins::{JoinKind, JoinWindows, Side, StreamJoin};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::timers::{FIRED_MAX, Timers, WallClock};
use kafka_do_sdk::windows::RESULTS_MAX;
use kafka_do_sdk::{Batch, Context, Dedup, Description, Failure, NewRecord, NoSettings, Output, Processor, Record};

/// Numbers that stand in the order of their text.
fn numbered(count: usize) -> impl Iterator<Item = (String, Record)> {
    (0..count).map(|n| format!("{n:06}")).map(|key| (key.clone(), record().with_key(key)))
}

fn keys(outcomes: impl IntoIterator<Item = Outcome>) -> Vec<String> {
    let records = outcomes.into_iter().flat_map(|outcome| outcome.records);
    records.map(|record| String::from_utf8(record.key.unwrap()).unwrap()).collect()
}

struct Alarm(Timers<WallClock>);

impl Processor for Alarm {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Says when timers fire.").with_table("timers")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self(Timers::open(Table::open("timers")?)?))
    }

    fn process(&mut self, batch: Batch, _: &mut Output) -> Result<(), Failure> {
        for record in batch.records {
            self.0.set(100, &record.key.unwrap_or_default(), []);
        }
        Ok(())
    }

    fn advance(&mut self, _: i64, output: &mut Output) -> Result<(), Failure> {
        for timer in self.0.fire()? {
            output.emit(NewRecord::tombstone().with_key(timer.key));
        }
        Ok(())
    }
}

#[test]
fn timers_that_wait_ask_for_the_next_call() {
    let mut harness = Harness::<Alarm>::new("{}");
    let (expected, records): (Vec<_>, Vec<_>) = numbered(FIRED_MAX * 2 + 1).unzip();
    harness.process(records).unwrap();
    harness.set_now_ms(100);
    let mut calls = Vec::new();
    while harness.wake_at_ms().is_some() {
        calls.push(harness.wake().unwrap());
        harness.restart();
    }
    assert_eq!(calls.len(), 3);
    assert_eq!(keys(calls), expected);
    assert!(harness.state("timers").is_empty());
}

struct First(Dedup);

impl Processor for First {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Passes the first.").with_table("ids")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self(Dedup::open(Table::open("ids")?, 10, 10)?))
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        for record in batch.records {
            if self.0.is_first(record.timestamp_ms, record.key.as_deref().unwrap_or_default())? {
                output.emit(record);
            }
        }
        Ok(self.0.settle()?)
    }
}

#[test]
fn ids_that_wait_to_be_forgotten_are_no_duplicates() {
    let mut harness = Harness::<First>::new("{}");
    harness.process(numbered(25_000).map(|(_, record)| record)).unwrap();
    let later = || record().with_timestamp_ms(100);
    let after_time = harness.process([later().with_key("next")]).unwrap();
    assert_eq!(keys([after_time]), ["next"]);
    let rows = harness.state("ids").len();
    assert!(rows > 10_000, "{rows} rows: not all go at once");
    let again = harness.process([later().with_key("024999")]).unwrap();
    assert_eq!(keys([again]), ["024999"]);
    harness.process([later().with_key("last")]).unwrap();
    assert_eq!(harness.state("ids").len(), 2 * 3 + 1, "what is left is what came at last, and stream time");
}

/// A left join of the topics `left` and `right`.
struct LeftJoin(StreamJoin);

impl Processor for LeftJoin {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Joins.").with_table("join")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        let windows = JoinWindows::of_difference_ms(10);
        Ok(Self(StreamJoin::open(Table::open("join")?, windows, JoinKind::Left)?))
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let side = if batch.topic == "left" { Side::Left } else { Side::Right };
        for record in &batch.records {
            let key = record.key.as_deref().unwrap_or_default();
            let mut emit = |joined: kafka_do_sdk::joins::Joined<'_>| {
                let both = if joined.right.is_some() { "both" } else { "alone" };
                output.emit(NewRecord::new(both).with_key(joined.key).with_timestamp_ms(joined.time_ms));
            };
            if let Err(late) = self.0.add(side, record.timestamp_ms, key, b"", &mut emit)? {
                output.reject(record, late);
            }
        }
        self.0.settle();
        Ok(())
    }

    fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
        self.0.observe(watermark_ms, &mut |joined| output.emit(NewRecord::tombstone().with_key(joined.key)))?;
        self.0.settle();
        Ok(())
    }
}

#[test]
fn records_that_wait_alone_meet_none_any_more() {
    let mut harness = Harness::<LeftJoin>::new("{}");
    let (expected, records): (Vec<_>, Vec<_>) = numbered(RESULTS_MAX * 2 + 2).unzip();
    let last = expected.last().unwrap().clone();
    harness.process_topic("left", records).unwrap();
    let mut outcomes = vec![harness.advance(11).unwrap()];
    harness.restart();
    // The window of this one reaches back to all of them; theirs have closed, though not all could be handed out.
    outcomes.push(harness.process_topic("right", [record().with_timestamp_ms(5).with_key(last)]).unwrap());
    outcomes.push(harness.advance(11).unwrap());
    assert_eq!(outcomes.iter().map(|outcome| outcome.records.len()).collect::<Vec<_>>(), [RESULTS_MAX, RESULTS_MAX, 2]);
    assert!(outcomes[1].records.iter().all(|record| record.value.as_deref() == Some(b"alone")));
    assert_eq!(keys(outcomes), expected);
}
