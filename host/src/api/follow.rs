//! `GET /v1/topics/{topic}/records`: all partitions of a topic as one stream, NDJSON or server-sent events.

use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::extract::{Path, Query};
use super::fetch::parse_time;
use super::form::{write_number, write_record};
use super::problem::Problem;
use crate::broker::{Fetched, Follower, ReadFrom};
use crate::error::{Error, Result};
use crate::limits::{FOLLOW_KEEP_ALIVE_MS, FOLLOW_WRITE_BYTES, TOPIC_PARTITIONS_MAX};
use crate::log::unreadable;
use crate::model::name::TopicName;

/// Where the stream begins: what a client goes on from that was cut off before its first item.
const CURSOR: HeaderName = HeaderName::from_static("kafka-do-cursor");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FollowQuery {
    /// `earliest`, `latest`, or a time (milliseconds since 1970, or RFC 3339). Unless given: `latest` where the stream
    /// follows, else `earliest`.
    from: Option<String>,
    /// Go on as records come, instead of ending where the topic ends now.
    #[serde(default)]
    follow: bool,
    /// Go on after the record with this cursor; the header `Last-Event-ID` does the same.
    cursor: Option<String>,
}

/// Read all partitions of a topic.
///
/// Each item has `partition`, `offset`, `timestamp`, `key`, `value`, `headers` and a `cursor`. As NDJSON an item is a
/// line; with `Accept: text/event-stream` it is an event whose id is the cursor. The header `kafka-do-cursor` is the cursor
/// before the first item. Order is that of the offsets within a
/// partition; between partitions there is none.
#[utoipa::path(
    get, path = "/v1/topics/{topic}/records", tag = "records",
    params(("topic" = String, Path), FollowQuery, ("last-event-id" = Option<String>, Header)),
    responses(
        (status = 200, content((String = "application/x-ndjson"), (String = "text/event-stream"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn follow(
    State(app): State<App>,
    Path(topic): Path<TopicName>,
    Query(query): Query<FollowQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let from = match query.from.as_deref() {
        None if query.follow => ReadFrom::Latest,
        None | Some("earliest") => ReadFrom::Earliest,
        Some("latest") => ReadFrom::Latest,
        Some(time) => ReadFrom::TimeMs(parse_time(time)?),
    };
    let last_event_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let positions = match query.cursor.as_deref().or(last_event_id) {
        None => Vec::new(),
        Some(cursor) => parse_cursor(cursor)?,
    };
    let events = wants_events(&headers);
    let follower = app.follow(&topic, from, &positions, query.follow).await?;
    let begin = HeaderValue::from_str(&cursor(&follower)).ok();
    let has_records = follower.has_records();
    let mut state = Streaming { app, follower, events, ended: false };
    // What cannot be read at all is answered as an error: once the answer has begun, only breaking it off is left.
    let first = if has_records { state.next().await.transpose()? } else { None };
    let rest = stream::unfold(state, |mut state| async move { state.next().await.map(|item| (item, state)) });
    let body = Body::from_stream(stream::iter(first.map(Ok)).chain(rest));
    let mut response = streamed(events, body);
    if let Some(begin) = begin {
        response.headers_mut().insert(CURSOR, begin);
    }
    Ok(response)
}

/// Server-sent events, or else NDJSON.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// The answer whose body is a stream of items.
pub(super) fn streamed(events: bool, body: Body) -> Response {
    let media = if events { "text/event-stream" } else { "application/x-ndjson" };
    ([(CONTENT_TYPE, media), (CACHE_CONTROL, "no-store")], body).into_response()
}

struct Streaming {
    app: App,
    follower: Follower,
    events: bool,
    ended: bool,
}

impl Streaming {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        if self.ended {
            return None;
        }
        loop {
            let next = self.follower.next();
            let next = if self.events {
                match tokio::time::timeout(Duration::from_millis(FOLLOW_KEEP_ALIVE_MS), next).await {
                    Ok(next) => next,
                    // A comment, so that proxies and clients see that the stream lives.
                    Err(_) => return Some(Ok(Bytes::from_static(b":\n\n"))),
                }
            } else {
                next.await
            };
            let written = match next {
                Ok(None) => return None,
                Ok(Some((partition, fetched))) => self.write(partition.id().partition, &fetched),
                Err(error) => Err(error),
            };
            match written {
                Ok(out) if out.is_empty() => {}
                Ok(out) => return Some(Ok(out.into())),
                Err(error) => {
                    // The status is long sent: breaking the stream off is the one sign that is left.
                    self.ended = true;
                    tracing::warn!(%error, "a stream broke off");
                    return Some(Err(error));
                }
            }
        }
    }

    fn write(&mut self, partition: u32, fetched: &Fetched) -> Result<Vec<u8>> {
        let until = self.follower.until(partition);
        let mut out = Vec::with_capacity(fetched.chunk.batches.iter().map(|batch| batch.bytes().len() * 2).sum());
        let mut records = 0;
        for batch in &fetched.chunk.batches {
            let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
            for record in plain.records() {
                let record = record.map_err(|error| unreadable(batch, &error))?;
                if record.offset < fetched.from || record.offset >= until {
                    continue;
                }
                if out.len() > FOLLOW_WRITE_BYTES {
                    // The rest is read again, in its turn.
                    self.app.metrics().fetched_records.inc_by(records);
                    return Ok(out);
                }
                self.follower.took(partition, record.offset + 1);
                let cursor = cursor(&self.follower);
                if self.events {
                    out.extend_from_slice(b"id: ");
                    out.extend_from_slice(cursor.as_bytes());
                    out.extend_from_slice(b"\ndata: ");
                }
                write_record(&mut out, &record, |out| {
                    out.extend_from_slice(b"\"cursor\":\"");
                    out.extend_from_slice(cursor.as_bytes());
                    out.extend_from_slice(b"\",\"partition\":");
                    write_number(out, partition);
                    out.push(b',');
                });
                out.extend_from_slice(if self.events { b"\n\n" } else { b"\n" });
                records += 1;
            }
        }
        // Where compaction left a gap, it is done all the same.
        self.follower.took(partition, fetched.chunk.next_offset.min(until));
        self.app.metrics().fetched_records.inc_by(records);
        Ok(out)
    }
}

/// The next offset of each partition, joined by dots.
fn cursor(follower: &Follower) -> String {
    let mut cursor = String::new();
    for (index, next) in follower.positions().enumerate() {
        if index > 0 {
            cursor.push('.');
        }
        // Writing to a string cannot fail.
        let _ = write!(cursor, "{next}");
    }
    cursor
}

fn parse_cursor(cursor: &str) -> Result<Vec<u64>> {
    let positions: Option<Vec<u64>> = cursor.split('.').map(|next| next.parse().ok()).collect();
    positions.filter(|positions| positions.len() <= TOPIC_PARTITIONS_MAX as usize).ok_or_else(|| {
        Error::invalid("invalid-cursor", format!("{cursor:?} is not a cursor of this call; begin with from= instead"))
    })
}
