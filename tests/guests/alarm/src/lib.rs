//! Passes every record as it came. One with the header `ring-in-ms` comes out once more, with the header `rung`, when so many
//! milliseconds of the wall clock have gone by: an audit of wake-up calls.

use kafka_do_sdk::state::Table;
use kafka_do_sdk::timers::{Timers, WallClock};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor, Record, clock};

const TABLE: &str = "timers";

struct Alarm {
    timers: Timers<WallClock>,
}

impl Processor for Alarm {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Passes records, and repeats those that ask for it after a while.").with_table(TABLE)
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self { timers: Timers::open(Table::open(TABLE)?)? })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        for record in batch.records {
            if let Some(after_ms) = ring_in_ms(&record) {
                let value = record.value.clone().unwrap_or_default();
                self.timers.set(clock::now_ms() + after_ms, &record.offset.to_be_bytes(), value);
            }
            output.emit(record);
        }
        Ok(())
    }

    fn advance(&mut self, _: i64, output: &mut Output) -> Result<(), Failure> {
        for timer in self.timers.fire()? {
            output.emit(NewRecord::new(timer.payload).with_header("rung", timer.at_ms.to_string()));
        }
        Ok(())
    }
}

fn ring_in_ms(record: &Record) -> Option<i64> {
    let header = record.headers.iter().find(|header| header.name == "ring-in-ms")?;
    std::str::from_utf8(&header.value).ok()?.parse().ok()
}

kafka_do_sdk::export_processor!(Alarm);

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};

    use super::*;

    #[test]
    fn rings_once_when_the_time_has_come() {
        let mut harness = Harness::<Alarm>::new("{}");
        harness.set_now_ms(1_000);
        let asked = record().with_value("a").with_header("ring-in-ms", "50");
        assert_eq!(harness.process([asked, record().with_value("b")]).expect("succeeds").records.len(), 2);
        assert_eq!(harness.advance(5).expect("succeeds").records, []);
        harness.restart();
        harness.set_now_ms(1_050);
        let rung = harness.advance(5).expect("succeeds").records;
        assert_eq!(rung, [NewRecord::new("a").with_header("rung", "1050")]);
        assert_eq!(harness.advance(6).expect("succeeds").records, []);
    }
}
