//! The first step: what a record adds to which group, sent to the group's partition.

use kafka_do_sdk::json::{Condition, Event, Field, Number, Path};
use kafka_do_sdk::{Batch, Failure, NewRecord, Output, Record};

use crate::NO_NUMBER;
use crate::settings::Settings;

/// The one group where there is no key path, as JSON.
const ALL: &str = "\"all\"";

/// Sends records of the internal topic: the key is the group as JSON, the value the number, the timestamp the event time. One
/// without a value brings time alone.
pub(crate) struct Spread {
    settings: Settings,
    by_group: String,
    /// The latest time that was sent.
    sent_ms: Option<i64>,
}

/// What becomes of a record.
enum Taken {
    Part {
        group: String,
        time_ms: i64,
        number: String,
    },
    /// A condition does not hold; the time goes on all the same, where the record has one.
    LeftOut(Option<i64>),
}

impl Spread {
    pub(crate) fn new(settings: Settings, by_group: String) -> Self {
        Self { settings, by_group, sent_ms: None }
    }

    pub(crate) fn send(&mut self, batch: &Batch, output: &mut Output) {
        let mut left_out_ms = None;
        for record in &batch.records {
            match self.take(record) {
                Ok(Taken::Part { group, time_ms, number }) => {
                    self.sent_ms = self.sent_ms.max(Some(time_ms));
                    let part = NewRecord::new(number).with_key(group).with_timestamp_ms(time_ms);
                    output.emit(part.with_topic(&self.by_group));
                }
                Ok(Taken::LeftOut(time_ms)) => left_out_ms = left_out_ms.max(time_ms),
                Err(reason) => output.reject(record, reason),
            }
        }
        // Event time is that of what comes out of the internal topic: windows close though nothing more goes into them.
        if self.settings.window_ms.is_some()
            && left_out_ms > self.sent_ms
            && let Some(time_ms) = left_out_ms
        {
            output.emit(NewRecord::tombstone().with_timestamp_ms(time_ms).with_topic(&self.by_group));
            self.sent_ms = left_out_ms;
        }
    }

    fn take(&self, record: &Record) -> Result<Taken, String> {
        let is_wanted = Condition::all_hold(&self.settings.conditions, record.value.as_deref());
        if !is_wanted.map_err(|error| error.to_string())? {
            return Ok(Taken::LeftOut(self.time_ms(record).ok()));
        }
        let number = self.settings.value_path.as_ref().map(|path| number_of(record, path)).transpose()?;
        let number = number.map_or_else(String::new, |number| number.to_string());
        match &self.settings.key_path {
            None => Ok(Taken::Part { group: ALL.to_owned(), time_ms: self.time_ms(record)?, number }),
            Some(path) => {
                let event = Event::read(record, path, self.settings.time_path.as_ref());
                let Event { key, time_ms } = event.map_err(|reason| reason.to_string())?;
                Ok(Taken::Part { group: key, time_ms, number })
            }
        }
    }

    fn time_ms(&self, record: &Record) -> Result<i64, String> {
        let Some(path) = &self.settings.time_path else { return Ok(record.timestamp_ms) };
        // Of the event only the time counts: whatever is a time is fit for a group as well.
        Event::read(record, path, Some(path)).map(|event| event.time_ms).map_err(|reason| reason.to_string())
    }
}

fn number_of(record: &Record, path: &Path) -> Result<Number, String> {
    let value = record.value.as_deref().ok_or("the record has no value")?;
    match path.find(value).map_err(|error| error.to_string())? {
        Some(Field::Number(number)) => Ok(number),
        None | Some(Field::Null) => Err(format!("no number: the value has no {}, or it is null", path.as_str())),
        Some(_) => Err(format!("no number: {} is none", path.as_str())),
    }
}

/// Reads the value of a record of the internal topic.
pub(crate) fn read_number(value: &[u8]) -> Result<Number, Failure> {
    if value.is_empty() {
        return Ok(NO_NUMBER);
    }
    let number = std::str::from_utf8(value).ok().and_then(Number::parse);
    number.ok_or_else(|| Failure::fatal("a record of the internal topic has no number for its value"))
}
