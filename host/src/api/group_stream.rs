//! `GET /v1/groups/{group}/stream`: a member that is there for as long as its connection is. Batch after batch comes down the
//! stream, each once the one before is committed.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::deployments::StartForm;
use super::extract::{Path, Query};
use super::fetch::bounded;
use super::follow::{streamed, wants_events};
use super::members::{Frame, JoinForm, write_records};
use super::problem::Problem;
use crate::coordinator::{PollRequest, Polled};
use crate::error::Result;
use crate::limits::{FETCH_BYTES_DEFAULT, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX, FOLLOW_KEEP_ALIVE_MS};
use crate::model::group::{MemberId, Mode};
use crate::model::name::{GroupName, InstanceId, TopicName};
use crate::model::subscription::Pattern;

const MEMBER_ID: HeaderName = HeaderName::from_static("kafka-do-member-id");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The topics to read, with commas between them. Either these, or a pattern.
    topics: Option<String>,
    /// A regular expression that matches whole names of topics.
    pattern: Option<String>,
    /// `earliest` (unless given), `latest`, or a time: where partitions are begun that the group has no offset of.
    start: Option<String>,
    /// As in a join.
    session_timeout_ms: Option<u64>,
    max_poll_interval_ms: Option<u64>,
    instance_id: Option<String>,
    /// `consumer` (unless given), or `share`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    mode: Mode,
    /// At most this many records a batch; 500 unless given, 50,000 at most.
    max_records: Option<usize>,
}

/// Join, and read batch after batch for as long as the connection is open.
///
/// Each item is a record with its `topic`, `partition`, `offset`, `timestamp`, `key`, `value`, `headers`, and the `member_id`
/// and the `token` that it is committed by: `POST /v1/groups/{group}/members/{member_id}/commit` with `{"token"}` or with
/// offsets. The next batch comes once that is done. As NDJSON an item is a line; with `Accept: text/event-stream` it is an
/// event. The header `kafka-do-member-id` is there before the first item. The member leaves when the connection ends.
#[utoipa::path(
    get, path = "/v1/groups/{group}/stream", tag = "groups", params(("group" = String, Path), StreamQuery),
    responses(
        (status = 200, content((String = "application/x-ndjson"), (String = "text/event-stream"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn stream(
    State(app): State<App>,
    Path(group): Path<GroupName>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let records_max = bounded("max_records", query.max_records, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX)?;
    let topics = query.topics.map(|topics| topics.split(',').map(TopicName::parse).collect::<Result<Vec<_>>>());
    let form = JoinForm {
        topics: topics.transpose()?,
        pattern: query.pattern.as_deref().map(Pattern::parse).transpose()?,
        session_timeout_ms: query.session_timeout_ms,
        max_poll_interval_ms: query.max_poll_interval_ms,
        instance_id: query.instance_id.as_deref().map(InstanceId::parse).transpose()?,
        start: query.start.map(StartForm::Text),
        mode: query.mode,
        ..JoinForm::default()
    };
    let request = form.into_request()?;
    let (name, joining) = (group.clone(), app.clone());
    // A client that goes while it joins leaves as well.
    let seat = joining
        .whole(|app| async move {
            let joined = app.join(&name, request).await?;
            Ok(Seat { app, group: name, member: joined.member_id })
        })
        .await?;
    let events = wants_events(&headers);
    let member = HeaderValue::from_str(&seat.member.to_string()).ok();
    let state = Streaming { seat, events, records_max, polled: None };
    let body = Body::from_stream(stream::unfold(state, |mut state| async move {
        let item = state.next().await?;
        Some((item, state))
    }));
    let mut response = streamed(events, body);
    if let Some(member) = member {
        response.headers_mut().insert(MEMBER_ID, member);
    }
    Ok(response)
}

/// A member that leaves when it is dropped.
struct Seat {
    app: App,
    group: GroupName,
    member: MemberId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.app.leave_behind(self.group.clone(), self.member);
    }
}

struct Streaming {
    seat: Seat,
    events: bool,
    records_max: usize,
    /// The last poll, whose batch may still be in the member's hands.
    polled: Option<Polled>,
}

impl Streaming {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        let patience = Duration::from_millis(FOLLOW_KEEP_ALIVE_MS);
        loop {
            let Seat { app, group, member } = &self.seat;
            if app.is_shutting_down() {
                return None;
            }
            if self.polled.as_ref().is_some_and(|polled| !polled.parts.is_empty()) {
                match tokio::time::timeout(patience, app.empty_handed(group, *member)).await {
                    Ok(Ok(())) => self.polled = None,
                    Ok(Err(error)) => return self.ends(error),
                    Err(_) if self.events => return Some(Ok(Bytes::from_static(b":\n\n"))),
                    Err(_) => continue,
                }
            }
            let request = PollRequest {
                token: None,
                records_max: self.records_max,
                bytes_max: FETCH_BYTES_DEFAULT,
                wait: patience,
            };
            let Seat { app, group, member } = &self.seat;
            let polled = match app.poll(group, *member, request).await {
                Ok(polled) => polled,
                Err(error) => return self.ends(error),
            };
            let written = self.write(&polled);
            self.polled = Some(polled);
            match written {
                Ok(out) if !out.is_empty() => return Some(Ok(out.into())),
                Ok(_) if self.events => return Some(Ok(Bytes::from_static(b":\n\n"))),
                Ok(_) => {}
                Err(error) => return self.ends(error),
            }
        }
    }

    /// The status is long sent: breaking the stream off is the one sign that is left.
    fn ends(&self, error: crate::error::Error) -> Option<Result<Bytes>> {
        if self.seat.app.is_shutting_down() {
            return None;
        }
        tracing::warn!(group = %self.seat.group, %error, "a group's stream broke off");
        Some(Err(error))
    }

    fn write(&self, polled: &Polled) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let fields = format!("\"member_id\":\"{}\",\"token\":\"{}\",", self.seat.member, polled.token);
        let (before, after): (&[u8], &[u8]) = if self.events { (b"data: ", b"\n\n") } else { (b"", b"\n") };
        let frame = Frame { before, fields: fields.as_bytes(), after, ..Frame::default() };
        let count = write_records(&mut out, polled, &frame)?;
        self.seat.app.metrics().fetched_records.inc_by(count);
        Ok(out)
    }
}
