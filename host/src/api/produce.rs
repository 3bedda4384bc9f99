//! `POST /v1/topics/{topic}/records`: the three content types of a produce.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Path, Query, admitted_body, media_type, unsupported_media};
use super::form::{self, ProduceForm, write_number};
use super::problem::Problem;
use crate::broker::{NewRecord, Receipt, too_many_records};
use crate::error::{Error, Result};
use crate::limits::PRODUCE_RECORDS_MAX;
use crate::model::json_path::JsonPath;
use crate::model::name::TopicName;
use crate::model::record::Record;

const READS: &str = "application/json, application/x-ndjson or application/octet-stream";
const KEY_HEADER: &str = "kafka-do-key";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProduceQuery {
    /// NDJSON only: the field of each value that is its key, as a dotted path. A record whose field is null or missing has
    /// no key.
    key_path: Option<String>,
    /// NDJSON and octet-stream: the partition of all records.
    partition: Option<u32>,
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
}

/// Append records: all or none. The answer comes once they are on the disk.
///
/// JSON takes `{"records": [...]}` or one bare record; NDJSON a value a line; octet-stream one value as it is, its key in
/// the header `kafka-do-key`.
#[utoipa::path(
    post, path = "/v1/topics/{topic}/records", tag = "records",
    params(("topic" = String, Path), ProduceQuery),
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
    let records = read(&parts.headers, &query, body)?;
    let receipts = app.produce(&topic, records, permit).await?;
    Ok(([(CONTENT_TYPE, "application/json")], write(&receipts)).into_response())
}

fn read(headers: &HeaderMap, query: &ProduceQuery, body: Bytes) -> Result<Vec<NewRecord>> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        // To ignore it would be to double a record one day.
        return Err(Error::invalid(
            "idempotency-not-offered",
            "this version does not remember Idempotency-Key; leave it out, and after a lost answer look at the topic's high watermark before sending again",
        ));
    }
    let media = media_type(headers);
    let key_path = query.key_path.as_deref().map(JsonPath::parse).transpose()?;
    let ndjson = matches!(media.as_deref(), Some("application/x-ndjson" | "application/ndjson" | "application/jsonl"));
    if key_path.is_some() && !ndjson {
        return Err(Error::invalid(
            "invalid-query",
            "key_path is for application/x-ndjson; other content types carry their keys",
        ));
    }
    if query.partition.is_some() && matches!(media.as_deref(), Some("application/json")) {
        return Err(Error::invalid("invalid-query", "in application/json each record carries its own partition"));
    }
    match media.as_deref() {
        Some("application/json") => {
            ProduceForm::parse(text(&body)?)?.into_iter().map(|form| form.into_record(&body)).collect()
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

fn text(body: &Bytes) -> Result<&str> {
    std::str::from_utf8(body).map_err(|error| {
        Error::invalid(
            "invalid-json",
            format!(
                "the body is not UTF-8: {error}; send bytes as application/octet-stream, or as {{\"$base64\": \"...\"}}"
            ),
        )
    })
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
    form::key_of(raw, body).map_err(|error| Error { detail: format!("line {}: {}", index + 1, error.detail), ..error })
}

fn write(receipts: &[Receipt]) -> Vec<u8> {
    let mut out = Vec::with_capacity(receipts.len() * 64 + 16);
    out.extend_from_slice(b"{\"records\":[");
    for (index, receipt) in receipts.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"partition\":");
        write_number(&mut out, receipt.partition);
        out.extend_from_slice(b",\"offset\":");
        write_number(&mut out, receipt.offset);
        out.extend_from_slice(b",\"timestamp\":");
        write_number(&mut out, receipt.timestamp_ms);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
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
