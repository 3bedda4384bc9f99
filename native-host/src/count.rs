//! count-window: counts by a JSON field in tumbling windows, with every open window written through to state.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_do::model::record::Record;
use kafka_do::plugin::{Emitted, Input, NativeProcessor, Outcome, Rejection};
use kafka_do::store::state::Change;
use serde::Deserialize;
use serde_json::Value;

pub(crate) const TABLE: &str = "windows";

#[derive(Deserialize)]
struct Settings {
    key_path: String,
    time_path: String,
    window_ms: i64,
    grace_ms: i64,
}

struct Count {
    settings: Settings,
    stream_time_ms: i64,
    windows: BTreeMap<(i64, String), u64>,
}

pub(crate) fn make(settings: &Value) -> Box<dyn NativeProcessor> {
    let settings = serde_json::from_value(settings.clone()).expect("the bench's settings are right");
    Box::new(Count { settings, stream_time_ms: i64::MIN, windows: BTreeMap::new() })
}

impl Count {
    /// Group and event time of a value.
    fn read(&self, value: &[u8]) -> Option<(String, i64)> {
        let Settings { key_path, time_path, .. } = &self.settings;
        let value: Value = serde_json::from_slice(value).ok()?;
        let time: jiff::Timestamp = value.get(time_path)?.as_str()?.parse().ok()?;
        Some((value.get(key_path)?.to_string(), time.as_millisecond()))
    }
}

impl NativeProcessor for Count {
    fn process(&mut self, input: &Input<'_>, staged: &mut Vec<Change>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut touched = BTreeMap::new();
        let Settings { window_ms, grace_ms, .. } = self.settings;
        for record in input.records {
            let Some((key, time_ms)) = record.value.and_then(|value| self.read(value)) else {
                outcome.rejections.push(Rejection { offset: record.offset, reason: "no key or time".to_owned() });
                continue;
            };
            self.stream_time_ms = self.stream_time_ms.max(time_ms);
            let start_ms = time_ms.div_euclid(window_ms) * window_ms;
            if start_ms + window_ms + grace_ms <= self.stream_time_ms {
                outcome.rejections.push(Rejection { offset: record.offset, reason: "late".to_owned() });
                continue;
            }
            let window = (start_ms, key);
            *self.windows.entry(window.clone()).or_default() += 1;
            touched.insert(window, ());
        }
        while let Some(first) = self.windows.first_entry() {
            let (start_ms, key) = first.key().clone();
            if start_ms + window_ms + grace_ms > self.stream_time_ms {
                break;
            }
            let (end_ms, count) = (start_ms + window_ms, first.remove());
            let value =
                format!(r#"{{"key":{key},"window_start_ms":{start_ms},"window_end_ms":{end_ms},"count":{count}}}"#);
            let record = Record { key: Some(key.clone().into()), value: Some(Bytes::from(value)), ..Record::default() };
            outcome.records.push(Emitted {
                topic: None,
                partition: None,
                timestamp_ms: Some(end_ms - 1),
                origin: None,
                record,
            });
            touched.insert((start_ms, key), ());
        }
        staged.extend(touched.into_keys().map(|window| {
            let value = self.windows.get(&window).map(|count| count.to_be_bytes().to_vec());
            let key = [&window.0.to_be_bytes()[..], window.1.as_bytes()].concat();
            Change { table: TABLE.to_owned(), key, value }
        }));
        outcome
    }
}
