//! `POST /v1/deployments/{deployment}/replay`: what another version would have made of a range that is past.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::deployments::StartForm;
use super::extract::{Json, Path};
use super::follow::streamed;
use super::form::{write_number, write_record, write_text};
use super::problem::Problem;
use crate::broker::Replaying;
use crate::error::{Error, Result};
use crate::limits::{REPLAY_SHOWN_DEFAULT, REPLAY_SHOWN_MAX};
use crate::model::deployment::Start;
use crate::model::name::{DeploymentName, PluginName};
use crate::model::record::KeptRecord;
use crate::task::{Made, ReplayItem, ReplayRequest, Replayed};

/// What is to be tried, and on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayRequest)]
pub(super) struct ReplayForm {
    /// Another plugin than that of the deployment.
    #[schema(value_type = Option<String>)]
    plugin: Option<PluginName>,
    /// The first digits of a version; the newest unless given.
    version: Option<String>,
    /// Other settings than those of the deployment.
    settings: Option<Value>,
    /// `earliest` (unless given) or a time.
    #[schema(value_type = Option<String>)]
    from: Option<StartForm>,
    /// A time; where the inputs end now, unless given.
    #[schema(value_type = Option<String>)]
    until: Option<StartForm>,
    /// Beside what the running version makes of the range (unless `false`): then only differences are shown.
    #[serde(default = "yes")]
    compare: bool,
    /// Records shown at most; the others are counted.
    limit: Option<u64>,
}

fn yes() -> bool {
    true
}

impl ReplayForm {
    fn into_request(self) -> Result<(ReplayRequest, u64)> {
        let Self { plugin, version, settings, from, until, compare, limit } = self;
        let from = from.map(StartForm::into_start).transpose()?.unwrap_or_default();
        let until_ms = match until.map(StartForm::into_start).transpose()? {
            None | Some(Start::Latest) => None,
            Some(Start::TimeMs(ms)) => Some(ms),
            Some(Start::Earliest) => {
                return Err(Error::invalid("invalid-range", "until is a time; leave it out to replay up to now"));
            }
        };
        let limit = limit.unwrap_or(REPLAY_SHOWN_DEFAULT);
        if limit > REPLAY_SHOWN_MAX {
            return Err(Error::invalid(
                "invalid-limit",
                format!("limit {limit} is over the {REPLAY_SHOWN_MAX} allowed"),
            ));
        }
        Ok((ReplayRequest { plugin, version, settings, from, until_ms, compare }, limit))
    }
}

/// Run a version over a past range, beside the one that runs.
///
/// Both run in sandboxes, a record a call, with a state of their own that is empty at first; nothing is written anywhere.
/// The answer is NDJSON: `{"difference": {"topic", "partition", "record", "before", "after"}}` for each input record of
/// which they make something different (`before` is left out without a comparison), `{"progress": {"records", "of"}}` now
/// and then, and `{"summary": {...}}` at the end. What a version made of a record is `{"records", "rejected"?, "failed"?}`.
#[utoipa::path(
    post, path = "/v1/deployments/{deployment}/replay", tag = "deployments",
    params(("deployment" = String, Path)), request_body = ReplayForm,
    responses(
        (status = 200, content((String = "application/x-ndjson"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn replay(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
    Json(form): Json<ReplayForm>,
) -> Result<Response> {
    let (request, shown_max) = form.into_request()?;
    let replaying = app.replay(&name, request).await?;
    let state = Telling { replaying, shown: 0, shown_max, ended: false };
    let lines = stream::unfold(state, |mut state| async move { state.next().await.map(|line| (line, state)) });
    Ok(streamed(false, Body::from_stream(lines)))
}

struct Telling {
    replaying: Replaying,
    shown: u64,
    shown_max: u64,
    ended: bool,
}

impl Telling {
    async fn next(&mut self) -> Option<Result<Bytes>> {
        while !self.ended {
            let mut out = Vec::new();
            match self.replaying.replay.next().await {
                Ok(Some(ReplayItem::Record(_))) if self.shown == self.shown_max => continue,
                Ok(Some(ReplayItem::Record(replayed))) => {
                    self.shown += 1;
                    write_replayed(&mut out, &replayed);
                }
                Ok(Some(ReplayItem::Progress(records))) => {
                    out.extend_from_slice(b"{\"progress\":{\"records\":");
                    write_number(&mut out, records);
                    out.extend_from_slice(b",\"of\":");
                    write_number(&mut out, self.replaying.replay.total());
                    out.extend_from_slice(b"}}\n");
                }
                Ok(None) => {
                    self.ended = true;
                    let summary = serde_json::json!({ "summary": self.replaying.replay.summary() });
                    out.extend_from_slice(format!("{summary}\n").as_bytes());
                }
                Err(error) => {
                    // The status is long sent: the reason is the last line, and then the stream breaks off.
                    self.ended = true;
                    let problem = serde_json::json!({ "error": { "type": error.code, "detail": error.detail } });
                    out.extend_from_slice(format!("{problem}\n").as_bytes());
                }
            }
            return Some(Ok(out.into()));
        }
        None
    }
}

fn write_replayed(out: &mut Vec<u8>, replayed: &Replayed) {
    let Replayed { topic, partition, record, before, after } = replayed;
    out.extend_from_slice(b"{\"difference\":{\"topic\":");
    write_text(out, Some(topic.as_str().as_bytes()));
    out.extend_from_slice(b",\"partition\":");
    write_number(out, *partition);
    out.extend_from_slice(b",\"record\":");
    write_record(out, &record.lend(), |_| {});
    if let Some(before) = before {
        out.extend_from_slice(b",\"before\":");
        write_made(out, before);
    }
    out.extend_from_slice(b",\"after\":");
    write_made(out, after);
    out.extend_from_slice(b"}}\n");
}

fn write_made(out: &mut Vec<u8>, made: &Made) {
    out.extend_from_slice(b"{\"records\":[");
    for (index, (topic, record)) in made.records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let record = KeptRecord::appended(index as u64, record.clone());
        write_record(out, &record.lend(), |out| {
            out.extend_from_slice(b"\"topic\":");
            write_text(out, Some(topic.as_str().as_bytes()));
            out.push(b',');
        });
    }
    out.push(b']');
    for (name, reason) in [("rejected", &made.rejected), ("failed", &made.failed)] {
        if let Some(reason) = reason {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            write_text(out, Some(reason.as_bytes()));
        }
    }
    out.push(b'}');
}
