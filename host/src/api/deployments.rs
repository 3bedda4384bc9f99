//! `/v1/deployments`: deploy, swap, try, pause, resume, roll back, delete.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::extract::{Json, Path, Query, created};
use super::fetch::parse_time;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::model::deployment::{CanaryRule, Grants, Start};
use crate::model::hook_path::HookPath;
use crate::model::name::{DeploymentName, PluginName, TopicName};
use crate::task::{Changelog, DeploymentStatus, Input, Request};

/// What to run on what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeploymentRequest)]
pub(super) struct DeployForm {
    #[schema(value_type = String)]
    plugin: PluginName,
    /// The first digits of a version; the newest unless given.
    version: Option<String>,
    /// The topics that it reads, all with as many partitions: names, or objects with a start of their own. Records are taken
    /// in the order of their time, and of equals that of the topic named first. Sources and webhooks read none.
    #[serde(default)]
    inputs: Vec<InputForm>,
    /// Where its records go that name no topic; made, with as many partitions as the input, where it is missing.
    #[schema(value_type = Option<String>)]
    output: Option<TopicName>,
    /// An object that fits the plugin's settings schema. A secret is written `{"$secret": "NAME"}`.
    #[serde(default = "no_settings")]
    settings: Value,
    #[serde(default)]
    grants: Grants,
    /// Where a webhook takes requests beside `/hooks/<deployment>`, such as `/webhooks/github`; what is below it is its own too.
    #[schema(value_type = Option<String>)]
    path: Option<HookPath>,
    /// `earliest` (unless given), `latest`, `committed`, or a time: where a new deployment begins in each input that has no
    /// start of its own. A swap goes on where it was.
    #[schema(value_type = Option<String>)]
    start: Option<StartForm>,
    /// Whether every change of the plugin's state is also a record of a compacted topic, `<deployment>.<table>.changelog`:
    /// of all tables (`true`), or of those that are named.
    #[serde(default)]
    changelog: ChangelogForm,
    /// Whether the state of a new deployment begins as the changelog of an earlier one of its name says.
    #[serde(default)]
    restore_state: bool,
    /// Tries the swap on one partition first, and goes on to all, or back, by itself.
    canary: Option<CanaryRule>,
}

/// A topic to read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "an input is a topic's name, or {\"topic\": \"my-topic\", \"start\": \"latest\"}")]
#[schema(as = DeploymentInput)]
pub(super) enum InputForm {
    #[schema(value_type = String)]
    Name(TopicName),
    With(InputWith),
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeploymentInputWithStart)]
pub(super) struct InputWith {
    #[schema(value_type = String)]
    topic: TopicName,
    /// As `start` of the deployment.
    #[schema(value_type = Option<String>)]
    start: Option<StartForm>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "changelog is true, false, or a list of state tables")]
#[schema(as = DeploymentChangelog)]
pub(super) enum ChangelogForm {
    All(bool),
    Tables(Vec<String>),
}

impl Default for ChangelogForm {
    fn default() -> Self {
        Self::All(false)
    }
}

impl DeployForm {
    /// What is wanted, in the words of the tasks.
    pub(super) fn into_request(self) -> Result<Request> {
        let Self { plugin, version, inputs, output, settings, grants, path, start, changelog, restore_state, canary } =
            self;
        let says_where = |form: &InputForm| matches!(form, InputForm::With(InputWith { start: Some(_), .. }));
        if restore_state && start.is_none() && !inputs.iter().all(says_where) {
            return Err(Error::invalid(
                "restore-needs-a-start",
                "what the restored state has counted would be counted again from the oldest record on; say where to begin with \"start\": \"latest\", or a time",
            ));
        }
        let start = start.map(StartForm::into_start).transpose()?.unwrap_or_default();
        let input = |form| {
            Ok(match form {
                InputForm::Name(topic) => Input { topic, start },
                InputForm::With(InputWith { topic, start: own }) => {
                    Input { topic, start: own.map(StartForm::into_start).transpose()?.unwrap_or(start) }
                }
            })
        };
        let inputs = inputs.into_iter().map(input).collect::<Result<_>>()?;
        let changelog = match changelog {
            ChangelogForm::All(false) => Changelog::None,
            ChangelogForm::All(true) => Changelog::All,
            ChangelogForm::Tables(tables) => Changelog::Tables(tables),
        };
        Ok(Request { plugin, version, inputs, output, settings, grants, path, changelog, restore_state, canary })
    }
}

fn no_settings() -> Value {
    Value::Object(serde_json::Map::new())
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "start is \"earliest\", \"latest\", \"committed\", or a time: milliseconds since 1970 or RFC 3339"
)]
pub(super) enum StartForm {
    Ms(i64),
    Text(String),
}

impl StartForm {
    pub(super) fn into_start(self) -> Result<Start> {
        Ok(match self {
            Self::Ms(ms) => Start::TimeMs(ms),
            Self::Text(text) => {
                match text.as_str() {
                    // A deployment that has committed nothing begins at the oldest record.
                    "earliest" | "committed" => Start::Earliest,
                    "latest" => Start::Latest,
                    time => Start::TimeMs(parse_time(time).map_err(|error| Error {
                        detail: format!("{}; or earliest, or latest", error.detail),
                        ..error
                    })?),
                }
            }
        })
    }
}

/// All deployments, by name.
#[utoipa::path(
    get, path = "/v1/deployments", tag = "deployments", params(PageQuery),
    responses((status = 200, body = Page<DeploymentStatus>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> Result<Answer<Page<DeploymentStatus>>> {
    page.of(app.deployments()?, |deployment: &DeploymentStatus| &deployment.name).map(Answer)
}

/// Deploy, or swap what runs under the name for another plugin, version or settings.
///
/// The new generation is compiled, checked and tried beside the running one, then takes over between two calls, partition
/// by partition; the answer says at which offset and how long each stood still. What is refused changes nothing.
#[utoipa::path(
    put, path = "/v1/deployments/{deployment}", tag = "deployments",
    params(("deployment" = String, Path)), request_body = DeployForm,
    responses(
        (status = 201, body = DeploymentStatus), (status = 200, body = DeploymentStatus, description = "Swapped, or as it was"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
    Json(form): Json<DeployForm>,
) -> Result<(StatusCode, Answer<DeploymentStatus>)> {
    let request = form.into_request()?;
    let (status, new) = app.whole(|app| async move { app.deploy(&name, request).await }).await?;
    Ok((created(new), Answer(status)))
}

/// One deployment: its generations and what each processed, its tasks and their lag, its failures.
#[utoipa::path(
    get, path = "/v1/deployments/{deployment}", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 200, body = DeploymentStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<DeploymentName>) -> Result<Answer<DeploymentStatus>> {
    app.deployment(&name).map(Answer)
}

/// Stop the tasks and take the deployment out, with its state and its progress. Topics stay.
#[utoipa::path(
    delete, path = "/v1/deployments/{deployment}", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<DeploymentName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.delete_deployment(&name).await }).await.map(|()| StatusCode::NO_CONTENT)
}

/// Pause: the answer comes once no task is in a call any more.
#[utoipa::path(
    post, path = "/v1/deployments/{deployment}/pause", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 200, body = DeploymentStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn pause(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
) -> Result<Answer<DeploymentStatus>> {
    app.whole(|app| async move { app.pause(&name).await }).await.map(Answer)
}

/// Go on, after a pause or a failure.
#[utoipa::path(
    post, path = "/v1/deployments/{deployment}/resume", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 200, body = DeploymentStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn resume(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
) -> Result<Answer<DeploymentStatus>> {
    app.whole(|app| async move { app.resume(&name).await }).await.map(Answer)
}

/// Go on with the canary on all partitions now.
#[utoipa::path(
    post, path = "/v1/deployments/{deployment}/promote", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 200, body = DeploymentStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn promote(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
) -> Result<Answer<DeploymentStatus>> {
    app.whole(|app| async move { app.promote(&name).await }).await.map(Answer)
}

/// Return to the generation before; a canary that is under way ends.
#[utoipa::path(
    post, path = "/v1/deployments/{deployment}/rollback", tag = "deployments", params(("deployment" = String, Path)),
    responses((status = 200, body = DeploymentStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn rollback(
    State(app): State<App>,
    Path(name): Path<DeploymentName>,
) -> Result<Answer<DeploymentStatus>> {
    app.whole(|app| async move { app.roll_back(&name).await }).await.map(Answer)
}
