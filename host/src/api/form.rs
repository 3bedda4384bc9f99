//! The JSON form of records, in both directions.
//!
//! A value is JSON where it parses, else `{"$base64": "..."}`; a key and a header's value are text, else the same. `null`
//! is the absence of a key, and a tombstone as a value. Whatever was stored comes back as the same bytes when it is
//! produced again in the form in which it was fetched, but for line breaks between the tokens of a JSON value: they are
//! written as spaces, since NDJSON has a record a line.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::transactions::{CommitForm, OffsetForm};
use crate::broker::{NewRecord, too_many_records};
use crate::error::{Error, Result};
use crate::limits::{PRODUCE_RECORDS_MAX, RECORD_HEADERS_MAX, TRANSACTION_OFFSETS_MAX};
use crate::model::name::TopicName;
use crate::model::record::{Header, Record, StoredRecord};

const BASE64: &str = "$base64";

/// One record of a request, borrowed from the body.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RecordForm<'a> {
    #[serde(borrow, deserialize_with = "present")]
    key: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: HeadersForm<'a>,
    partition: Option<u32>,
    timestamp: Option<TimeForm>,
}

/// The body of a produce: several records, or a bare one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProduceForm<'a> {
    #[serde(borrow)]
    records: Option<Bounded<RecordForm<'a>, PRODUCE_RECORDS_MAX>>,
    #[serde(borrow, deserialize_with = "present")]
    key: Option<&'a RawValue>,
    #[serde(borrow, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: HeadersForm<'a>,
    partition: Option<u32>,
    timestamp: Option<TimeForm>,
}

/// Tells `null` from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> ProduceForm<'a> {
    pub(super) fn parse(body: &'a str) -> Result<Vec<RecordForm<'a>>> {
        let form: Self = serde_json::from_str(body).map_err(|error| {
            Error::invalid(
                "invalid-json",
                format!("the body is not a produce request: {error}; send {{\"records\":[{{\"key\"?, \"value\", \"headers\"?, \"partition\"?, \"timestamp\"?}}]}} or one bare record, or values as application/x-ndjson"),
            )
        })?;
        let Self { records, key, value, headers, partition, timestamp } = form;
        let bare = RecordForm { key, value, headers, partition, timestamp };
        match records {
            None => Ok(vec![bare]),
            Some(_) if bare.is_any() => Err(Error::invalid(
                "invalid-json",
                "the body has records and also the fields of a bare record; put the fields into the records",
            )),
            Some(records) if records.is_over => Err(too_many_records()),
            Some(records) => Ok(records.items),
        }
    }
}

/// One record of a transaction: a record and its topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicRecordForm<'a> {
    topic: TopicName,
    #[serde(borrow, default, deserialize_with = "present")]
    key: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    headers: HeadersForm<'a>,
    partition: Option<u32>,
    timestamp: Option<TimeForm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransactionBody<'a> {
    #[serde(borrow)]
    records: Option<Bounded<TopicRecordForm<'a>, PRODUCE_RECORDS_MAX>>,
    offsets: Option<Bounded<OffsetForm, TRANSACTION_OFFSETS_MAX>>,
    commits: Option<Bounded<CommitForm, TRANSACTION_OFFSETS_MAX>>,
}

/// The body of a transaction.
#[derive(Debug)]
pub(super) struct TransactionForm<'a> {
    pub(super) records: Vec<(TopicName, RecordForm<'a>)>,
    pub(super) offsets: Vec<OffsetForm>,
    pub(super) commits: Vec<CommitForm>,
}

impl<'a> TransactionForm<'a> {
    pub(super) fn parse(body: &'a str) -> Result<Self> {
        let TransactionBody { records, offsets, commits } = serde_json::from_str(body).map_err(|error| {
            Error::invalid(
                "invalid-json",
                format!("the body is not a transaction: {error}; send {{\"records\":[{{\"topic\", \"key\"?, \"value\", ...}}], \"offsets\":[{{\"group\", \"topic\", \"partition\", \"offset\", \"expected\"?}}], \"commits\":[{{\"group\", \"member_id\", \"token\"}}]}}"),
            )
        })?;
        if records.as_ref().is_some_and(|records| records.is_over) {
            return Err(too_many_records());
        }
        if offsets.as_ref().is_some_and(|offsets| offsets.is_over) || commits.as_ref().is_some_and(|all| all.is_over) {
            return Err(Error::too_large(
                "too-many-offsets",
                format!("the transaction has more than the {TRANSACTION_OFFSETS_MAX} offsets of one call"),
            ));
        }
        let records = records.map_or_else(Vec::new, |records| records.items);
        let record = |form: TopicRecordForm<'a>| {
            let TopicRecordForm { topic, key, value, headers, partition, timestamp } = form;
            (topic, RecordForm { key, value, headers, partition, timestamp })
        };
        Ok(Self {
            records: records.into_iter().map(record).collect(),
            offsets: offsets.map_or_else(Vec::new, |offsets| offsets.items),
            commits: commits.map_or_else(Vec::new, |commits| commits.items),
        })
    }
}

/// The body as text.
pub(super) fn text(body: &Bytes) -> Result<&str> {
    std::str::from_utf8(body).map_err(|error| {
        Error::invalid(
            "invalid-json",
            format!(
                "the body is not UTF-8: {error}; send bytes as application/octet-stream, or as {{\"$base64\": \"...\"}}"
            ),
        )
    })
}

/// A list that is bounded while it is read: a small body can hold very many empty elements.
#[derive(Debug)]
struct Bounded<T, const MAX: usize> {
    items: Vec<T>,
    /// There were more than `MAX`.
    is_over: bool,
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Items<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
            type Value = Bounded<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MAX {
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        return Ok(Bounded { items, is_over: true });
                    }
                    items.push(item);
                }
                Ok(Bounded { items, is_over: false })
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// Headers in their order; a name that repeats has a list.
#[derive(Debug, Default)]
struct HeadersForm<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for HeadersForm<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        struct Headers;
        impl<'de> Visitor<'de> for Headers {
            type Value = HeadersForm<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut headers = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    if headers.len() == RECORD_HEADERS_MAX {
                        return Err(serde::de::Error::custom(format!("more than {RECORD_HEADERS_MAX} headers")));
                    }
                    headers.push((name, value));
                }
                Ok(HeadersForm(headers))
            }

            fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
                Ok(HeadersForm::default())
            }
        }
        deserializer.deserialize_any(Headers)
    }
}

/// Epoch milliseconds, or RFC 3339.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a timestamp is milliseconds since 1970, or text as in 2026-11-23T09:00:00Z")]
pub(super) enum TimeForm {
    Ms(i64),
    Text(jiff::Timestamp),
}

impl TimeForm {
    pub(super) fn into_ms(self) -> i64 {
        match self {
            Self::Ms(ms) => ms,
            Self::Text(time) => time.as_millisecond(),
        }
    }
}

impl RecordForm<'_> {
    fn is_any(&self) -> bool {
        self.key.is_some()
            || self.value.is_some()
            || !self.headers.0.is_empty()
            || self.partition.is_some()
            || self.timestamp.is_some()
    }

    /// The record, its bytes cut out of `body` where they stand there as they are.
    pub(super) fn into_record(self, body: &Bytes) -> Result<NewRecord> {
        let Some(value) = self.value else {
            return Err(Error::invalid(
                "no-value",
                "a record has no value; write \"value\": null where you mean a tombstone",
            ));
        };
        let value = match value.get() {
            "null" => None,
            raw => Some(match from_base64(raw)? {
                Some(bytes) => bytes,
                None => body.slice_ref(raw.as_bytes()),
            }),
        };
        let key = match self.key.map(RawValue::get) {
            None | Some("null") => None,
            Some(raw) => Some(text_or_base64("key", raw, body)?),
        };
        let mut headers = Vec::with_capacity(self.headers.0.len());
        for (name, value) in self.headers.0 {
            let name = Bytes::copy_from_slice(name.as_bytes());
            if value.get().starts_with('[') {
                let values: Bounded<&RawValue, RECORD_HEADERS_MAX> =
                    serde_json::from_str(value.get()).map_err(|error| super::extract::invalid_json(&error))?;
                if values.is_over || headers.len() > RECORD_HEADERS_MAX {
                    return Err(too_many_headers());
                }
                for value in values.items {
                    headers.push(Header { name: name.clone(), value: header_value(value.get(), body)? });
                }
            } else {
                headers.push(Header { name, value: header_value(value.get(), body)? });
            }
        }
        let timestamp_ms = self.timestamp.map(TimeForm::into_ms);
        Ok(NewRecord {
            partition: self.partition,
            timestamp_ms,
            record: Record { timestamp_ms: 0, key, value, headers },
        })
    }
}

fn too_many_headers() -> Error {
    Error::invalid(
        "too-many-headers",
        format!("a record has more than the {RECORD_HEADERS_MAX} headers that it may have"),
    )
}

fn header_value(raw: &str, body: &Bytes) -> Result<Option<Bytes>> {
    if raw == "null" { Ok(None) } else { text_or_base64("header", raw, body).map(Some) }
}

fn text_or_base64(what: &str, raw: &str, body: &Bytes) -> Result<Bytes> {
    if let Some(bytes) = from_base64(raw)? {
        return Ok(bytes);
    }
    text_of(raw, body).ok_or_else(|| {
        Error::invalid(
            "invalid-text",
            format!("a {what} is text, or {{\"{BASE64}\": \"...\"}}, and not {}", start_of(raw)),
        )
    })
}

/// The text of a JSON string, cut out of the body where it has no escapes.
fn text_of(raw: &str, body: &Bytes) -> Option<Bytes> {
    match serde_json::from_str::<TextForm<'_>>(raw).ok()?.0 {
        Cow::Borrowed(text) => Some(body.slice_ref(text.as_bytes())),
        Cow::Owned(text) => Some(text.into()),
    }
}

#[derive(Deserialize)]
struct TextForm<'a>(#[serde(borrow)] Cow<'a, str>);

fn start_of(raw: &str) -> &str {
    &raw[..raw.floor_char_boundary(40)]
}

fn from_base64(raw: &str) -> Result<Option<Bytes>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form<'a> {
        #[serde(borrow, rename = "$base64")]
        base64: Cow<'a, str>,
    }
    if !is_base64_form(raw) {
        return Ok(None);
    }
    let invalid = |error: &dyn fmt::Display| {
        Error::invalid("invalid-base64", format!("{} is not base64: {error}", start_of(raw)))
    };
    let form: Form<'_> = serde_json::from_str(raw).map_err(|error| invalid(&error))?;
    STANDARD.decode(form.base64.as_bytes()).map(|bytes| Some(bytes.into())).map_err(|error| invalid(&error))
}

/// An object whose first field is `$base64`.
fn is_base64_form(raw: &str) -> bool {
    let rest = raw.trim_start().strip_prefix('{').map(str::trim_start);
    rest.and_then(|rest| rest.strip_prefix('"')).is_some_and(|rest| rest.starts_with(BASE64))
}

/// Writes a record; `more` adds fields at the front.
pub(super) fn write_record(out: &mut Vec<u8>, record: &StoredRecord<'_>, more: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    more(out);
    out.extend_from_slice(b"\"offset\":");
    write_number(out, record.offset);
    out.push(b',');
    write_content(out, record);
    out.push(b'}');
}

/// What is in a record, wherever it stands.
pub(super) fn write_content(out: &mut Vec<u8>, record: &StoredRecord<'_>) {
    out.extend_from_slice(b"\"timestamp\":");
    write_number(out, record.timestamp_ms);
    out.extend_from_slice(b",\"key\":");
    write_text(out, record.key);
    out.extend_from_slice(b",\"value\":");
    write_value(out, record.value);
    out.extend_from_slice(b",\"headers\":");
    write_headers(out, record);
}

pub(super) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub(super) fn write_text(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => out.extend_from_slice(b"null"),
        // Writing to a vector cannot fail, and text has no form that JSON lacks.
        Some((Ok(text), _)) => drop(serde_json::to_writer(out, text)),
        Some((Err(_), bytes)) => write_base64(out, bytes),
    }
}

pub(super) fn write_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    let Some(value) = value else { return out.extend_from_slice(b"null") };
    match std::str::from_utf8(value).ok().filter(|text| is_plain_json(text)) {
        None => write_base64(out, value),
        Some(text) => {
            let begin = out.len();
            out.extend_from_slice(text.as_bytes());
            // A line break stands between tokens only: in a string JSON escapes it.
            for byte in &mut out[begin..] {
                if matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
        }
    }
}

/// JSON that reads back as what it is: neither the tombstone nor the base64 form, and without space around it.
fn is_plain_json(text: &str) -> bool {
    let trimmed = text.len() == text.trim_matches([' ', '\t', '\n', '\r']).len();
    trimmed && text != "null" && !is_base64_form(text) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"{\"$base64\":\"");
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    out.extend_from_slice(b"\"}");
}

fn write_headers(out: &mut Vec<u8>, record: &StoredRecord<'_>) {
    out.push(b'{');
    let headers: Vec<_> = record.headers.iter().collect();
    let mut first = true;
    for (index, (name, value)) in headers.iter().enumerate() {
        if headers[..index].iter().any(|(earlier, _)| earlier == name) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        drop(serde_json::to_writer(&mut *out, &String::from_utf8_lossy(name)));
        out.push(b':');
        let same: Vec<_> = headers[index + 1..].iter().filter(|(later, _)| later == name).collect();
        if same.is_empty() {
            write_text(out, *value);
        } else {
            out.push(b'[');
            write_text(out, *value);
            for (_, value) in same {
                out.push(b',');
                write_text(out, *value);
            }
            out.push(b']');
        }
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::{BatchBuilder, Compression};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn parse(body: &str) -> Result<Vec<Record>> {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let text = std::str::from_utf8(&bytes).unwrap();
        ProduceForm::parse(text)?.into_iter().map(|form| Ok(form.into_record(&bytes)?.record)).collect()
    }

    fn written(record: &Record) -> String {
        let batch = BatchBuilder::encode(std::slice::from_ref(record), Compression::None, None).unwrap();
        let mut out = Vec::new();
        write_record(&mut out, &batch.plain().unwrap().records().next().unwrap().unwrap(), |_| {});
        String::from_utf8(out).unwrap()
    }

    fn bytes() -> impl Strategy<Value = Bytes> {
        prop_oneof![
            vec(any::<u8>(), 0..20).prop_map(Bytes::from),
            ".{0,12}".prop_map(Bytes::from),
            proptest::sample::select(vec![
                "null",
                " 1",
                "1 ",
                "{\"a\":\n1}",
                "\n",
                "{\"$base64\":\"eA==\"}",
                "{ \"$base64\": 1}",
                "{\"a\":1}",
                "[1,2]",
                "\"x\"",
                "1e400",
                "{\"a\":1,\"a\":2}",
            ])
            .prop_map(Bytes::from),
        ]
    }

    proptest! {
        /// What is fetched can be produced again, and is the same bytes.
        #[test]
        fn a_record_survives_its_json_form(
            key in proptest::option::of(bytes()),
            value in proptest::option::of(bytes()),
            headers in vec(("[ab\"]{0,2}", proptest::option::of(bytes())), 0..4),
        ) {
            let headers: Vec<Header> =
                headers.into_iter().map(|(name, value)| Header { name: name.into(), value }).collect();
            let record = Record { timestamp_ms: 5, key, value, headers };
            let json = written(&record);
            prop_assert!(!json.contains('\n'));
            prop_assert!(json.contains("\"timestamp\":5,"), "{}", json);
            // The raw text matters (numbers, doubled fields): a field is cut out, the document is not written again.
            let request = json.replacen("\"offset\":0,", "", 1);
            let back = parse(&request).unwrap().remove(0);
            prop_assert_eq!(&back.key, &record.key);
            let spaced = |value: &Option<Bytes>| value.as_ref().map(|value| value.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect::<Vec<_>>());
            prop_assert_eq!(spaced(&back.value), spaced(&record.value));
            let grouped = |record: &Record| {
                let mut headers = record.headers.clone();
                headers.sort_by(|a, b| a.name.cmp(&b.name));
                headers
            };
            prop_assert_eq!(grouped(&back), grouped(&record));
        }
    }

    #[test]
    fn reads_many_or_one() {
        assert_eq!(parse(r#"{"records":[{"value":1},{"key":"a","value":null}]}"#).unwrap().len(), 2);
        let one = parse(
            r#"{"key":"k","value":{"a": 1},"headers":{"h":"v","r":["1",null]},"partition":3,"timestamp":"1970-01-01T00:00:01Z"}"#,
        );
        let one = one.unwrap().remove(0);
        assert_eq!(one.value.unwrap(), "{\"a\": 1}");
        assert_eq!(one.headers.len(), 3);
    }

    #[test]
    fn says_what_is_wrong() {
        for (body, code, named) in [
            ("", "invalid-json", "EOF"),
            ("[1]", "invalid-json", "records"),
            (r#"{"records":[{"value":1,"colour":2}]}"#, "invalid-json", "colour"),
            (r#"{"records":[{"key":"a"}]}"#, "no-value", "tombstone"),
            (r#"{"records":[],"value":1}"#, "invalid-json", "bare"),
            (r#"{"key":7,"value":1}"#, "invalid-text", "key"),
            (r#"{"value":{"$base64":"*"}}"#, "invalid-base64", "base64"),
            (r#"{"value":1,"timestamp":"soon"}"#, "invalid-json", "timestamp"),
            (r#"{"value":1,"partition":-1}"#, "invalid-json", "-1"),
        ] {
            let error = parse(body).unwrap_err();
            assert_eq!(error.code, code, "{body}");
            assert!(error.detail.contains(named), "{body}: {error}");
        }
        let many = format!("{{\"records\":[{}]}}", vec!["{\"value\":1}"; PRODUCE_RECORDS_MAX + 1].join(","));
        assert_eq!(parse(&many).unwrap_err().code, "too-many-records");
    }
}
