//! Counts records, or adds up, averages or finds the extremes of a number in them: by group, in windows of event time or as
//! it runs.
//!
//! A first step reads the group, the number and the time of each record, and sends them through an internal topic to the
//! partition of the group. There they are gathered: so a group is in one place, whatever key the input has.

mod groups;
mod measure;
mod settings;
mod spread;

use groups::Groups;
use kafka_do_sdk::json::Number;
use kafka_do_sdk::state::Table;
use kafka_do_sdk::{Batch, Context, Description, Failure, Output, Processor, topics};
use settings::Settings;
use spread::Spread;

/// What the state is of: settings that would give it another meaning are refused.
const MEANING_TABLE: &str = "meaning";
const MEANING_ROW: &[u8] = b"meaning";

pub struct AggregateJson {
    spread: Spread,
    /// The internal topic.
    by_group: String,
    groups: Box<dyn Groups>,
    meaning: Meaning,
}

impl Processor for AggregateJson {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new(
            "Counts records, or sums, averages or finds the extremes of a number in them, by group and window.",
        )
        .with_settings_schema(include_str!("../settings.schema.json"))
        .with_table(groups::TABLE)
        .with_table(MEANING_TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        settings.check()?;
        let by_group = topics::internal("by-group")?;
        let meaning = Meaning::open(settings.meaning())?;
        let groups = groups::open(&settings)?;
        Ok(Self { spread: Spread::new(settings, by_group.clone()), by_group, groups, meaning })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        if batch.topic != self.by_group {
            self.spread.send(&batch, output);
            return Ok(());
        }
        self.meaning.keep();
        for record in &batch.records {
            let (Some(group), Some(value)) = (&record.key, &record.value) else { continue };
            let number = spread::read_number(value)?;
            if let Err(late) = self.groups.add(record.timestamp_ms, group, number) {
                output.reject(record, late);
            }
        }
        self.groups.settle(output)
    }

    fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
        self.groups.observe(watermark_ms);
        self.groups.settle(output)
    }
}

/// What the rows of the state say, in words.
struct Meaning {
    table: Table,
    text: String,
    is_kept: bool,
}

impl Meaning {
    fn open(text: String) -> Result<Self, Failure> {
        let table = Table::open(MEANING_TABLE)?;
        let kept = table.get(MEANING_ROW)?;
        let is_kept = kept.is_some();
        match kept {
            Some(kept) if kept != text.as_bytes() => Err(Failure::fatal(format!(
                "the deployment has gathered the {}, which the {text} cannot go on from: deploy it under another name",
                String::from_utf8_lossy(&kept)
            ))),
            _ => Ok(Self { table, text, is_kept }),
        }
    }

    fn keep(&mut self) {
        if !self.is_kept {
            self.table.put(MEANING_ROW, self.text.as_bytes());
            self.is_kept = true;
        }
    }
}

/// What is gathered where there is no number: a count.
const NO_NUMBER: Number = Number::Integer(0);

kafka_do_sdk::export_processor!(AggregateJson);

#[cfg(test)]
mod tests;
