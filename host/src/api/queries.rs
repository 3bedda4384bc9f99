//! `POST /v1/queries`: what steps make of a topic's past, in one request.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::App;
use super::deployments::StartForm;
use super::extract::Json;
use super::follow::streamed;
use super::form::{write_content, write_number, write_text};
use super::problem::Problem;
use crate::broker::Querying;
use crate::error::{Error, Result};
use crate::limits::{FOLLOW_WRITE_BYTES, QUERY_FIRST_MS_MAX};
use crate::model::deployment::Start;
use crate::model::name::TopicName;
use crate::task::{Found, QueryRequest};

/// What is to be made, and of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Query)]
pub(super) struct QueryForm {
    #[schema(value_type = String)]
    topic: TopicName,
    /// `earliest` (unless given) or a time (milliseconds since 1970, or RFC 3339): in each partition from the first record of
    /// that time or later on.
    #[schema(value_type = Option<String>)]
    from: Option<StartForm>,
    /// A time: records of this time or later are left out.
    #[schema(value_type = Option<String>)]
    until: Option<StartForm>,
    /// As the settings of plugin `script` have them; with none of them records come as they are.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<Value>,
    /// Constants that the functions know by name.
    #[schema(value_type = Option<Object>)]
    values: Option<Map<String, Value>>,
    /// Ends after so many records.
    limit: Option<u64>,
}

impl QueryForm {
    fn into_request(self) -> Result<(QueryRequest, u64)> {
        let Self { topic, from, until, steps, values, limit } = self;
        let until_ms = match until.map(StartForm::into_start).transpose()? {
            None | Some(Start::Latest) => None,
            Some(Start::TimeMs(ms)) => Some(ms),
            Some(Start::Earliest) => {
                return Err(Error::invalid("invalid-range", "until is a time; leave it out to read up to now"));
            }
        };
        if limit == Some(0) {
            return Err(Error::invalid("invalid-query", "limit 0 asks for nothing; give 1 or more"));
        }
        let mut settings = Map::from_iter([("steps".to_owned(), Value::Array(steps))]);
        settings.extend(values.map(|values| ("values".to_owned(), Value::Object(values))));
        let from = from.map(StartForm::into_start).transpose()?.unwrap_or_default();
        let request = QueryRequest { topic, from, until_ms, settings: Value::Object(settings) };
        Ok((request, limit.unwrap_or(u64::MAX)))
    }
}

/// Run steps over what a topic has, up to now.
///
/// The steps run in plugin `script`, beside the data, over all partitions; nothing that they do is kept. The answer is
/// NDJSON: a line a record with `topic`, `partition`, `offset`, `timestamp`, `key`, `value` and `headers`, where the topic is
/// the one that was asked or that of a branch, and the three that say where are null behind an aggregate. Records come in the order of
/// time over all partitions, as far as that is the order of offsets within each: a record stands at the greatest timestamp of
/// its partition up to it. An aggregate takes them so, and is told once, at the end: a record a group, and a window; nothing is
/// late. Where the query fails after its answer has begun (with the first record, or a second after the request), the last line is `{"$problem": {...}}`, a
/// problem such as a refused request has: `function-failed` where a function threw, `query-cut-off` where a call took too long or
/// too much memory, `query-too-long` where the steps worked for 5 minutes, `query-not-read` where the client read nothing for
/// 2 minutes.
#[utoipa::path(
    post, path = "/v1/queries", tag = "records", request_body = QueryForm,
    responses(
        (status = 200, content((String = "application/x-ndjson"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn query(State(app): State<App>, Json(form): Json<QueryForm>) -> Result<Response> {
    let (request, left) = form.into_request()?;
    let topic = request.topic.clone();
    let mut querying = app.query(request).await?;
    // What fails at once is answered as an error; what takes its time begins its answer, and tells how it ended in it.
    let first = tokio::time::timeout(Duration::from_millis(QUERY_FIRST_MS_MAX), querying.next()).await;
    let waiting = first.ok().flatten().transpose()?.unwrap_or_default().into_iter();
    let state = Telling { querying, topic, left, waiting };
    let pieces = stream::unfold(state, |mut state| async move { state.next().await.map(|piece| (piece, state)) });
    Ok(streamed(false, Body::from_stream(pieces)))
}

struct Telling {
    querying: Querying,
    topic: TopicName,
    /// So many more records may be told.
    left: u64,
    waiting: std::vec::IntoIter<Found>,
}

impl Telling {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        let mut out = Vec::new();
        while out.len() < FOLLOW_WRITE_BYTES && self.left > 0 {
            if let Some(found) = self.waiting.next() {
                self.left -= 1;
                write_found(&mut out, &self.topic, found);
                continue;
            }
            if !out.is_empty() {
                break;
            }
            match self.querying.next().await? {
                Ok(found) => self.waiting = found.into_iter(),
                Err(error) => {
                    // The status is long sent.
                    self.left = 0;
                    out.extend_from_slice(format!("{}\n", json!({ "$problem": Problem::from(error) })).as_bytes());
                }
            }
        }
        (!out.is_empty()).then(|| Ok(out.into()))
    }
}

fn write_found(out: &mut Vec<u8>, asked: &TopicName, found: Found) {
    let Found { topic, origin, record } = found;
    let is_of_many = origin.is_none() && topic.is_none();
    out.extend_from_slice(b"{\"topic\":");
    write_text(out, (!is_of_many).then(|| topic.as_deref().unwrap_or(asked.as_str()).as_bytes()));
    match origin {
        None => out.extend_from_slice(b",\"partition\":null,\"offset\":null,"),
        Some((partition, offset)) => {
            out.extend_from_slice(b",\"partition\":");
            write_number(out, partition);
            out.extend_from_slice(b",\"offset\":");
            write_number(out, offset);
            out.push(b',');
        }
    }
    write_content(out, &record.lend());
    out.extend_from_slice(b"}\n");
}
