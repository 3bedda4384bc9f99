//! Joins give what a list of everything that came gives, in the same order, however records are batched and instances replaced.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use std::cell::Cell;
use std::collections::BTreeMap;

use kafka_do_sdk::joins::{Change, JoinKind, JoinWindows, Joined, Side, StreamJoin, TableJoin, TableSide};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{Harness, Outcome, record};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor, Record};
use proptest::prelude::*;

const KINDS: [JoinKind; 3] = [JoinKind::Inner, JoinKind::Left, JoinKind::Outer];

fn side_of(topic: &str) -> Side {
    if topic == "left" { Side::Left } else { Side::Right }
}

fn topic_of(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

/// `left+right`, and `-` for what is not there.
fn pair(left: Option<&[u8]>, right: Option<&[u8]>) -> String {
    let text = |part: Option<&[u8]>| part.map_or("-".to_owned(), |part| String::from_utf8(part.to_vec()).unwrap());
    format!("{}+{}", text(left), text(right))
}

fn key_and_value(record: Record) -> (Vec<u8>, Option<Vec<u8>>) {
    (record.key.unwrap_or_default(), record.value)
}

/// Gives a side's records batch sizes of their own: what of a run of one topic comes in one call, and where a restart is.
fn deliver<P: Processor>(
    harness: &mut Harness<P>,
    records: Vec<(Side, Record)>,
    mut batches: impl Iterator<Item = (usize, bool)>,
) -> Outcome {
    let mut total = Outcome::default();
    let mut records = records.into_iter().peekable();
    while let Some((side, first)) = records.next() {
        let (count, restarts) = batches.next().unwrap_or((usize::MAX, false));
        let mut batch = vec![first];
        while batch.len() < count
            && let Some((_, record)) = records.next_if(|(next, _)| *next == side)
        {
            batch.push(record);
        }
        let outcome = harness.process_topic(topic_of(side), batch).unwrap();
        total.records.extend(outcome.records);
        total.rejections.extend(outcome.rejections);
        if restarts {
            harness.restart();
        }
    }
    total
}

fn batches() -> impl Strategy<Value = Vec<(usize, bool)>> {
    prop::collection::vec((1..5_usize, prop::bool::weighted(0.2)), 0..40)
}

fn side() -> impl Strategy<Value = Side> {
    prop::sample::select(vec![Side::Left, Side::Right])
}

mod streams {
    use super::*;

    #[derive(Debug, Clone, Copy)]
    struct Plan {
        kind: JoinKind,
        before_ms: i64,
        after_ms: i64,
        grace_ms: i64,
    }

    thread_local! {
        static PLAN: Cell<Plan> = const {
            Cell::new(Plan { kind: JoinKind::Inner, before_ms: 0, after_ms: 0, grace_ms: 0 })
        };
    }

    struct Streams(StreamJoin);

    fn joined_record(joined: Joined<'_>) -> NewRecord {
        NewRecord::new(pair(joined.left, joined.right)).with_key(joined.key).with_timestamp_ms(joined.time_ms)
    }

    impl Processor for Streams {
        type Settings = NoSettings;

        fn describe() -> Description {
            Description::new("Joins two streams.").with_table("open")
        }

        fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
            let Plan { kind, before_ms, after_ms, grace_ms } = PLAN.get();
            let windows = JoinWindows::of_difference_ms(0)
                .with_before_ms(before_ms)
                .with_after_ms(after_ms)
                .with_grace_ms(grace_ms);
            Ok(Self(StreamJoin::open(Table::open("open")?, windows, kind)?))
        }

        fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
            for record in batch.records {
                let Record { offset, timestamp_ms, .. } = record;
                let (key, value) = key_and_value(record);
                let emit = &mut |joined: Joined<'_>| output.emit(joined_record(joined));
                let added = self.0.add(side_of(&batch.topic), timestamp_ms, &key, &value.unwrap_or_default(), emit)?;
                if let Err(late) = added {
                    output.reject_offset(offset, late);
                }
            }
            self.0.settle();
            Ok(())
        }

        fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
            self.0.observe(watermark_ms, &mut |joined| output.emit(joined_record(joined)))?;
            self.0.settle();
            Ok(())
        }
    }

    fn at(side: Side, key: &str, value: &str, at_ms: i64) -> (Side, Record) {
        (side, record().with_key(key).with_value(value).with_timestamp_ms(at_ms))
    }

    fn shown(outcome: &Outcome) -> Vec<(String, i64)> {
        let text = |record: &NewRecord| String::from_utf8(record.value.clone().unwrap()).unwrap();
        outcome.records.iter().map(|record| (text(record), record.timestamp_ms.unwrap())).collect()
    }

    #[test]
    fn a_pair_is_near_enough_in_time_and_of_one_key() {
        PLAN.set(Plan { kind: JoinKind::Inner, before_ms: 10, after_ms: 20, grace_ms: 100 });
        let mut harness = Harness::<Streams>::new("{}");
        let records = vec![
            at(Side::Left, "k", "l", 100),
            at(Side::Right, "k", "too early", 89),
            at(Side::Right, "k", "first", 90),
            at(Side::Right, "k", "last", 120),
            at(Side::Right, "k", "too late", 121),
            at(Side::Right, "kk", "other", 100),
            at(Side::Left, "k", "l2", 69),
        ];
        let outcome = deliver(&mut harness, records, std::iter::empty());
        let expected = [("l+first", 100), ("l+last", 120), ("l2+too early", 89)];
        assert_eq!(shown(&outcome), expected.map(|(value, at)| (value.to_owned(), at)));
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn who_meets_none_is_handed_out_once_its_window_closes() {
        PLAN.set(Plan { kind: JoinKind::Outer, before_ms: 10, after_ms: 20, grace_ms: 5 });
        let mut harness = Harness::<Streams>::new("{}");
        let records = vec![at(Side::Left, "k", "l", 100), at(Side::Right, "k", "r", 130)];
        // The left window ends at 120, the right one at 140.
        let outcome = deliver(&mut harness, records, std::iter::empty());
        assert_eq!(shown(&outcome), [("l+-".to_owned(), 100)]);
        harness.restart();
        assert_eq!(harness.advance(145).unwrap(), Outcome::default());
        assert_eq!(shown(&harness.advance(146).unwrap()), [("-+r".to_owned(), 130)]);
        assert_eq!(harness.state("open").len(), 2, "stream time and the next number are left");

        let late = harness.process_topic("left", [record().with_key("k").with_timestamp_ms(120)]).unwrap();
        assert_eq!(late.rejections.len(), 1);
        assert!(late.rejections[0].reason.starts_with("late: "), "{}", late.rejections[0].reason);
    }

    /// A record that came, as the plain way keeps it.
    struct Came {
        side: Side,
        key: u8,
        at_ms: i64,
        value: String,
        end_ms: i64,
        has_met: bool,
        is_closed: bool,
    }

    /// The plain way: every record looks at all that came before it.
    fn model(plan: Plan, events: &[(Side, u8, i64)]) -> (Vec<(String, i64)>, usize) {
        let Plan { kind, before_ms, after_ms, grace_ms } = plan;
        let (mut came, mut out, mut late): (Vec<Came>, Vec<(String, i64)>, usize) = (Vec::new(), Vec::new(), 0);
        let mut stream_time = i64::MIN;
        for (number, &(side, key, at_ms)) in events.iter().enumerate() {
            stream_time = stream_time.max(at_ms);
            let mut closing: Vec<&mut Came> =
                came.iter_mut().filter(|c| !c.is_closed && c.end_ms + grace_ms < stream_time).collect();
            closing.sort_by_key(|c| c.end_ms);
            for closed in closing {
                closed.is_closed = true;
                let is_kept = kind == JoinKind::Outer || kind == JoinKind::Left && closed.side == Side::Left;
                if is_kept && !closed.has_met {
                    let value = Some(closed.value.as_bytes());
                    let (left, right) = if closed.side == Side::Left { (value, None) } else { (None, value) };
                    out.push((pair(left, right), closed.at_ms));
                }
            }
            let end_ms = at_ms + if side == Side::Left { after_ms } else { before_ms };
            if end_ms + grace_ms < stream_time {
                late += 1;
                continue;
            }
            let value = number.to_string();
            let mut has_met = false;
            let mut partners: Vec<&mut Came> = came
                .iter_mut()
                .filter(|c| !c.is_closed && c.side != side && c.key == key)
                .filter(|c| {
                    let (left, right) = if side == Side::Left { (at_ms, c.at_ms) } else { (c.at_ms, at_ms) };
                    (left - before_ms..=left + after_ms).contains(&right)
                })
                .collect();
            partners.sort_by_key(|c| c.at_ms);
            for partner in partners {
                partner.has_met = true;
                has_met = true;
                let (own, other) = (Some(value.as_bytes()), Some(partner.value.as_bytes()));
                let (left, right) = if side == Side::Left { (own, other) } else { (other, own) };
                out.push((pair(left, right), at_ms.max(partner.at_ms)));
            }
            came.push(Came { side, key, at_ms, value, end_ms, has_met, is_closed: false });
        }
        (out, late)
    }

    proptest! {
        #[test]
        fn streams_join_as_the_plain_way_does(
            events in prop::collection::vec((side(), 0..3_u8, -60..120_i64), 1..60),
            kind in prop::sample::select(KINDS.to_vec()),
            (before_ms, after_ms, grace_ms) in (0..30_i64, 0..30_i64, 0..60_i64),
            batches in batches(),
        ) {
            let plan = Plan { kind, before_ms, after_ms, grace_ms };
            PLAN.set(plan);
            let mut harness = Harness::<Streams>::new("{}");
            let records = events
                .iter()
                .enumerate()
                .map(|(number, (side, key, at_ms))| at(*side, &key.to_string(), &number.to_string(), *at_ms))
                .collect();
            let found = deliver(&mut harness, records, batches.into_iter());
            let (expected, late) = model(plan, &events);
            prop_assert_eq!(shown(&found), expected);
            prop_assert_eq!(found.rejections.len(), late);

            harness.advance(10_000).unwrap();
            prop_assert_eq!(harness.state("open").len(), if late == events.len() { 1 } else { 2 });
        }
    }
}

mod tables {
    use super::*;

    thread_local! {
        static KIND: Cell<JoinKind> = const { Cell::new(JoinKind::Inner) };
    }

    struct Tables(TableJoin);

    impl Processor for Tables {
        type Settings = NoSettings;

        fn describe() -> Description {
            Description::new("Joins two tables.").with_table("left").with_table("right")
        }

        fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
            Ok(Self(TableJoin::new(Table::open("left")?, Table::open("right")?, KIND.get())))
        }

        fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
            self.0.fetch(batch.records.iter().filter_map(|record| record.key.as_deref()))?;
            for record in batch.records {
                let (key, value) = key_and_value(record);
                self.0.apply(side_of(&batch.topic), &key, value.as_deref(), |change| {
                    let record = match change {
                        Change::Set { left, right } => NewRecord::new(pair(left, right)),
                        Change::Removed => NewRecord::tombstone(),
                    };
                    output.emit(record.with_key(key.as_slice()));
                })?;
            }
            Ok(())
        }
    }

    type Rows = BTreeMap<u8, u8>;

    fn joined(kind: JoinKind, left: &Rows, right: &Rows, key: u8) -> Option<String> {
        let text = |rows: &Rows| rows.get(&key).map(u8::to_string);
        let (left, right) = (text(left), text(right));
        let is_there = match kind {
            JoinKind::Inner => left.is_some() && right.is_some(),
            JoinKind::Left => left.is_some(),
            JoinKind::Outer => left.is_some() || right.is_some(),
        };
        is_there.then(|| pair(left.as_ref().map(String::as_bytes), right.as_ref().map(String::as_bytes)))
    }

    proptest! {
        #[test]
        fn each_change_of_the_join_is_handed_out_and_nothing_else(
            events in prop::collection::vec((side(), 0..3_u8, prop::option::weighted(0.7, 0..3_u8)), 1..60),
            kind in prop::sample::select(KINDS.to_vec()),
            batches in batches(),
        ) {
            KIND.set(kind);
            let (mut left, mut right) = (Rows::new(), Rows::new());
            let mut expected: Vec<(u8, Option<String>)> = Vec::new();
            for &(side, key, value) in &events {
                let before = joined(kind, &left, &right, key);
                let rows = if side == Side::Left { &mut left } else { &mut right };
                match value {
                    Some(value) => rows.insert(key, value),
                    None => rows.remove(&key),
                };
                let after = joined(kind, &left, &right, key);
                if before != after {
                    expected.push((key, after));
                }
            }

            let records = events
                .iter()
                .map(|(side, key, value)| {
                    let value = value.map(|value| value.to_string().into_bytes());
                    (*side, Record { value, ..record().with_key([*key]) })
                })
                .collect();
            let found = deliver(&mut Harness::<Tables>::new("{}"), records, batches.into_iter());
            let found: Vec<(u8, Option<String>)> = found
                .records
                .into_iter()
                .map(|r| (r.key.unwrap()[0], r.value.map(|value| String::from_utf8(value).unwrap())))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}

mod stream_and_table {
    use super::*;

    /// Emits both joins of each record of the stream.
    struct Enrich(TableSide);

    impl Processor for Enrich {
        type Settings = NoSettings;

        fn describe() -> Description {
            Description::new("Joins a stream with a table.").with_table("rows")
        }

        fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
            Ok(Self(TableSide::new(Table::open("rows")?)))
        }

        fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
            self.0.fetch(batch.records.iter().filter_map(|record| record.key.as_deref()))?;
            for record in batch.records {
                let (key, value) = key_and_value(record);
                if side_of(&batch.topic) == Side::Right {
                    self.0.apply(key, value);
                    continue;
                }
                let own = value.as_deref();
                let inner = self.0.inner(&key, |row| pair(own, Some(row)))?;
                let left = self.0.left(&key, |row| pair(own, row))?;
                output.emit(NewRecord::new(format!("{inner:?} {left}")));
            }
            Ok(())
        }
    }

    #[test]
    fn a_record_of_the_stream_sees_what_the_table_holds() {
        let mut harness = Harness::<Enrich>::new("{}");
        let stream = || (Side::Left, record().with_key("k").with_value("s"));
        let records = vec![
            stream(),
            (Side::Right, record().with_key("k").with_value("1")),
            (Side::Right, record().with_key("k").with_value("2")),
            stream(),
            (Side::Right, record().with_key("k")),
            stream(),
        ];
        let outcome = deliver(&mut harness, records, [(1, true), (2, true)].into_iter());
        let values: Vec<String> =
            outcome.records.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect();
        assert_eq!(values, ["None s+-", r#"Some("s+2") s+2"#, "None s+-"]);
    }
}
