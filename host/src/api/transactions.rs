//! `POST /v1/transactions`: records and offsets over several topics, all or nothing.

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::{admitted_body, media_type, unsupported_media};
use super::form::{self, TransactionForm};
use super::nullable::Nullable;
use super::problem::Problem;
use super::{groups, produce, retry};
use crate::broker::{BatchCommit, NewOffset};
use crate::error::Result;
use crate::model::name::{GroupName, TopicName};

/// Records and offsets that stand or fall together.
#[derive(Serialize, ToSchema)]
#[schema(as = TransactionRequest)]
struct RequestSchema {
    /// As in a produce, each with its topic.
    records: Option<Vec<RecordSchema>>,
    offsets: Option<Vec<OffsetForm>>,
    commits: Option<Vec<CommitForm>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TransactionRecord)]
struct RecordSchema {
    topic: String,
    key: Option<serde_json::Value>,
    value: serde_json::Value,
    headers: Option<serde_json::Value>,
    partition: Option<u32>,
    timestamp: Option<i64>,
}

/// Where a group goes on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransactionOffset)]
pub(super) struct OffsetForm {
    #[schema(value_type = String)]
    group: GroupName,
    #[schema(value_type = String)]
    topic: TopicName,
    partition: u32,
    /// The next offset to read.
    offset: u64,
    /// Where the group must stand, or nothing of this is done; null is nowhere yet.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    expected: Nullable<u64>,
}

/// The batch that a group's member was given by a poll: committed with what came of it, or not at all.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TransactionCommit)]
pub(super) struct CommitForm {
    #[schema(value_type = String)]
    group: GroupName,
    member_id: String,
    token: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TransactionReceipt)]
struct ReceiptSchema {
    topic: String,
    partition: u32,
    offset: u64,
    timestamp: i64,
}

/// A receipt a record, in the order of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = TransactionAnswer)]
struct AnswerSchema {
    records: Vec<ReceiptSchema>,
    /// `synced`, or within what time it will be.
    durability: String,
    /// True where the request had been committed before.
    duplicate: Option<bool>,
}

/// Append records to several topics, move groups' offsets and commit members' batches: all of it, or nothing. One commit, one
/// fsync.
///
/// With `Idempotency-Key`, or a producer's three headers, the request may be sent again.
#[utoipa::path(
    post, path = "/v1/transactions", tag = "records", params(produce::RetryHeaders), request_body = RequestSchema,
    responses(
        (status = 200, body = AnswerSchema),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "A group stands elsewhere than expected"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Shutting down: see Retry-After"),
    ),
)]
pub(super) async fn transact(State(app): State<App>, request: Request) -> Result<Response> {
    let (parts, incoming) = request.into_parts();
    let (body, permit) = admitted_body(&app, &parts.headers, incoming).await?;
    let media = media_type(&parts.headers);
    if media.as_deref() != Some("application/json") {
        return Err(unsupported_media(media.as_deref(), "application/json"));
    }
    let retry = retry::read(&parts.headers, &[b"transaction", &body])?;
    let form = TransactionForm::parse(form::text(&body)?)?;
    let offsets = form.offsets.into_iter().map(|offset| {
        let OffsetForm { group, topic, partition, offset, expected } = offset;
        let expected = match expected {
            Nullable::Absent => None,
            Nullable::Null => Some(None),
            Nullable::Value(expected) => Some(Some(expected)),
        };
        NewOffset { group, topic, partition, offset, expected }
    });
    let mut topics = Vec::with_capacity(form.records.len());
    let mut records = Vec::with_capacity(form.records.len());
    for (topic, record) in form.records {
        topics.push(topic.clone());
        records.push((topic, record.into_record(&body)?));
    }
    let commits = form.commits.into_iter().map(|CommitForm { group, member_id, token }| {
        let member = groups::member(&group, &member_id)?;
        Ok(BatchCommit { group, member, token: groups::token(&token)? })
    });
    let moved = (offsets.collect(), commits.collect::<Result<_>>()?);
    // The groups wait to hear how it went.
    let transact = |app: App| async move { app.transact(records, moved, retry, permit).await };
    let produced = app.whole(transact).await?;
    let answer = produce::write(&produced, &topics, app.sync());
    Ok(([(CONTENT_TYPE, "application/json")], answer).into_response())
}
