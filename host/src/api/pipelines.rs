//! `/v1/pipelines`: several deployments that come as one, and go as one.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::App;
use super::deployments::DeployForm;
use super::extract::{Json, Path, Query};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::error::Result;
use crate::model::name::{DeploymentName, PipelineName};
use crate::task::PipelineStatus;

/// Deployments under one name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PipelineRequest)]
pub(super) struct PipelineForm {
    #[schema(value_type = String)]
    name: PipelineName,
    deployments: Vec<PipelineDeployment>,
}

/// A deployment, and its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct PipelineDeployment {
    #[schema(value_type = String)]
    name: DeploymentName,
    #[serde(flatten)]
    deployment: DeployForm,
}

/// Taken apart by hand: a flattened form would let fields pass that it does not know.
impl TryFrom<Map<String, Value>> for PipelineDeployment {
    type Error = String;

    fn try_from(mut fields: Map<String, Value>) -> std::result::Result<Self, String> {
        let name = fields.remove("name").ok_or("a deployment of a pipeline needs a \"name\"")?;
        let name = serde_json::from_value(name).map_err(|error| error.to_string())?;
        let deployment = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        Ok(Self { name, deployment })
    }
}

/// Deploy several plugins as one.
///
/// All deployments are made in one transaction, or none. A topic that one writes and another reads is made where it is
/// missing, with as many partitions as its writer's inputs.
#[utoipa::path(
    post, path = "/v1/pipelines", tag = "pipelines", request_body = PipelineForm,
    responses(
        (status = 201, body = PipelineStatus),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(
    State(app): State<App>,
    Json(form): Json<PipelineForm>,
) -> Result<(StatusCode, Answer<PipelineStatus>)> {
    let PipelineForm { name, deployments } = form;
    let requests =
        deployments.into_iter().map(|PipelineDeployment { name, deployment }| Ok((name, deployment.into_request()?)));
    let requests = requests.collect::<Result<Vec<_>>>()?;
    let status = app.whole(|app| async move { app.create_pipeline(&name, requests).await }).await?;
    Ok((StatusCode::CREATED, Answer(status)))
}

/// All pipelines, by name.
#[utoipa::path(
    get, path = "/v1/pipelines", tag = "pipelines", params(PageQuery),
    responses((status = 200, body = Page<PipelineStatus>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(app): State<App>,
    Query(page): Query<PageQuery>,
) -> Result<Answer<Page<PipelineStatus>>> {
    page.of(app.pipelines()?, |pipeline: &PipelineStatus| &pipeline.name).map(Answer)
}

/// One pipeline: the state and the lag of the whole, and each of its deployments.
#[utoipa::path(
    get, path = "/v1/pipelines/{pipeline}", tag = "pipelines", params(("pipeline" = String, Path)),
    responses((status = 200, body = PipelineStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<PipelineName>) -> Result<Answer<PipelineStatus>> {
    app.pipeline(&name).map(Answer)
}

/// Stop all its deployments and take them out as one, with their state and their progress. Topics stay.
#[utoipa::path(
    delete, path = "/v1/pipelines/{pipeline}", tag = "pipelines", params(("pipeline" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<PipelineName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.delete_pipeline(&name).await }).await.map(|()| StatusCode::NO_CONTENT)
}
