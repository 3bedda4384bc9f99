//! `GET /v1/topics/{topic}/records`: all partitions of a topic as one stream, NDJSON or server-sent events.

use std::fmt::Write;
use std::pin::pin;
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
use super::extract::{Path, RepeatedQuery};
use super::fetch::{bounded, parse_time};
use super::form::{write_number, write_record};
use super::problem::Problem;
use super::select::Selection;
use crate::broker::{Fetched, Follower, Newest, ReadFrom};
use crate::error::{Error, Result};
use crate::limits::{
    FOLLOW_CLOCK_LOOK_MS, FOLLOW_KEEP_ALIVE_MS, FOLLOW_WRITE_BYTES, NEWEST_RECORDS_MAX, TOPIC_PARTITIONS_MAX,
};
use crate::log::unreadable;
use crate::model::name::TopicName;
use crate::model::record::StoredRecord;

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
    /// Leave out records of this time or later (milliseconds since 1970, or RFC 3339). Times in a partition need not ascend,
    /// so all of it is looked at, to its end. A stream that follows ends when the host's clock passes this time, with what is
    /// stored by then.
    until: Option<String>,
    /// End after this many records.
    limit: Option<u64>,
    /// The newest records by their time, over all partitions, and in the order of time: so many, 10,000 at most, as they are
    /// when the call comes; then the stream ends. With `where`, the newest of those that satisfy the conditions. Not with
    /// `from`, `follow`, `cursor` and `until`. The cursor of each record is that of the topic's end.
    last: Option<usize>,
    /// A condition on the value, such as `amount>100`: the dotted path of a field of JSON, one of `=`, `!=`, `<`, `<=`, `>`,
    /// `>=` and `~` (contains), and what to compare with: a number, a boolean or a text (with JSON's quotes where it would be
    /// mistaken). May come up to 16 times; records that satisfy all are kept. A record without a value, whose value is not
    /// JSON or has no such field (or null) satisfies none.
    #[serde(default, rename = "where")]
    conditions: Vec<String>,
}

/// Read all partitions of a topic.
///
/// Each item has `partition`, `offset`, `timestamp`, `key`, `value`, `headers` and a `cursor`. As NDJSON an item is a
/// line; with `Accept: text/event-stream` it is an event whose id is the cursor. The header `kafka-do-cursor` is the cursor
/// before the first item. Order is that of the offsets within a
/// partition; between partitions there is none, but for `last`.
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
    RepeatedQuery(query): RepeatedQuery<FollowQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let last_event_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let events = wants_events(&headers);
    let selection = Selection::parse(query.until.as_deref(), &query.conditions)?;
    let left = match query.limit {
        None => u64::MAX,
        Some(0) => return Err(Error::invalid("invalid-query", "limit 0 asks for nothing; give 1 or more")),
        Some(limit) => limit,
    };
    let cursor = query.cursor.as_deref().or(last_event_id);
    if let Some(last) = query.last {
        if query.from.is_some() || query.follow || cursor.is_some() || query.until.is_some() {
            return Err(Error::invalid(
                "invalid-query",
                "last says where the read begins and ends; leave out from, follow, cursor (or Last-Event-ID) and until, or leave out last",
            ));
        }
        let count = bounded("last", Some(last), last, NEWEST_RECORDS_MAX)?;
        return newest(app, &topic, (count, left), &selection, events).await;
    }
    let from = match query.from.as_deref() {
        None if query.follow => ReadFrom::Latest,
        None | Some("earliest") => ReadFrom::Earliest,
        Some("latest") => ReadFrom::Latest,
        Some(time) => ReadFrom::TimeMs(parse_time(time)?),
    };
    let positions = cursor.map_or_else(|| Ok(Vec::new()), parse_cursor)?;
    let follower = app.follow(&topic, from, &positions, query.follow).await?;
    let begin = cursor_of(follower.positions());
    let has_records = follower.has_records();
    let ends_at_ms = selection.until_ms.filter(|_| query.follow);
    let mut state = Streaming { app, follower, events, selection, left, ends_at_ms, passed: false, ended: false };
    // What cannot be read at all is answered as an error: once the answer has begun, only breaking it off is left.
    let first = if has_records { state.step().await.transpose()? } else { None };
    let first = first.filter(|out| !out.is_empty()).map(|out| Ok(Bytes::from(out)));
    let rest = stream::unfold(state, |mut state| async move { state.next().await.map(|item| (item, state)) });
    Ok(with_cursor(streamed(events, Body::from_stream(stream::iter(first).chain(rest))), &begin))
}

/// The newest records, whole: a stream of pieces, for they are in memory already.
async fn newest(
    app: App,
    topic: &TopicName,
    (count, left): (usize, u64),
    selection: &Selection,
    events: bool,
) -> Result<Response> {
    let found = app.newest(topic, count, |record| selection.takes(record)).await?;
    let end = cursor_of(found.ends.iter().copied());
    let shown = found.records.len().min(usize::try_from(left).unwrap_or(usize::MAX));
    app.metrics().fetched_records.inc_by(shown as u64);
    let cursor = end.clone();
    let pieces = stream::unfold((found, 0), move |(found, next)| {
        let piece = write_piece(&found, next..shown, &cursor, events);
        async move { piece.map(|(out, next)| (Ok::<_, Error>(Bytes::from(out)), (found, next))) }
    });
    Ok(with_cursor(streamed(events, Body::from_stream(pieces)), &end))
}

/// As many of the records as go out at once, and which is the next; `None` where none is left.
fn write_piece(found: &Newest, shown: std::ops::Range<usize>, cursor: &str, events: bool) -> Option<(Vec<u8>, usize)> {
    let mut out = Vec::new();
    let mut next = shown.start;
    for (partition, record) in found.records.get(shown)? {
        if out.len() > FOLLOW_WRITE_BYTES {
            break;
        }
        write_item(&mut out, events, cursor, *partition, &record.lend());
        next += 1;
    }
    (!out.is_empty()).then_some((out, next))
}

fn with_cursor(mut response: Response, cursor: &str) -> Response {
    if let Ok(cursor) = HeaderValue::from_str(cursor) {
        response.headers_mut().insert(CURSOR, cursor);
    }
    response
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
    selection: Selection,
    /// So many more records may be written.
    left: u64,
    /// The stream follows until the clock passes this time.
    ends_at_ms: Option<i64>,
    /// Records were left out since the last one that was written.
    passed: bool,
    ended: bool,
}

impl Streaming {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        let events = self.events;
        let mut quiet = pin!(tokio::time::sleep(Duration::from_millis(FOLLOW_KEEP_ALIVE_MS)));
        loop {
            tokio::select! {
                step = self.step() => match step? {
                    // Where much is left out, others have their turn, and a client that has gone is noticed.
                    Ok(out) if out.is_empty() => tokio::task::yield_now().await,
                    step => return Some(step.map(Bytes::from)),
                },
                () = &mut quiet, if events => return Some(Ok(self.keep_alive())),
            }
        }
    }

    /// So that proxies and clients see that the stream lives: a comment. Where records were left out, an id without data,
    /// which is no event: a client that comes back goes on behind them.
    fn keep_alive(&mut self) -> Bytes {
        if std::mem::take(&mut self.passed) {
            return format!("id: {}\n\n", cursor_of(self.follower.positions())).into();
        }
        Bytes::from_static(b":\n\n")
    }

    /// What comes of one look at the log, perhaps nothing; `None` at the end.
    async fn step(&mut self) -> Option<Result<Vec<u8>>> {
        if self.ended || self.left == 0 {
            return None;
        }
        let next = match self.ends_in() {
            None => self.follower.next().await,
            Some(wait) => tokio::select! {
                next = self.follower.next() => next,
                () = tokio::time::sleep(wait) => return Some(Ok(Vec::new())),
            },
        };
        let written = match next {
            Ok(None) => return None,
            Ok(Some((partition, fetched))) => self.write(partition.id().partition, &fetched),
            Err(error) => Err(error),
        };
        if let Err(error) = &written {
            // The status is long sent: breaking the stream off is the one sign that is left.
            self.ended = true;
            tracing::warn!(%error, "a stream broke off");
        }
        Some(written)
    }

    /// How long to wait before the clock is looked at again. A time that has passed ends the stream where the topic ends now.
    fn ends_in(&mut self) -> Option<Duration> {
        let left_ms = self.ends_at_ms?.saturating_sub(self.app.now_ms());
        if let Ok(left_ms @ 1..) = u64::try_from(left_ms) {
            return Some(Duration::from_millis(left_ms.min(FOLLOW_CLOCK_LOOK_MS)));
        }
        self.ends_at_ms = None;
        self.follower.end_here();
        None
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
                if out.len() > FOLLOW_WRITE_BYTES || records == self.left {
                    // The rest is read again, in its turn.
                    self.wrote(records);
                    return Ok(out);
                }
                self.follower.took(partition, record.offset + 1);
                if !self.selection.takes(&record) {
                    self.passed = true;
                    continue;
                }
                self.passed = false;
                let cursor = cursor_of(self.follower.positions());
                write_item(&mut out, self.events, &cursor, partition, &record);
                records += 1;
            }
        }
        // Where compaction left a gap, it is done all the same.
        self.follower.took(partition, fetched.chunk.next_offset.min(until));
        self.wrote(records);
        Ok(out)
    }

    fn wrote(&mut self, records: u64) {
        self.left -= records;
        self.app.metrics().fetched_records.inc_by(records);
    }
}

fn write_item(out: &mut Vec<u8>, events: bool, cursor: &str, partition: u32, record: &StoredRecord<'_>) {
    if events {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(cursor.as_bytes());
        out.extend_from_slice(b"\ndata: ");
    }
    write_record(out, record, |out| {
        out.extend_from_slice(b"\"cursor\":\"");
        out.extend_from_slice(cursor.as_bytes());
        out.extend_from_slice(b"\",\"partition\":");
        write_number(out, partition);
        out.push(b',');
    });
    out.extend_from_slice(if events { b"\n\n" } else { b"\n" });
}

/// The next offset of each partition, joined by dots.
fn cursor_of(positions: impl Iterator<Item = u64>) -> String {
    let mut cursor = String::new();
    for (index, next) in positions.enumerate() {
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
