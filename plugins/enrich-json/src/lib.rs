//! Adds to each record of a stream what a table holds for it: a stream-table join of JSON.

use kafka_do_sdk::joins::TableSide;
use kafka_do_sdk::json::{self, Event, Number};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::{Batch, Context, Description, Failure, Output, Processor, Record};
use serde::Deserialize;

/// The state table with the latest value of each key.
const TABLE: &str = "rows";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    stream: String,
    table: String,
    stream_key_path: json::Path,
    table_key_path: json::Path,
    into: String,
}

pub struct EnrichJson {
    settings: Settings,
    rows: TableSide,
}

impl Processor for EnrichJson {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Adds to each record of a stream what a table holds for it.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        if settings.stream == settings.table {
            return Err(Failure::fatal(format!(
                "the settings name {} as the stream and as the table: name two topics, and deploy with both as inputs",
                settings.stream
            )));
        }
        Ok(Self { settings, rows: TableSide::new(Table::open(TABLE)?) })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let Settings { stream, table, .. } = &self.settings;
        if batch.topic == *table {
            self.apply(batch.records, output);
        } else if batch.topic == *stream {
            self.enrich(batch.records, output)?;
        } else {
            for record in &batch.records {
                output.reject(
                    record,
                    format_args!(
                        "{} is neither the stream, {stream}, nor the table, {table}: name it in the settings, or take it out \
                         of the deployment's inputs",
                        batch.topic
                    ),
                );
            }
        }
        Ok(())
    }
}

impl EnrichJson {
    fn apply(&self, records: Vec<Record>, output: &mut Output) {
        for record in records {
            let Some(value) = &record.value else {
                match rows_named(record.key.as_deref()) {
                    Some(rows) => rows.into_iter().for_each(|row| self.rows.apply(row, None::<Vec<u8>>)),
                    None => output.reject(&record, "a tombstone whose key is not a text: it names no row"),
                }
                continue;
            };
            match Event::read(&record, &self.settings.table_key_path, None) {
                Ok(Event { key, .. }) => self.rows.apply(key, Some(value.trim_ascii())),
                Err(reason) => output.reject(&record, reason),
            }
        }
    }

    fn enrich(&self, records: Vec<Record>, output: &mut Output) -> Result<(), Failure> {
        let Settings { stream_key_path, into, .. } = &self.settings;
        let events: Vec<_> = records.iter().map(|record| Event::read(record, stream_key_path, None)).collect();
        self.rows.fetch(events.iter().flatten().map(|event| &event.key))?;
        for (mut record, event) in records.into_iter().zip(events) {
            let event = match event {
                Ok(event) => event,
                Err(reason) => {
                    output.reject(&record, reason);
                    continue;
                }
            };
            let value = record.value.as_deref().unwrap_or_default();
            match self.rows.left(&event.key, |row| json::insert(value, into, row.unwrap_or(b"null")))? {
                Ok(enriched) => {
                    record.value = Some(enriched);
                    output.emit(record);
                }
                Err(reason) => output.reject(&record, reason),
            }
        }
        Ok(())
    }
}

/// The rows that a record's key names. A row is kept under the JSON of its field, and a record's key has no type: `5` names
/// the row of the text "5", and that of the number 5 as well.
fn rows_named(record_key: Option<&[u8]>) -> Option<Vec<String>> {
    let text = std::str::from_utf8(record_key?).ok()?;
    let mut rows = vec![serde_json::Value::from(text).to_string()];
    match text {
        "true" | "false" => rows.push(text.to_owned()),
        _ => rows.extend(Number::parse(text).map(|number| number.to_string())),
    }
    Some(rows)
}

kafka_do_sdk::export_processor!(EnrichJson);

#[cfg(test)]
mod tests;
