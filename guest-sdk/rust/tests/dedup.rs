//! What passes is what a list of everything that passed would let pass, however records are batched.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use std::cell::Cell;

use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{Harness, record};
use kafka_do_sdk::{Batch, Context, Dedup, Description, Failure, NoSettings, Output, Processor, Record};
use proptest::prelude::*;

thread_local! {
    static TIMES_MS: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

/// Passes the first of a key, within and for as long as `TIMES_MS` says.
struct First(Dedup);

impl Processor for First {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Passes the first.").with_table("ids")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        let (within_ms, retention_ms) = TIMES_MS.get();
        Ok(Self(Dedup::open(Table::open("ids")?, within_ms, retention_ms)?))
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

proptest! {
    #[test]
    fn what_passes_is_never_near_to_its_like(
        events in prop::collection::vec((0..4_u8, -200..200_i64), 1..80),
        within_ms in 0..60_i64,
        more_ms in 0..200_i64,
        batches in prop::collection::vec((1..9_usize, any::<bool>()), 0..30),
    ) {
        let retention_ms = within_ms + more_ms;
        TIMES_MS.set((within_ms, retention_ms));
        let mut stream_time = i64::MIN;
        let mut expected: Vec<(u8, i64)> = Vec::new();
        for &(id, at) in &events {
            stream_time = stream_time.max(at);
            let is_known = expected.iter().any(|&(known, passed_at)| {
                known == id && passed_at >= stream_time - retention_ms && (passed_at - at).abs() <= within_ms
            });
            if !is_known {
                expected.push((id, at));
            }
        }

        let mut harness = Harness::<First>::new("{}");
        let mut records: Vec<Record> =
            events.iter().map(|(id, at)| record().with_key([*id]).with_timestamp_ms(*at)).collect();
        let mut found = Vec::new();
        for (count, restarts) in batches.into_iter().chain([(usize::MAX, false)]) {
            let outcome = harness.process(records.drain(..records.len().min(count))).unwrap();
            found.extend(outcome.records.into_iter().map(|r| (r.key.unwrap()[0], r.timestamp_ms.unwrap())));
            if restarts {
                harness.restart();
            }
        }
        prop_assert_eq!(&found, &expected);

        // What is kept is what may still be asked for: a row an id, one that says when to look at it, and stream time.
        let ids = (0..4_u8).filter(|id| {
            expected.iter().any(|(known, at)| known == id && *at >= stream_time - retention_ms)
        });
        prop_assert_eq!(harness.state("ids").len(), 2 * ids.count() + 1);
    }
}
