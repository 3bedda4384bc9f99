//! What a record counts for: a group and an event time.

use std::fmt;

use jiff::Timestamp;
use kafka_do_sdk::Record;
use kafka_do_sdk::json::{self, Field, Number, Path};

/// A record, as far as it is counted.
pub(crate) struct Event {
    /// The group as JSON: a text, a number or a boolean, each value written in one way only.
    pub(crate) key: String,
    pub(crate) time_ms: i64,
}

/// Why a record cannot be counted.
#[derive(Debug)]
pub(crate) enum Reason<'p> {
    NoValue,
    Json(json::Error),
    NoKey(&'p str),
    KeyKind(&'p str),
    NoTime(&'p str),
    NotATime(&'p str),
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue => f.write_str("the record has no value"),
            Self::Json(error) => error.fmt(f),
            Self::NoKey(path) => write!(f, "no key: the value has no {path}, or it is null"),
            Self::KeyKind(path) => write!(f, "no key: {path} is neither a text, a number nor a boolean"),
            Self::NoTime(path) => write!(f, "no time: the value has no {path}, or it is null"),
            Self::NotATime(path) => {
                write!(f, "no time: {path} is neither RFC 3339 text nor milliseconds since the epoch")
            }
        }
    }
}

impl Event {
    pub(crate) fn read<'p>(
        record: &Record,
        key_path: &'p Path,
        time_path: Option<&'p Path>,
    ) -> Result<Self, Reason<'p>> {
        let value = record.value.as_deref().ok_or(Reason::NoValue)?;
        let (key, time_ms) = match time_path {
            None => (key_path.find(value).map_err(Reason::Json)?, record.timestamp_ms),
            Some(time_path) => {
                let [key, time] = json::extract(value, [key_path, time_path]).map_err(Reason::Json)?;
                (key, read_time(time.as_ref(), time_path.as_str())?)
            }
        };
        Ok(Self { key: read_group(key.as_ref(), key_path.as_str())?, time_ms })
    }
}

fn read_group<'p>(field: Option<&Field<'_>>, path: &'p str) -> Result<String, Reason<'p>> {
    match field {
        None | Some(Field::Null) => Err(Reason::NoKey(path)),
        Some(Field::Text(text)) => Ok(serde_json::Value::from(text.as_ref()).to_string()),
        Some(Field::Number(number)) => Ok(number.to_string()),
        Some(Field::Bool(bool)) => Ok(bool.to_string()),
        Some(Field::Array(_) | Field::Object(_)) => Err(Reason::KeyKind(path)),
    }
}

fn read_time<'p>(field: Option<&Field<'_>>, path: &'p str) -> Result<i64, Reason<'p>> {
    let time = match field {
        None | Some(Field::Null) => return Err(Reason::NoTime(path)),
        Some(Field::Text(text)) => text.parse().ok(),
        Some(Field::Number(number)) => Timestamp::from_millisecond(whole_ms(*number)).ok(),
        Some(Field::Bool(_) | Field::Array(_) | Field::Object(_)) => None,
    };
    time.map(Timestamp::as_millisecond).ok_or(Reason::NotATime(path))
}

#[expect(clippy::cast_possible_truncation, reason = "a cast stops at the ends of i64, and no time is there")]
fn whole_ms(number: Number) -> i64 {
    match number {
        Number::Integer(ms) => ms,
        Number::Float(ms) => ms.floor() as i64,
    }
}

/// The group as a record's key: a text without its quotes.
pub(crate) fn group_text(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

/// A time for people.
pub(crate) fn rfc3339(time_ms: i64) -> String {
    Timestamp::from_millisecond(time_ms).map_or_else(|_| format!("{time_ms} ms"), |time| time.to_string())
}
