//! Records as HTTP requests.

use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kafka_do_sdk::http::Request;
use kafka_do_sdk::{Batch, Record};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::settings::{Settings, is_header_value};

/// A longer key, as it is written in a header, is left out: servers bound the size of headers.
const KEY_HEADER_BYTES_MAX: usize = 1_024;
const JSON: &str = "application/json";

/// Of a `CloudEvents` record in Kafka's binary form, the attributes.
const CLOUD_EVENTS: &str = "ce_";

/// One record, its value as it is.
pub(crate) fn of_record(settings: &Settings, topic: &str, partition: u32, record: &Record, now_ms: i64) -> Request {
    let offset = record.offset;
    let body = record.value.clone().unwrap_or_default();
    let content_type = content_type(record, &body);
    let mut request = begin(settings, content_type, body)
        .with_header("kafka-topic", topic)
        .with_header("kafka-partition", partition.to_string())
        .with_header("kafka-offset", offset.to_string());
    if let Some(key) = record.key.as_deref().map(percent_encoded).filter(|key| key.len() <= KEY_HEADER_BYTES_MAX) {
        request = request.with_header("kafka-key", key);
    }
    if record.value.is_none() {
        request = request.with_header("kafka-tombstone", "true");
    }
    for header in &record.headers {
        let name = header.name.strip_prefix(CLOUD_EVENTS).filter(|name| is_attribute(name));
        if let (Some(name), Ok(value)) = (name, str::from_utf8(&header.value)) {
            request = request.with_header(format!("ce-{name}"), attribute_encoded(value));
        }
    }
    sign(settings, &format!("{topic}-{partition}-{offset}"), now_ms, request)
}

/// A run of records of which each is written already, as a JSON array.
pub(crate) fn of_run(
    settings: &Settings,
    batch: &Batch,
    run: Range<usize>,
    written: &[Vec<u8>],
    now_ms: i64,
) -> Request {
    let body = [b"[", written[run.clone()].join(&b','.to_owned()).as_slice(), b"]"].concat();
    let Batch { topic, partition, records } = batch;
    let offsets = match &records[run] {
        [first, .., last] => format!("{}_{}", first.offset, last.offset),
        records => records.iter().map(|record| record.offset.to_string()).collect(),
    };
    sign(settings, &format!("{topic}-{partition}-{offsets}"), now_ms, begin(settings, JSON.to_owned(), body))
}

/// A record of a run, as JSON.
pub(crate) fn written(topic: &str, partition: u32, record: &Record) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Written {
        topic,
        partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key.as_deref().map(Bytes),
        value: record.value.as_deref().map(Bytes),
        headers: Headers(record),
    })
}

#[derive(Serialize)]
struct Written<'a> {
    topic: &'a str,
    partition: u32,
    offset: u64,
    timestamp_ms: i64,
    key: Option<Bytes<'a>>,
    value: Option<Bytes<'a>>,
    headers: Headers<'a>,
}

/// JSON where they are JSON, else text, else `{"$base64": ".."}`.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(json) = serde_json::from_slice::<&RawValue>(self.0) {
            json.serialize(serializer)
        } else if let Ok(text) = str::from_utf8(self.0) {
            serializer.serialize_str(text)
        } else {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("$base64", &STANDARD.encode(self.0))?;
            map.end()
        }
    }
}

/// Pairs in their order, since a name may repeat.
struct Headers<'a>(&'a Record);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.headers.iter().map(|header| (&header.name, Bytes(&header.value))))
    }
}

fn begin(settings: &Settings, content_type: String, body: Vec<u8>) -> Request {
    let mut request =
        Request::new(settings.method.as_str(), &settings.url).with_body(body).with_timeout_ms(settings.timeout_ms);
    for (name, value) in &settings.headers {
        request = request.with_header(name, value);
    }
    if request.header("content-type").is_some() { request } else { request.with_header("content-type", content_type) }
}

fn sign(settings: &Settings, id: &str, now_ms: i64, request: Request) -> Request {
    let request = request.with_header("idempotency-key", id);
    let Some(secret) = &settings.secret else { return request };
    let timestamp_s = now_ms.div_euclid(1_000);
    let signature = secret.sign(id, timestamp_s, &request.body);
    request
        .with_header("webhook-id", id)
        .with_header("webhook-timestamp", timestamp_s.to_string())
        .with_header("webhook-signature", signature)
}

/// What the record's own header says, the last one where there are several, else what its value looks like.
fn content_type(record: &Record, body: &[u8]) -> String {
    let said = record.headers.iter().rev().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    let said = said.filter(|header| !header.value.is_empty() && is_header_value(&header.value));
    match said.and_then(|header| String::from_utf8(header.value.clone()).ok()) {
        Some(said) => said,
        None if serde_json::from_slice::<&RawValue>(body).is_ok() => JSON.to_owned(),
        None => "application/octet-stream".to_owned(),
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    encoded(bytes, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// As the HTTP binding of `CloudEvents` 1.0 asks for (3.1.3.2).
fn attribute_encoded(value: &str) -> String {
    encoded(value.as_bytes(), |byte| byte.is_ascii_graphic() && !b"\"%".contains(&byte))
}

fn is_attribute(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn encoded(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::record;
    use proptest::prelude::*;

    use super::*;

    fn settings(more: &str) -> Settings {
        serde_json::from_str(&format!(r#"{{"url":"http://localhost/in"{more}}}"#)).unwrap()
    }

    fn single(settings: &Settings, record: &Record) -> Request {
        of_record(settings, "orders", 3, record, 1_614_265_330_999)
    }

    #[test]
    fn a_record_is_a_request_with_its_value_as_the_body() {
        let record = Record { offset: 7, ..record().with_key("a b/é").with_value(r#"{"n":1}"#) };
        let request =
            single(&settings(r#","method":"PUT","headers":{"authorization":"Bearer t"},"timeout_ms":500"#), &record);
        let expected = Request::new("PUT", "http://localhost/in")
            .with_body(r#"{"n":1}"#)
            .with_timeout_ms(500)
            .with_header("authorization", "Bearer t")
            .with_header("content-type", "application/json")
            .with_header("kafka-topic", "orders")
            .with_header("kafka-partition", "3")
            .with_header("kafka-offset", "7")
            .with_header("kafka-key", "a%20b%2F%C3%A9")
            .with_header("idempotency-key", "orders-3-7");
        assert_eq!(request, expected);
    }

    #[test]
    fn the_type_is_said_or_guessed() {
        let plain = settings("");
        let type_of = |settings: &Settings, record: Record| {
            single(settings, &record).header("content-type").map(str::to_owned).unwrap()
        };
        assert_eq!(type_of(&plain, record().with_value("text")), "application/octet-stream");
        assert_eq!(type_of(&plain, record().with_value("[1]")), "application/json");
        let said =
            record().with_value("[1]").with_header("Content-Type", "text/plain").with_header("content-type", "a/b");
        assert_eq!(type_of(&plain, said.clone()), "a/b");
        assert_eq!(type_of(&settings(r#","headers":{"Content-Type":"c/d"}"#), said), "c/d");
        assert_eq!(type_of(&plain, record().with_header("content-type", "a\r\nb: c")), "application/octet-stream");
    }

    #[test]
    fn tombstones_and_cloud_events_are_known_by_their_headers() {
        let event =
            record().with_header("ce_id", "a%1 \"é\"").with_header("ce_Bad-name", "x").with_header("other", "y");
        let request = single(&settings(""), &event);
        assert_eq!(request.body, b"");
        assert_eq!(request.header("kafka-tombstone"), Some("true"));
        assert_eq!(request.header("ce-id"), Some("a%251%20%22%C3%A9%22"));
        assert!(!request.headers.iter().any(|(name, _)| name.contains("ad-name") || name == "other"));
    }

    #[test]
    fn a_secret_signs_what_is_sent() {
        let settings = settings(r#","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw""#);
        let request = single(&settings, &record().with_value("body"));
        assert_eq!(request.header("webhook-id"), Some("orders-3-0"));
        assert_eq!(request.header("webhook-timestamp"), Some("1614265330"));
        let signature = settings.secret.as_ref().unwrap().sign("orders-3-0", 1_614_265_330, b"body");
        assert_eq!(request.header("webhook-signature"), Some(signature.as_str()));
    }

    #[test]
    fn a_run_is_an_array_of_records() {
        let records = vec![
            Record { offset: 5, ..record().with_key("k").with_value(r#"{"a" : 1}"#).with_header("h", "v") },
            Record { offset: 6, ..record().with_timestamp_ms(9).with_value([0xff]) },
            Record { offset: 9, ..record().with_value("it's text") },
        ];
        let batch = Batch { topic: "orders".to_owned(), partition: 3, records };
        let texts: Vec<_> = batch.records.iter().map(|record| written("orders", 3, record).unwrap()).collect();
        let request = of_run(&settings(""), &batch, 0..3, &texts, 0);
        let body = concat!(
            r#"[{"topic":"orders","partition":3,"offset":5,"timestamp_ms":0,"key":"k","value":{"a" : 1},"headers":[["h","v"]]},"#,
            r#"{"topic":"orders","partition":3,"offset":6,"timestamp_ms":9,"key":null,"value":{"$base64":"/w=="},"headers":[]},"#,
            r#"{"topic":"orders","partition":3,"offset":9,"timestamp_ms":0,"key":null,"value":"it's text","headers":[]}]"#,
        );
        assert_eq!(String::from_utf8(request.body.clone()).unwrap(), body);
        assert_eq!(request.header("idempotency-key"), Some("orders-3-5_9"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        let alone = of_run(&settings(""), &batch, 1..2, &texts, 0);
        assert_eq!(alone.header("idempotency-key"), Some("orders-3-6"));
    }

    proptest! {
        #[test]
        fn headers_are_fit_to_send(key: Vec<u8>, value: Vec<u8>, headers in prop::collection::vec((".{0,8}", any::<Vec<u8>>()), 0..5)) {
            let mut record = record().with_key(key).with_value(value);
            for (name, value) in headers {
                record = record.with_header(format!("ce_{name}"), value.clone()).with_header("content-type", value);
            }
            for (name, value) in single(&settings(""), &record).headers {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
                prop_assert!(is_header_value(value.as_bytes()), "{name}: {value}");
            }
        }

        #[test]
        fn whatever_is_in_it_a_record_is_written_as_json(key: Option<Vec<u8>>, value: Option<Vec<u8>>, header: Vec<u8>) {
            let record = Record { key, value, ..record().with_header("h", header) };
            let json: serde_json::Value = serde_json::from_slice(&written("t", 0, &record).unwrap()).unwrap();
            prop_assert_eq!(json["value"].is_null(), record.value.is_none_or(|value| value == b"null"));
        }
    }
}
