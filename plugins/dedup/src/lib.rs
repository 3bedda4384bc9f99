//! Drops records whose key came within a time before, by event time.

use kafka_do_sdk::state::Table;
use kafka_do_sdk::{Batch, Context, Dedup, Description, Failure, Output, Processor, json};
use serde::Deserialize;

/// The state table of what was passed.
const TABLE: &str = "passed";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    key_path: json::Path,
    within_ms: i64,
}

pub struct DropDuplicates {
    settings: Settings,
    dedup: Dedup,
}

impl Processor for DropDuplicates {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Drops records whose key came within a time before.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        // Twice the time, so that a record which is as much out of order as duplicates may be apart is still recognised.
        let retention_ms = settings.within_ms.saturating_mul(2);
        let dedup = Dedup::open(Table::open(TABLE)?, settings.within_ms, retention_ms)?;
        Ok(Self { settings, dedup })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let Self { settings, dedup } = self;
        let events: Vec<_> =
            batch.records.iter().map(|record| json::Event::read(record, &settings.key_path, None)).collect();
        dedup.fetch(events.iter().flatten().map(|event| event.key.as_bytes()))?;
        for (record, event) in batch.records.into_iter().zip(events) {
            match event {
                Ok(event) => {
                    if dedup.is_first(event.time_ms, event.key.as_bytes())? {
                        output.emit(record);
                    }
                }
                Err(reason) => output.reject(&record, reason),
            }
        }
        dedup.settle()?;
        Ok(())
    }

    /// What is remembered no longer goes, though no record comes.
    fn advance(&mut self, watermark_ms: i64, _: &mut Output) -> Result<(), Failure> {
        self.dedup.observe(watermark_ms);
        self.dedup.settle()?;
        Ok(())
    }
}

kafka_do_sdk::export_processor!(DropDuplicates);

#[cfg(test)]
mod tests;
