//! Counts records by a JSON field, in tumbling windows of event time.

use kafka_do_sdk::state::Table;
use kafka_do_sdk::windows::{TimeStore, TimeWindows, Windowed};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, clock, json};
use serde::Deserialize;

/// The state table of the open windows.
const TABLE: &str = "windows";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    key_path: json::Path,
    time_path: Option<json::Path>,
    window_ms: i64,
    #[serde(default)]
    grace_ms: i64,
}

pub struct CountWindow {
    settings: Settings,
    windows: TimeStore<u64>,
}

impl Processor for CountWindow {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Counts records by a JSON field in tumbling windows of event time.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        let windows = TimeWindows::tumbling(settings.window_ms).with_grace_ms(settings.grace_ms);
        let windows = TimeStore::open(Table::open(TABLE)?, windows)?;
        Ok(Self { settings, windows })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let Settings { key_path, time_path, .. } = &self.settings;
        for record in &batch.records {
            match json::Event::read(record, key_path, time_path.as_ref()) {
                Ok(event) => {
                    if let Err(late) = self.windows.add(event.time_ms, event.key.as_bytes(), |count| *count += 1) {
                        output.reject(record, late);
                    }
                }
                Err(reason) => output.reject(record, reason),
            }
        }
        self.emit_closed(output)
    }

    /// The watermark is about the records' own timestamps: it says nothing about a time that stands in a field.
    fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
        if self.settings.time_path.is_none() {
            self.windows.observe(watermark_ms);
        }
        self.emit_closed(output)
    }
}

impl CountWindow {
    fn emit_closed(&mut self, output: &mut Output) -> Result<(), Failure> {
        for closed in self.windows.settle()? {
            output.emit(count_record(&closed)?);
        }
        if self.windows.has_more() {
            clock::wake_at(Some(clock::now_ms()));
        }
        Ok(())
    }
}

/// The key is the group's as text. The timestamp is the window's last millisecond, so that it falls into the same window
/// wherever the counts are counted on.
fn count_record(closed: &Windowed<u64>) -> Result<NewRecord, Failure> {
    let Windowed { key, start_ms, end_ms, aggregate: count } = closed;
    let key = std::str::from_utf8(key).map_err(|_| Failure::fatal("a group in the state is not text"))?;
    let value = format!(r#"{{"key":{key},"window_start_ms":{start_ms},"window_end_ms":{end_ms},"count":{count}}}"#);
    Ok(NewRecord::new(value).with_key(json::group_text(key)).with_timestamp_ms(end_ms - 1))
}

kafka_do_sdk::export_processor!(CountWindow);

#[cfg(test)]
mod tests;
