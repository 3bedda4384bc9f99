//! `/v1/topics`: create, read, alter, delete.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::{Json, OptionalJson, Path, Query, created};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::log::Topic;
use crate::model::name::TopicName;
use crate::model::topic::TopicConfig;

/// What can be set of a topic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TopicSettings)]
pub(super) struct Settings {
    /// 1 to 10,000; 1 unless given. Only ever grows.
    partitions: Option<u32>,
}

/// A topic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Topic)]
pub(super) struct TopicAnswer {
    name: String,
    partitions: u32,
    created_ms: i64,
    offsets: Vec<PartitionAnswer>,
}

/// Where a partition begins and ends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Partition)]
struct PartitionAnswer {
    partition: u32,
    start_offset: u64,
    high_watermark: u64,
}

fn answer(topic: &Topic) -> TopicAnswer {
    let offsets: Vec<_> = topic
        .partitions()
        .iter()
        .map(|partition| PartitionAnswer {
            partition: partition.id().partition,
            start_offset: partition.start_offset(),
            high_watermark: partition.high_watermark(),
        })
        .collect();
    TopicAnswer {
        name: topic.name().to_string(),
        partitions: topic.config().partitions,
        created_ms: topic.created_ms(),
        offsets,
    }
}

/// All topics, by name.
#[utoipa::path(
    get, path = "/v1/topics", tag = "topics", params(PageQuery),
    responses((status = 200, body = Page<TopicAnswer>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(app): State<App>, Query(page): Query<PageQuery>) -> Result<Answer<Page<TopicAnswer>>> {
    let topics: Vec<Arc<Topic>> = app.topics();
    page.of(topics.iter().map(|topic| answer(topic)).collect(), |topic: &TopicAnswer| &topic.name).map(Answer)
}

/// Create a topic. Asking again for what is there changes nothing.
#[utoipa::path(
    put, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)), request_body = Option<Settings>,
    responses(
        (status = 201, body = TopicAnswer), (status = 200, body = TopicAnswer, description = "It was there"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    State(app): State<App>,
    Path(name): Path<TopicName>,
    OptionalJson(settings): OptionalJson<Settings>,
) -> Result<(StatusCode, Answer<TopicAnswer>)> {
    let config = settings.and_then(|settings| settings.partitions).map(|partitions| TopicConfig { partitions });
    let (topic, new) = app.whole(|app| async move { app.create_topic(&name, config).await }).await?;
    Ok((created(new), Answer(answer(&topic))))
}

/// One topic.
#[utoipa::path(
    get, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)),
    responses((status = 200, body = TopicAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<TopicName>) -> Result<Answer<TopicAnswer>> {
    app.topic(&name).map(|topic| Answer(answer(&topic)))
}

/// Alter a topic: partitions only grow.
#[utoipa::path(
    patch, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)), request_body = Settings,
    responses((status = 200, body = TopicAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn patch(
    State(app): State<App>,
    Path(name): Path<TopicName>,
    Json(settings): Json<Settings>,
) -> Result<Answer<TopicAnswer>> {
    let Some(partitions) = settings.partitions else {
        return Err(Error::invalid("nothing-to-alter", "the body names nothing to alter; send {\"partitions\": n}"));
    };
    let topic = app.whole(|app| async move { app.grow_topic(&name, partitions).await }).await?;
    Ok(Answer(answer(&topic)))
}

/// Delete a topic and all its records.
#[utoipa::path(
    delete, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<TopicName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.delete_topic(&name).await }).await.map(|()| StatusCode::NO_CONTENT)
}
