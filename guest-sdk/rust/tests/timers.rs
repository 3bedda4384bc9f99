//! Timers fire once, in the order of time and key, whatever restarts in between; by the wall clock the host is asked to call.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use std::collections::BTreeMap;

use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::timers::{EventTime, Timers, WallClock};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor, Record, clock};
use proptest::prelude::*;

/// A record without a value takes the timer back, `fail` fails the call; any other sets one.
macro_rules! processor_with_timers {
    ($name:ident, $clock:ty, $fire:expr) => {
        struct $name {
            timers: Timers<$clock>,
        }

        impl Processor for $name {
            type Settings = NoSettings;

            fn describe() -> Description {
                Description::new("Says when timers fire.").with_table("timers")
            }

            fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
                Ok(Self { timers: Timers::open(Table::open("timers")?)? })
            }

            fn process(&mut self, batch: Batch, _: &mut Output) -> Result<(), Failure> {
                for Record { timestamp_ms, key, value, .. } in batch.records {
                    let key = key.unwrap_or_default();
                    match value {
                        None => self.timers.cancel(timestamp_ms, &key),
                        Some(value) if value == b"fail" => return Err(Failure::retry("told to fail")),
                        Some(value) => self.timers.set(timestamp_ms, &key, value),
                    }
                }
                Ok(())
            }

            fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
                let fire: fn(&mut Timers<$clock>, i64) -> _ = $fire;
                for timer in fire(&mut self.timers, watermark_ms)? {
                    output.emit(NewRecord::new(timer.payload).with_key(timer.key).with_timestamp_ms(timer.at_ms));
                }
                Ok(())
            }
        }
    };
}

processor_with_timers!(ByEventTime, EventTime, |timers, watermark_ms| timers.fire(watermark_ms));
processor_with_timers!(ByWallClock, WallClock, |timers, _| timers.fire());

fn timer(at_ms: i64, key: &str, payload: &str) -> Record {
    record().with_timestamp_ms(at_ms).with_key(key).with_value(payload)
}

fn fired(outcome: Outcome) -> Vec<(i64, String, String)> {
    let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap()).unwrap();
    outcome.records.into_iter().map(|r| (r.timestamp_ms.unwrap(), text(r.key), text(r.value))).collect()
}

#[test]
fn the_wall_clock_calls_for_the_earliest_timer() {
    let mut harness = Harness::<ByWallClock>::new("{}");
    harness.set_now_ms(1_000);
    harness.process([timer(5_000, "late", "2"), timer(2_000, "soon", "1"), timer(9_000, "last", "3")]).unwrap();
    assert_eq!(harness.wake_at_ms(), Some(2_000));
    assert_eq!(harness.wake().unwrap(), Outcome::default(), "its time has not come");

    harness.set_now_ms(5_000);
    harness.restart();
    assert_eq!(
        fired(harness.wake().unwrap()),
        [(2_000, "soon".to_owned(), "1".to_owned()), (5_000, "late".to_owned(), "2".to_owned())]
    );
    assert_eq!(harness.wake_at_ms(), Some(9_000));
    assert_eq!(harness.wake().unwrap(), Outcome::default(), "the wish is used up");

    harness.set_now_ms(9_000);
    assert_eq!(fired(harness.wake().unwrap()).len(), 1);
    assert_eq!(harness.wake_at_ms(), None);
    assert!(harness.state("timers").is_empty());
}

#[test]
fn a_call_that_fails_sets_no_timer_and_wishes_nothing() {
    let mut harness = Harness::<ByWallClock>::new("{}");
    harness.process([timer(5_000, "a", "kept")]).unwrap();
    harness.process([timer(1_000, "b", "lost"), timer(0, "c", "fail")]).unwrap_err();
    assert_eq!(harness.wake_at_ms(), Some(5_000));
    harness.set_now_ms(5_000);
    assert_eq!(fired(harness.wake().unwrap()), [(5_000, "a".to_owned(), "kept".to_owned())]);
}

#[test]
fn the_watermark_does_not_hold_back_the_wall_clock() {
    let mut harness = Harness::<ByWallClock>::new("{}");
    harness.process([timer(50, "a", "1")]).unwrap();
    harness.set_now_ms(49);
    assert!(harness.advance(1_000_000).unwrap().records.is_empty());
    assert_eq!(harness.wake_at_ms(), Some(50), "a call for another reason leaves the wish");
    harness.set_now_ms(50);
    assert_eq!(harness.wake().unwrap().records.len(), 1);
}

/// Asks for what the timers need not.
struct WakesInOpen;

impl Processor for WakesInOpen {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Wishes to be woken while it opens.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        clock::wake_at(Some(1));
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn a_wish_made_while_opening_is_passed_over() {
    assert_eq!(Harness::<WakesInOpen>::new("{}").wake_at_ms(), None);
}

#[derive(Debug, Clone)]
enum Step {
    Set(i64, u8, u8),
    Cancel(i64, u8),
    Advance(i64),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (-50..50_i64, 0..3_u8, any::<u8>()).prop_map(|(at, key, payload)| Step::Set(at, key, payload)),
        2 => (-50..50_i64, 0..3_u8).prop_map(|(at, key)| Step::Cancel(at, key)),
        2 => (-60..60_i64).prop_map(Step::Advance),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #[test]
    fn timers_fire_as_an_ordered_map_gives_them_out(steps in prop::collection::vec(step(), 0..60)) {
        let mut harness = Harness::<ByEventTime>::new("{}");
        let mut model: BTreeMap<(i64, String), String> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Set(at, key, payload) => {
                    harness.process([timer(at, &key.to_string(), &payload.to_string())]).unwrap();
                    model.insert((at, key.to_string()), payload.to_string());
                }
                Step::Cancel(at, key) => {
                    harness.process([record().with_timestamp_ms(at).with_key(key.to_string())]).unwrap();
                    model.remove(&(at, key.to_string()));
                }
                Step::Advance(watermark) => {
                    let later = model.split_off(&(watermark + 1, String::new()));
                    let expected: Vec<_> =
                        std::mem::replace(&mut model, later).into_iter().map(|((at, key), payload)| (at, key, payload)).collect();
                    prop_assert_eq!(fired(harness.advance(watermark).unwrap()), expected);
                }
                Step::Restart => harness.restart(),
            }
            prop_assert_eq!(harness.state("timers").len(), model.len());
        }
    }
}
