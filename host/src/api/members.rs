//! `/v1/groups/{group}/members`: join, poll, commit, leave.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::deployments::StartForm;
use super::extract::{Json, OptionalJson, Path};
use super::fetch::{bounded, wait};
use super::form::{write_number, write_record};
use super::groups::{member, token};
use super::problem::Problem;
use crate::coordinator::{AckRequest, CommitRequest, JoinRequest, Joined, Place, PollRequest, Polled};
use crate::error::{Error, Result};
use crate::group::Ack;
use crate::limits::{FETCH_BYTES_DEFAULT, FETCH_BYTES_MAX, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX};
use crate::model::group::{Assignor, Mode};
use crate::model::name::{GroupName, InstanceId, TopicName};
use crate::model::subscription::{Pattern, Subscription};

/// What a member reads, and how it is known.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoinRequest)]
pub(super) struct JoinForm {
    /// The topics to read; they need not exist yet. Either these, or a pattern.
    #[schema(value_type = Option<Vec<String>>)]
    pub(super) topics: Option<Vec<TopicName>>,
    /// A regular expression that matches whole names of topics.
    #[schema(value_type = Option<String>)]
    pub(super) pattern: Option<Pattern>,
    /// A member that is silent for longer is taken for dead; 30 seconds unless given.
    pub(super) session_timeout_ms: Option<u64>,
    /// A member that is heard, and neither polls nor commits for longer, loses what it has until it polls; 5 minutes unless
    /// given.
    pub(super) max_poll_interval_ms: Option<u64>,
    /// Makes the member a static one: a process that joins as the same instance takes its place, and nobody else notices.
    #[schema(value_type = Option<String>)]
    pub(super) instance_id: Option<InstanceId>,
    /// `earliest` (unless given), `latest`, or a time: where partitions are begun that the group has no offset of.
    #[schema(value_type = Option<String>)]
    pub(super) start: Option<StartForm>,
    /// `sticky` unless somebody said otherwise; the group takes the newest word.
    pub(super) assignor: Option<Assignor>,
    /// `consumer` (unless given), or `share`: many members to a partition, each record to one of them.
    #[serde(default)]
    pub(super) mode: Mode,
    /// Share mode: how long a member has for a record; 30 seconds unless somebody said otherwise, and the newest word holds.
    pub(super) lock_ms: Option<u64>,
    /// Share mode: how often a record is handed out before it is a dead letter; 5 times unless somebody said otherwise.
    pub(super) max_deliveries: Option<u16>,
}

impl JoinForm {
    pub(super) fn into_request(self) -> Result<JoinRequest> {
        let subscription = match (self.topics, self.pattern) {
            (Some(topics), None) => Subscription::topics(topics)?,
            (None, Some(pattern)) => Subscription::Pattern(pattern),
            _ => {
                return Err(Error::invalid(
                    "invalid-subscription",
                    "a member reads either \"topics\": [\"my-topic\"] or a \"pattern\"; send one of them",
                ));
            }
        };
        Ok(JoinRequest {
            subscription,
            session_timeout_ms: self.session_timeout_ms,
            max_poll_interval_ms: self.max_poll_interval_ms,
            instance_id: self.instance_id,
            start: self.start.map(StartForm::into_start).transpose()?.unwrap_or_default(),
            assignor: self.assignor,
            mode: self.mode,
            lock_ms: self.lock_ms,
            max_deliveries: self.max_deliveries,
        })
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JoinAnswer)]
pub(super) struct JoinAnswer {
    member_id: String,
    /// Rises with what the assignment follows: joins, leaves, new partitions.
    epoch: u64,
    assignment: Vec<Place>,
    /// Poll, commit or send a heartbeat at least so often.
    heartbeat_ms: u64,
}

/// Join a group, which is made where there is none.
///
/// Partitions are handed over as they become free: what somebody holds a batch of stays until that is committed.
#[utoipa::path(
    post, path = "/v1/groups/{group}/members", tag = "groups", params(("group" = String, Path)), request_body = JoinForm,
    responses((status = 201, body = JoinAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn join(
    State(app): State<App>,
    Path(group): Path<GroupName>,
    Json(form): Json<JoinForm>,
) -> Result<(StatusCode, Answer<JoinAnswer>)> {
    let request = form.into_request()?;
    let joined = app.whole(|app| async move { app.join(&group, request).await }).await?;
    let Joined { member_id, epoch, assignment, heartbeat_ms } = joined;
    let answer = JoinAnswer { member_id: member_id.to_string(), epoch, assignment, heartbeat_ms };
    Ok((StatusCode::CREATED, Answer(answer)))
}

/// Leave a group. What the member holds goes to the others.
#[utoipa::path(
    delete, path = "/v1/groups/{group}/members/{member}", tag = "groups",
    params(("group" = String, Path), ("member" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn leave(State(app): State<App>, Path((group, id)): Path<(GroupName, String)>) -> Result<StatusCode> {
    let member = member(&group, &id)?;
    app.whole(|app| async move { app.leave(&group, member).await }).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PollRequest)]
pub(super) struct PollForm {
    /// Of the batch that the member holds, or held last: after a restart of the host it has that batch again by it. One that
    /// is not the member's any more is passed over.
    token: Option<String>,
    /// At most this many records; 500 unless given, 50,000 at most.
    max_records: Option<usize>,
    /// Stop after this many bytes, but not before the first record; 1 MiB unless given, 16 MiB at most.
    max_bytes: Option<usize>,
    /// Where there is nothing yet, wait up to this long; 60,000 at most.
    wait_ms: Option<u64>,
}

impl PollForm {
    fn into_request(self) -> Result<PollRequest> {
        Ok(PollRequest {
            token: self.token.as_deref().map(token).transpose()?,
            records_max: bounded("max_records", self.max_records, FETCH_RECORDS_DEFAULT, FETCH_RECORDS_MAX)?,
            bytes_max: bounded("max_bytes", self.max_bytes, FETCH_BYTES_DEFAULT, FETCH_BYTES_MAX)?,
            wait: wait(self.wait_ms)?,
        })
    }
}

/// A record of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = PolledRecord)]
struct RecordSchema {
    topic: String,
    partition: u32,
    /// In share mode: how often the record has been handed out.
    delivery_count: Option<u16>,
    offset: u64,
    timestamp: i64,
    key: Option<serde_json::Value>,
    value: serde_json::Value,
    headers: serde_json::Value,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PollAnswer)]
struct PollSchema {
    /// What the batch is committed by.
    token: String,
    records: Vec<RecordSchema>,
    epoch: u64,
    assignment: Vec<Place>,
}

/// Take a batch under a lease. This is the member's heartbeat.
///
/// A member has one batch at a time: until that is committed, or its lease ends, polls answer the same batch again, so a
/// lost answer loses nothing.
#[utoipa::path(
    post, path = "/v1/groups/{group}/members/{member}/poll", tag = "groups",
    params(("group" = String, Path), ("member" = String, Path)), request_body = Option<PollForm>,
    responses(
        (status = 200, body = PollSchema),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The session has ended: join again"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn poll(
    State(app): State<App>,
    Path((group, id)): Path<(GroupName, String)>,
    OptionalJson(form): OptionalJson<PollForm>,
) -> Result<Response> {
    let member = member(&group, &id)?;
    let request = form.unwrap_or_default().into_request()?;
    let polled = app.poll(&group, member, request).await?;
    let mut out = Vec::with_capacity(1 << 10);
    out.extend_from_slice(b"{\"token\":\"");
    out.extend_from_slice(polled.token.to_string().as_bytes());
    out.extend_from_slice(b"\",\"records\":[");
    let count = write_records(&mut out, &polled, &Frame { between: b",", ..Frame::default() })?;
    app.metrics().fetched_records.inc_by(count);
    out.extend_from_slice(b"],\"epoch\":");
    write_number(&mut out, polled.epoch);
    out.extend_from_slice(b",\"assignment\":");
    // Writing to a vector cannot fail.
    drop(serde_json::to_writer(&mut out, &polled.assignment));
    out.push(b'}');
    Ok(([(CONTENT_TYPE, "application/json")], out).into_response())
}

/// What stands around each record, and in front of its own fields.
#[derive(Default)]
pub(super) struct Frame<'a> {
    pub(super) before: &'a [u8],
    pub(super) fields: &'a [u8],
    pub(super) between: &'a [u8],
    pub(super) after: &'a [u8],
}

/// Each record with its place; answers how many.
pub(super) fn write_records(out: &mut Vec<u8>, polled: &Polled, frame: &Frame<'_>) -> Result<u64> {
    let mut count = 0;
    for part in &polled.parts {
        let id = part.partition().id();
        for record in part.records() {
            let (record, deliveries) = record?;
            if count > 0 {
                out.extend_from_slice(frame.between);
            }
            out.extend_from_slice(frame.before);
            write_record(out, &record, |out| {
                out.extend_from_slice(frame.fields);
                out.extend_from_slice(b"\"topic\":\"");
                // A topic's name has no character that JSON escapes.
                out.extend_from_slice(part.partition().topic().as_str().as_bytes());
                out.extend_from_slice(b"\",\"partition\":");
                write_number(out, id.partition);
                if let Some(deliveries) = deliveries {
                    out.extend_from_slice(b",\"delivery_count\":");
                    write_number(out, deliveries);
                }
                out.push(b',');
            });
            out.extend_from_slice(frame.after);
            count += 1;
        }
    }
    Ok(count)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommitOffset)]
pub(super) struct OffsetForm {
    #[schema(value_type = String)]
    topic: TopicName,
    partition: u32,
    /// The next to read.
    offset: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommitRequest)]
pub(super) struct CommitForm {
    /// Of the batch, all of which is committed. Either this, or offsets.
    token: Option<String>,
    /// Of partitions that the member has; a batch may be committed bit by bit.
    offsets: Option<Vec<OffsetForm>>,
}

/// What a member has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberStanding)]
pub(super) struct StandingAnswer {
    epoch: u64,
    assignment: Vec<Place>,
}

impl From<(u64, Vec<Place>)> for StandingAnswer {
    fn from((epoch, assignment): (u64, Vec<Place>)) -> Self {
        Self { epoch, assignment }
    }
}

/// Commit a batch, or offsets. Answers once that is on the disk.
///
/// What the member does not have any more is refused, and nothing of it is committed; the problem has the `epoch` and the
/// `assignment` that hold now. A commit may be repeated.
#[utoipa::path(
    post, path = "/v1/groups/{group}/members/{member}/commit", tag = "groups",
    params(("group" = String, Path), ("member" = String, Path)), request_body = CommitForm,
    responses(
        (status = 200, body = StandingAnswer),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The session has ended: join again"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The lease has ended, or a partition is not the member's"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn commit(
    State(app): State<App>,
    Path((group, id)): Path<(GroupName, String)>,
    Json(form): Json<CommitForm>,
) -> Result<Answer<StandingAnswer>> {
    let member = member(&group, &id)?;
    let request = match (form.token, form.offsets) {
        (Some(text), None) => CommitRequest::Token(token(&text)?),
        (None, Some(offsets)) => CommitRequest::Offsets(
            offsets.into_iter().map(|OffsetForm { topic, partition, offset }| (topic, partition, offset)).collect(),
        ),
        _ => {
            return Err(Error::invalid(
                "invalid-commit",
                "a commit is of a batch or of offsets; send \"token\", or \"offsets\": [{\"topic\", \"partition\", \"offset\"}]",
            ));
        }
    };
    let standing = app.whole(|app| async move { app.commit_offsets(&group, member, request).await }).await?;
    Ok(Answer(standing.into()))
}

/// Say that the member is there, while it works on a batch.
#[utoipa::path(
    post, path = "/v1/groups/{group}/members/{member}/heartbeat", tag = "groups",
    params(("group" = String, Path), ("member" = String, Path)),
    responses((status = 200, body = StandingAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn heartbeat(
    State(app): State<App>,
    Path((group, id)): Path<(GroupName, String)>,
) -> Result<Answer<StandingAnswer>> {
    let member = member(&group, &id)?;
    Ok(Answer(app.heartbeat(&group, member).await?.into()))
}

/// What to do with a record.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum AckForm {
    /// It is done.
    Accept,
    /// Somebody else may try.
    Release,
    /// Nobody can take it: it is a dead letter.
    Reject,
    /// It takes longer: its time begins anew.
    Renew,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Acknowledgement)]
pub(super) struct RecordsForm {
    #[schema(value_type = String)]
    topic: TopicName,
    partition: u32,
    offsets: Vec<u64>,
    #[serde(rename = "type")]
    ack: AckForm,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcknowledgeRequest)]
pub(super) struct AcknowledgeForm {
    acknowledgements: Vec<RecordsForm>,
}

/// Share mode: accept, release, reject or renew records, each by itself. All of the call, or nothing. What is accepted already
/// may be accepted again.
#[utoipa::path(
    post, path = "/v1/groups/{group}/members/{member}/acknowledge", tag = "groups",
    params(("group" = String, Path), ("member" = String, Path)), request_body = AcknowledgeForm,
    responses(
        (status = 200, body = StandingAnswer),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A record is not in the member's hands"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn acknowledge(
    State(app): State<App>,
    Path((group, id)): Path<(GroupName, String)>,
    Json(form): Json<AcknowledgeForm>,
) -> Result<Answer<StandingAnswer>> {
    let member = member(&group, &id)?;
    let requests = form.acknowledgements.into_iter().map(|RecordsForm { topic, partition, offsets, ack }| AckRequest {
        topic,
        partition,
        offsets,
        ack: match ack {
            AckForm::Accept => Ack::Accept,
            AckForm::Release => Ack::Release,
            AckForm::Reject => Ack::Reject,
            AckForm::Renew => Ack::Renew,
        },
    });
    let requests = requests.collect();
    let standing = app.whole(|app| async move { app.acknowledge(&group, member, requests).await }).await?;
    Ok(Answer(standing.into()))
}
