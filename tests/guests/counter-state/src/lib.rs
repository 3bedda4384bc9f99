//! Counts records per key in state and emits the running count. Since each record moves the count by one, a record that
//! was processed twice or lost shows in the output for ever: an audit of exactly-once.
//!
//! Key: the record's. Value: the count in decimal. Header `input-offset`: the offset of the record that was counted.

use kafka_do_sdk::state::Table;
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor};

const TABLE: &str = "counts";

struct CountKeys {
    counts: Table,
}

impl Processor for CountKeys {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Emits the running count of each key.").with_table(TABLE)
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self { counts: Table::open(TABLE)? })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        // One question to the host for the whole batch; the loop then reads what is known.
        self.counts.get_many(batch.records.iter().map(|record| record.key.as_deref().unwrap_or_default()))?;
        for record in batch.records {
            let key = record.key.unwrap_or_default();
            let count = self.counts.get(&key)?.map_or(Ok(0), |bytes| read_count(&bytes))? + 1;
            self.counts.put(key.clone(), count.to_string());
            output.emit(
                NewRecord::new(count.to_string())
                    .with_key(key)
                    .with_timestamp_ms(record.timestamp_ms)
                    .with_header("input-offset", record.offset.to_string()),
            );
        }
        Ok(())
    }
}

fn read_count(bytes: &[u8]) -> Result<u64, Failure> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::fatal("a count in the state is not a number"))
}

kafka_do_sdk::export_processor!(CountKeys);

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, Outcome, record};

    use super::*;

    fn counts(outcome: Outcome) -> Vec<(String, String)> {
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap_or_default()).expect("text");
        outcome.records.into_iter().map(|record| (text(record.key), text(record.value))).collect()
    }

    #[test]
    fn counts_go_on_over_batches_and_restarts() {
        let mut harness = Harness::<CountKeys>::new("{}");
        let of = |key: &str| record().with_key(key);
        let pair = |key: &str, count: &str| (key.to_owned(), count.to_owned());

        let first = harness.process([of("a"), of("b"), of("a")]).expect("succeeds");
        assert_eq!(counts(first), [pair("a", "1"), pair("b", "1"), pair("a", "2")]);
        harness.restart();
        let second = harness.process([of("a")]).expect("succeeds");
        assert_eq!(second.records[0].headers[0].value, b"3");
        assert_eq!(counts(second), [pair("a", "3")]);
    }
}
