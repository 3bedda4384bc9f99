//! `POST /v1/topics/{topic}/records`: the three content types of a produce.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Path, Query, admitted_body, media_type, unsupported_media};
use super::form::{ProduceForm, text, write_number};
use super::problem::Problem;
use super::retry;
use crate::broker::{NewRecord, ProduceOptions, Produced, too_many_records};
use crate::config::Sync;
use crate::error::{Error, Result};
use crate::limits::PRODUCE_RECORDS_MAX;
use crate::model::json_path::{JsonPath, key_of};
use crate::model::name::TopicName;
use crate::model::record::Record;

const READS: &str = "application/json, application/x-ndjson or application/octet-stream";
const KEY_HEADER: &str = "kafka-do-key";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProduceQuery {
    /// NDJSON only: the field of each value that is its key, as a dotted path. A record whose field is null or missing has
    /// no key.
    key_path: Option<String>,
    /// The partition of all records. In `application/json` each record may carry its own instead.
    partition: Option<u32>,
    /// Append only where the partition ends at this offset.
    expected_offset: Option<u64>,
    /// Make a topic that is not there, with the host's defaults. Without it an unknown topic is refused: it may be mistyped.
    #[serde(default)]
    create: bool,
}

/// What makes the request safe to send again: the key alone, or the other three together.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes headers that `retry` reads")]
pub(super) struct RetryHeaders {
    /// 1 to 255 visible ASCII characters that stand for this request and no other; remembered for a day.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
    /// From `POST /v1/producers`.
    #[param(rename = "kafka-do-producer-id")]
    producer_id: Option<u64>,
    /// From `POST /v1/producers`.
    #[param(rename = "kafka-do-producer-epoch")]
    producer_epoch: Option<u16>,
    /// How many records this producer has sent to the topic before, or to the partition where the request names one.
    #[param(rename = "kafka-do-sequence")]
    sequence: Option<u64>,
}

/// A record in the JSON form.
#[derive(Serialize, ToSchema)]
#[schema(as = NewRecord)]
struct NewRecordSchema {
    /// Text, or `{"$base64": "..."}`.
    key: Option<serde_json::Value>,
    /// JSON, or `{"$base64": "..."}`; `null` is a tombstone.
    value: serde_json::Value,
    /// Names with text, `{"$base64": "..."}`, or lists of these.
    headers: Option<serde_json::Value>,
    /// Unless given, that of the key.
    partition: Option<u32>,
    /// Milliseconds since 1970 or RFC 3339; unless given, the time of the append.
    timestamp: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ProduceRequest)]
struct ProduceSchema {
    records: Vec<NewRecordSchema>,
}

/// Where a record stands now.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
struct ReceiptSchema {
    partition: u32,
    offset: u64,
    timestamp: i64,
}

/// A receipt a record, in the order of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = ProduceAnswer)]
struct AnswerSchema {
    records: Vec<ReceiptSchema>,
    /// `synced`, or within what time it will be.
    durability: String,
    /// True where the request had been stored before.
    duplicate: Option<bool>,
}

/// Append records: all or none. The answer comes once they are on the disk, unless the host was told to sync later.
///
/// With the header `Idempotency-Key`, or with `kafka-do-producer-id`, `kafka-do-producer-epoch` and `kafka-do-sequence`, the
/// request may be sent again: what was stored is not stored twice. The sequence counts the records that the producer has
/// sent to the topic, or to the partition where the request names one.
///
/// JSON takes `{"records": [...]}` or one bare record; NDJSON a value a line; octet-stream one value as it is, its key in
/// the header `kafka-do-key`.
#[utoipa::path(
    post, path = "/v1/topics/{topic}/records", tag = "records",
    params(("topic" = String, Path), ProduceQuery, RetryHeaders),
    request_body(content(
        (ProduceSchema = "application/json"),
        (String = "application/x-ndjson"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 200, body = AnswerSchema),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "Too much in flight: see Retry-After"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Shutting down: see Retry-After"),
    ),
)]
pub(super) async fn produce(
    State(app): State<App>,
    Path(topic): Path<TopicName>,
    Query(query): Query<ProduceQuery>,
    request: Request,
) -> Result<Response> {
    let (parts, incoming) = request.into_parts();
    let (body, permit) = admitted_body(&app, &parts.headers, incoming).await?;
    let retry = retry::read(&parts.headers, &request_parts(&topic, &parts, &body))?;
    let records = read(&parts.headers, &query, body)?;
    let options = ProduceOptions { partition: query.partition, expected_offset: query.expected_offset, retry };
    if query.create && app.topic(&topic).is_err() {
        let name = topic.clone();
        app.whole(|broker| async move { broker.create_topic(&name, |_| {}).await.map(drop) }).await?;
    }
    let produced = app.produce(&topic, records, options, permit).await?;
    Ok(([(CONTENT_TYPE, "application/json")], write(&produced, &[], app.sync())).into_response())
}

/// What makes the request the one that it is.
fn request_parts<'a>(topic: &'a TopicName, parts: &'a Parts, body: &'a [u8]) -> [&'a [u8]; 5] {
    let header = |name: HeaderName| parts.headers.get(name).map_or(&b""[..], |value| value.as_bytes());
    let query = parts.uri.query().unwrap_or_default();
    let key = header(HeaderName::from_static(KEY_HEADER));
    [topic.as_str().as_bytes(), query.as_bytes(), header(CONTENT_TYPE), key, body]
}

fn read(headers: &HeaderMap, query: &ProduceQuery, body: Bytes) -> Result<Vec<NewRecord>> {
    let media = media_type(headers);
    let key_path = query.key_path.as_deref().map(JsonPath::parse).transpose()?;
    let ndjson = matches!(media.as_deref(), Some("application/x-ndjson" | "application/ndjson" | "application/jsonl"));
    if key_path.is_some() && !ndjson {
        return Err(Error::invalid(
            "invalid-query",
            "key_path is for application/x-ndjson; other content types carry their keys",
        ));
    }
    match media.as_deref() {
        Some("application/json") => {
            let forms = ProduceForm::parse(text(&body)?)?;
            forms.into_iter().map(|form| with_partition(form.into_record(&body)?, query.partition)).collect()
        }
        Some(_) if ndjson => lines(&body, key_path.as_ref(), query.partition),
        Some("application/octet-stream") => {
            let key = headers.get(KEY_HEADER).map(|key| Bytes::copy_from_slice(key.as_bytes()));
            let record = Record { timestamp_ms: 0, key, value: Some(body), headers: Vec::new() };
            Ok(vec![NewRecord { partition: query.partition, timestamp_ms: None, record }])
        }
        other => Err(unsupported_media(other, READS)),
    }
}

/// A record of a request that names a partition goes there.
fn with_partition(record: NewRecord, partition: Option<u32>) -> Result<NewRecord> {
    match (record.partition, partition) {
        (Some(own), Some(partition)) if own != partition => Err(Error::invalid(
            "invalid-query",
            format!(
                "the request is for partition {partition}, and a record in it for partition {own}; leave one of them out"
            ),
        )),
        (own, partition) => Ok(NewRecord { partition: own.or(partition), ..record }),
    }
}

/// A JSON value a line; empty lines count for nothing.
fn lines(body: &Bytes, key_path: Option<&JsonPath>, partition: Option<u32>) -> Result<Vec<NewRecord>> {
    let text = text(body)?;
    let mut records = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            continue;
        }
        if records.len() == PRODUCE_RECORDS_MAX {
            return Err(too_many_records());
        }
        let at_line = |error: serde_json::Error| {
            Error::invalid(
                "invalid-json",
                format!("line {} is not JSON: {error}; nothing of the request was stored", index + 1),
            )
        };
        let key = match key_path {
            None => {
                serde_json::from_str::<serde::de::IgnoredAny>(line).map_err(at_line)?;
                None
            }
            Some(path) => match path.find(line).map_err(at_line)? {
                None => None,
                Some(raw) => key_at(raw, body, index)?,
            },
        };
        let value = (line != "null").then(|| body.slice_ref(line.as_bytes()));
        let record = Record { timestamp_ms: 0, key, value, headers: Vec::new() };
        records.push(NewRecord { partition, timestamp_ms: None, record });
    }
    Ok(records)
}

fn key_at(raw: &RawValue, body: &Bytes, index: usize) -> Result<Option<Bytes>> {
    key_of(raw, body).map_err(|error| Error { detail: format!("line {}: {}", index + 1, error.detail), ..error })
}

/// A receipt a record, and what the answer promises. `topics` are the records' own where they went to several, else empty.
pub(super) fn write(produced: &Produced, topics: &[TopicName], sync: Sync) -> Vec<u8> {
    let mut out = Vec::with_capacity(produced.receipts.len() * if topics.is_empty() { 64 } else { 96 } + 64);
    out.extend_from_slice(b"{\"records\":[");
    for (index, receipt) in produced.receipts.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",{" } else { b"{" });
        if let Some(topic) = topics.get(index) {
            out.extend_from_slice(b"\"topic\":\"");
            // A topic's name has no character that JSON escapes.
            out.extend_from_slice(topic.as_str().as_bytes());
            out.extend_from_slice(b"\",");
        }
        out.extend_from_slice(b"\"partition\":");
        write_number(&mut out, receipt.partition);
        out.extend_from_slice(b",\"offset\":");
        write_number(&mut out, receipt.offset);
        out.extend_from_slice(b",\"timestamp\":");
        write_number(&mut out, receipt.timestamp_ms);
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"durability\":\"");
    match sync {
        Sync::Always => out.extend_from_slice(b"synced"),
        Sync::IntervalMs(ms) => {
            out.extend_from_slice(b"within ");
            write_number(&mut out, ms);
            out.extend_from_slice(b" ms");
        }
    }
    out.push(b'"');
    if produced.is_duplicate {
        out.extend_from_slice(b",\"duplicate\":true");
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(body: &str, path: &str) -> Result<Vec<Option<Bytes>>> {
        let path = JsonPath::parse(path).unwrap();
        let records = lines(&Bytes::copy_from_slice(body.as_bytes()), Some(&path), None)?;
        Ok(records.into_iter().map(|record| record.record.key).collect())
    }

    #[test]
    fn a_value_a_line() {
        let body = Bytes::from_static(b"{\"a\":1}\r\n\n  [2] \nnull\n\"x\"");
        let values: Vec<_> = lines(&body, None, None).unwrap().into_iter().map(|record| record.record.value).collect();
        let expected = [Some(&b"{\"a\":1}"[..]), Some(b"[2]"), None, Some(b"\"x\"")];
        assert_eq!(values.iter().map(|value| value.as_deref()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn keys_come_from_the_path() {
        let body = "{\"k\":\"a\"}\n{\"k\":7}\n{\"k\":null}\n{}\n{\"k\":\"\\u00e9\"}";
        let expected = [Some("a"), Some("7"), None, None, Some("é")].map(|key| key.map(Bytes::from));
        assert_eq!(keys(body, "k").unwrap(), expected);
        let error = keys("{\"k\":1}\n{\"k\":{}}", "k").unwrap_err();
        assert!(error.detail.contains("line 2"), "{error}");
        let error = keys("{\"k\":1}\n{\"k\":", "k").unwrap_err();
        assert!(error.detail.contains("line 2"), "{error}");
    }
}
