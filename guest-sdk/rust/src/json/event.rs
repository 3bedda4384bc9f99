//! What a JSON record is grouped by, and when it happened.

use std::fmt;

use super::{Error, Field, Number, Path, extract};
use crate::Record;
use crate::time;

/// A record, as far as windows see it: a group and an event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The group as JSON: a text, a number or a boolean, each value written in one way only. So 5 and 5.0 are one group, and
    /// "5" is another.
    pub key: String,
    pub time_ms: i64,
}

/// Why a record is no event. Its text is fit for a rejection.
#[derive(Debug)]
pub enum NoEvent<'p> {
    NoValue,
    Json(Error),
    NoKey(&'p str),
    /// The key is an array or an object.
    KeyKind(&'p str),
    NoTime(&'p str),
    NotATime(&'p str),
}

impl fmt::Display for NoEvent<'_> {
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

impl std::error::Error for NoEvent<'_> {}

impl Event {
    /// Reads the group at `key_path` and the event time at `time_path`, RFC 3339 text or milliseconds since the epoch; without
    /// a `time_path` it is the record's own timestamp. Parts of a millisecond are dropped.
    pub fn read<'p>(record: &Record, key_path: &'p Path, time_path: Option<&'p Path>) -> Result<Self, NoEvent<'p>> {
        let value = record.value.as_deref().ok_or(NoEvent::NoValue)?;
        let (key, time_ms) = match time_path {
            None => (key_path.find(value).map_err(NoEvent::Json)?, record.timestamp_ms),
            Some(time_path) => {
                let [key, time] = extract(value, [key_path, time_path]).map_err(NoEvent::Json)?;
                (key, read_time(time.as_ref(), time_path.as_str())?)
            }
        };
        Ok(Self { key: read_group(key.as_ref(), key_path.as_str())?, time_ms })
    }
}

/// The text of a group that is written as JSON: a text without its quotes, else the JSON itself.
pub fn group_text(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

fn read_group<'p>(field: Option<&Field<'_>>, path: &'p str) -> Result<String, NoEvent<'p>> {
    match field {
        None | Some(Field::Null) => Err(NoEvent::NoKey(path)),
        Some(Field::Text(text)) => Ok(serde_json::Value::from(text.as_ref()).to_string()),
        Some(Field::Number(number)) => Ok(number.to_string()),
        Some(Field::Bool(bool)) => Ok(bool.to_string()),
        Some(Field::Array(_) | Field::Object(_)) => Err(NoEvent::KeyKind(path)),
    }
}

fn read_time<'p>(field: Option<&Field<'_>>, path: &'p str) -> Result<i64, NoEvent<'p>> {
    let time = match field {
        None | Some(Field::Null) => return Err(NoEvent::NoTime(path)),
        Some(Field::Text(text)) => time::parse_rfc3339(text),
        Some(Field::Number(number)) => time::in_range(whole_ms(*number)),
        Some(Field::Bool(_) | Field::Array(_) | Field::Object(_)) => None,
    };
    time.ok_or(NoEvent::NotATime(path))
}

#[expect(clippy::cast_possible_truncation, reason = "a cast stops at the ends of i64, and no time is there")]
fn whole_ms(number: Number) -> i64 {
    match number {
        Number::Integer(ms) => ms,
        Number::Float(ms) => ms.floor() as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    fn read(value: &str) -> Result<Event, String> {
        let (key, time) = (Path::from("k"), Path::from("t"));
        Event::read(&record().with_value(value), &key, Some(&time)).map_err(|reason| reason.to_string())
    }

    #[test]
    fn a_group_is_written_in_one_way() {
        for (written, key) in [("5.0", "5"), ("\"5\"", "\"5\""), ("true", "true"), (r#""\u00e9\"""#, r#""é\"""#)] {
            let event = Event { key: key.to_owned(), time_ms: 0 };
            assert_eq!(read(&format!(r#"{{"k":{written},"t":0}}"#)), Ok(event), "{written}");
        }
        assert_eq!(group_text(r#""é\"""#), "é\"");
        assert_eq!(group_text("5"), "5");
    }

    #[test]
    fn a_time_is_rfc_3339_or_milliseconds() {
        for time in ["\"1970-01-01T00:00:00.150Z\"", "\"1970-01-01T01:00:00.150+01:00\"", "150", "150.9"] {
            let event = Event { key: "1".to_owned(), time_ms: 150 };
            assert_eq!(read(&format!(r#"{{"k":1,"t":{time}}}"#)), Ok(event), "{time}");
        }
        for time in ["\"yesterday\"", "1e300", "true", "[]"] {
            let reason = "no time: t is neither RFC 3339 text nor milliseconds since the epoch";
            assert_eq!(read(&format!(r#"{{"k":1,"t":{time}}}"#)), Err(reason.to_owned()), "{time}");
        }
    }

    #[test]
    fn without_a_time_path_the_timestamp_counts() {
        let record = record().with_value(r#"{"k":1}"#).with_timestamp_ms(7);
        let event = Event::read(&record, &Path::from("k"), None).expect("an event");
        assert_eq!(event.time_ms, 7);
    }
}
