//! `GET /v1/topics/{topic}/partitions/{partition}/records`: a part of one partition, in one of three forms.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Path, Query};
use super::form::{write_number, write_record};
use super::problem::Problem;
use crate::broker::{Fetched, ReadFrom};
use crate::error::{Error, Kind, Result};
use crate::limits::{FETCH_BYTES_DEFAULT, FETCH_BYTES_MAX, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX, POLL_WAIT_MS_MAX};
use crate::log::unreadable;
use crate::model::name::TopicName;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FetchQuery {
    /// Begin at this offset. Unless an offset or a timestamp is given, at the oldest record.
    offset: Option<u64>,
    /// Begin at the first record of this time or later: milliseconds since 1970, or RFC 3339.
    timestamp: Option<String>,
    /// At most this many records; 500 unless given, 50,000 at most. Raw batches are never cut.
    max_records: Option<usize>,
    /// Stop after this many bytes, but not before the first batch; 1 MiB unless given, 16 MiB at most.
    max_bytes: Option<usize>,
    /// Where there is nothing yet, wait up to this long for records; 60,000 at most.
    wait_ms: Option<u64>,
}

/// A record as it stands in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredRecord)]
struct RecordSchema {
    offset: u64,
    timestamp: i64,
    key: Option<serde_json::Value>,
    value: serde_json::Value,
    headers: serde_json::Value,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FetchAnswer)]
struct AnswerSchema {
    records: Vec<RecordSchema>,
    /// Where to go on.
    next_offset: u64,
    high_watermark: u64,
}

const NEXT_OFFSET: HeaderName = HeaderName::from_static("kafka-do-next-offset");
const HIGH_WATERMARK: HeaderName = HeaderName::from_static("kafka-do-high-watermark");

enum Form {
    Json,
    Ndjson,
    /// RecordBatch v2, as it stands in the log.
    Raw,
}

/// Read a part of one partition.
///
/// `Accept` chooses the form: `application/json`, `application/x-ndjson` (a record a line) or `application/octet-stream`
/// (whole RecordBatch v2 batches, the first of which may begin before the offset). The latter two carry where to go on in
/// the headers `kafka-do-next-offset` and `kafka-do-high-watermark`.
#[utoipa::path(
    get, path = "/v1/topics/{topic}/partitions/{partition}/records", tag = "records",
    params(("topic" = String, Path), ("partition" = u32, Path), FetchQuery),
    responses(
        (status = 200, content(
            (AnswerSchema = "application/json"),
            (String = "application/x-ndjson"),
            (Vec<u8> = "application/octet-stream"),
        )),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 416, body = Problem, content_type = "application/problem+json", description = "The offset lies outside the log"),
    ),
)]
pub(super) async fn fetch(
    State(app): State<App>,
    Path((topic, partition)): Path<(TopicName, u32)>,
    Query(query): Query<FetchQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let from = match (query.offset, &query.timestamp) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid(
                "invalid-query",
                "offset and timestamp are two answers to one question; give one",
            ));
        }
        (Some(offset), None) => ReadFrom::Offset(offset),
        (None, Some(time)) => ReadFrom::TimeMs(parse_time(time)?),
        (None, None) => ReadFrom::Earliest,
    };
    let records_max = bounded("max_records", query.max_records, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX)?;
    let bytes_max = bounded("max_bytes", query.max_bytes, FETCH_BYTES_DEFAULT, FETCH_BYTES_MAX)?;
    let wait = wait(query.wait_ms)?;
    let form = form(&headers)?;
    let fetched = app.fetch(&topic, partition, from, bytes_max, wait).await?;
    let (media, body, next_offset, records) = match form {
        Form::Raw => raw(&fetched),
        Form::Json | Form::Ndjson => written(&fetched, records_max, bytes_max, &form)?,
    };
    app.metrics().fetched_records.inc_by(records);
    let mut response = ([(CONTENT_TYPE, media)], body).into_response();
    response.headers_mut().insert(NEXT_OFFSET, HeaderValue::from(next_offset));
    response.headers_mut().insert(HIGH_WATERMARK, HeaderValue::from(fetched.chunk.high_watermark));
    Ok(response)
}

fn form(headers: &HeaderMap) -> Result<Form> {
    let accept = headers.get(ACCEPT).map_or("*/*", |accept| accept.to_str().unwrap_or("?"));
    for wanted in accept.split(',') {
        match wanted.split(';').next().unwrap_or_default().trim() {
            "application/json" | "application/*" | "*/*" => return Ok(Form::Json),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => return Ok(Form::Ndjson),
            "application/octet-stream" => return Ok(Form::Raw),
            _ => {}
        }
    }
    Err(Error::new(
        Kind::Invalid,
        "unknown-form",
        format!(
            "no form of records is {accept}; accept application/json, application/x-ndjson or application/octet-stream"
        ),
    ))
}

fn raw(fetched: &Fetched) -> (&'static str, Vec<u8>, u64, u64) {
    let batches = &fetched.chunk.batches;
    let mut body = Vec::with_capacity(batches.iter().map(|batch| batch.bytes().len()).sum());
    for batch in batches {
        body.extend_from_slice(batch.bytes());
    }
    let next = fetched.chunk.next_offset.max(fetched.from);
    let records = batches.iter().map(|batch| batch.record_count() as u64).sum();
    ("application/octet-stream", body, next, records)
}

fn written(
    fetched: &Fetched,
    records_max: usize,
    bytes_max: usize,
    form: &Form,
) -> Result<(&'static str, Vec<u8>, u64, u64)> {
    let json = matches!(form, Form::Json);
    let mut out =
        Vec::with_capacity(fetched.chunk.batches.iter().map(|batch| batch.bytes().len() * 3 / 2).sum::<usize>() + 128);
    if json {
        out.extend_from_slice(b"{\"records\":[");
    }
    let mut next = fetched.chunk.next_offset.max(fetched.from);
    let mut records = 0;
    let mut last = fetched.from;
    'batches: for batch in &fetched.chunk.batches {
        let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
        for record in plain.records() {
            let record = record.map_err(|error| unreadable(batch, &error))?;
            if record.offset < fetched.from {
                continue;
            }
            // In plain bytes: what is compressed may unfold to very much more than was read.
            if records == records_max || (records > 0 && out.len() >= bytes_max) {
                next = last;
                break 'batches;
            }
            if json && records > 0 {
                out.push(b',');
            }
            write_record(&mut out, &record, |_| {});
            if !json {
                out.push(b'\n');
            }
            records += 1;
            last = record.offset + 1;
        }
    }
    if json {
        out.extend_from_slice(b"],\"next_offset\":");
        write_number(&mut out, next);
        out.extend_from_slice(b",\"high_watermark\":");
        write_number(&mut out, fetched.chunk.high_watermark);
        out.push(b'}');
    }
    let media = if json { "application/json" } else { "application/x-ndjson" };
    Ok((media, out, next, records as u64))
}

/// How long a poll may wait.
pub(super) fn wait(wait_ms: Option<u64>) -> Result<Duration> {
    match wait_ms.unwrap_or(0) {
        wait_ms @ 0..=POLL_WAIT_MS_MAX => Ok(Duration::from_millis(wait_ms)),
        wait_ms => Err(Error::invalid(
            "invalid-query",
            format!("wait_ms {wait_ms} is over {POLL_WAIT_MS_MAX}; ask again instead"),
        )),
    }
}

pub(super) fn bounded(name: &str, given: Option<usize>, default: usize, max: usize) -> Result<usize> {
    match given {
        None => Ok(default),
        Some(given) if (1..=max).contains(&given) => Ok(given),
        Some(given) => Err(Error::invalid("invalid-query", format!("{name} {given} is not between 1 and {max}"))),
    }
}

/// Milliseconds since 1970, or RFC 3339.
pub(super) fn parse_time(text: &str) -> Result<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Ok(ms);
    }
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(|_| {
        Error::invalid(
            "invalid-time",
            format!("{text:?} is not a time; write milliseconds since 1970, or 2026-11-23T09:00:00Z"),
        )
    })
}
