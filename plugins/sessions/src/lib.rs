//! Groups records by a JSON field into sessions of event time, and counts them.

use kafka_do_sdk::json::{self, Event};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::windows::{Count, Session, SessionStore, SessionWindows};
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, clock};
use serde::Deserialize;

/// The state table of the open sessions.
const TABLE: &str = "sessions";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    key_path: json::Path,
    time_path: Option<json::Path>,
    gap_ms: i64,
    #[serde(default)]
    grace_ms: i64,
}

pub struct Sessions {
    settings: Settings,
    sessions: SessionStore<Count>,
}

impl Processor for Sessions {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Groups records by a JSON field into sessions of event time.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        let windows = SessionWindows::with_gap_ms(settings.gap_ms).with_grace_ms(settings.grace_ms);
        Ok(Self { settings, sessions: SessionStore::open(Table::open(TABLE)?, windows)? })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let Settings { key_path, time_path, .. } = &self.settings;
        let events: Vec<_> =
            batch.records.iter().map(|record| Event::read(record, key_path, time_path.as_ref())).collect();
        self.sessions.fetch(events.iter().flatten().map(|event| event.key.as_bytes()))?;
        for (record, event) in batch.records.iter().zip(events) {
            match event {
                Ok(event) => {
                    if let Err(late) = self.sessions.add(event.time_ms, event.key.as_bytes(), Count::add)? {
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
            self.sessions.observe(watermark_ms);
        }
        self.emit_closed(output)
    }
}

impl Sessions {
    fn emit_closed(&mut self, output: &mut Output) -> Result<(), Failure> {
        for session in self.sessions.settle()? {
            output.emit(session_record(&session)?);
        }
        if self.sessions.has_more() {
            clock::wake_at(Some(clock::now_ms()));
        }
        Ok(())
    }
}

/// The key is the group's as text, the timestamp the session's end.
fn session_record(session: &Session<Count>) -> Result<NewRecord, Failure> {
    let Session { key, start_ms, end_ms, aggregate: Count(count) } = session;
    let key = std::str::from_utf8(key).map_err(|_| Failure::fatal("a group in the state is not text"))?;
    let value = format!(r#"{{"key":{key},"start_ms":{start_ms},"end_ms":{end_ms},"count":{count}}}"#);
    Ok(NewRecord::new(value).with_key(json::group_text(key)).with_timestamp_ms(*end_ms))
}

kafka_do_sdk::export_processor!(Sessions);

#[cfg(test)]
mod tests;
