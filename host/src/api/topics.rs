//! `/v1/topics`: create, read, alter, delete.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Json, OptionalJson, Path, Query, created};
use super::nullable::Nullable;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::log::Topic;
use crate::model::batch::Compression;
use crate::model::json_path::JsonPath;
use crate::model::name::TopicName;
use crate::model::topic::{CleanupPolicy, TopicConfig};

/// What can be set of a topic; what is left out stays as it is, or has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = TopicSettings)]
pub(super) struct Settings {
    /// 1 to 10,000; 1 unless given. Only ever grows.
    partitions: Option<u32>,
    /// Records older than this go, a segment at a time; null, the default, keeps them for ever.
    #[schema(value_type = Option<u64>)]
    retention_ms: Nullable<u64>,
    /// A partition over this, in all tiers together, loses its oldest segments; null, the default, is no bound.
    #[schema(value_type = Option<u64>)]
    retention_bytes: Nullable<u64>,
    /// `delete` unless given. In a compacted topic of each key the latest value stays.
    cleanup_policy: Option<CleanupPolicy>,
    /// How long compaction keeps the deletion of a key for readers to see; a day unless given.
    tombstone_retention_ms: Option<u64>,
    /// The field that is the key of a record that comes without one, as a dotted path.
    #[schema(value_type = Option<String>)]
    key_path: Nullable<JsonPath>,
    /// `none` unless given.
    compression: Option<Compression>,
    /// The head of a partition becomes a segment at this size, 64 KiB to 64 MiB; 16 MiB unless given.
    segment_bytes: Option<u64>,
    /// Or at this age; 10 minutes unless given.
    segment_ms: Option<u64>,
    /// Segments older than this go to the cold tier, if there is one; null, the default, keeps them where they are.
    #[schema(value_type = Option<u64>)]
    cold_after_ms: Nullable<u64>,
}

impl Settings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn apply(&self, config: &mut TopicConfig) {
        fn set<T: Clone>(to: &mut T, from: Option<&T>) {
            if let Some(from) = from {
                to.clone_from(from);
            }
        }
        set(&mut config.partitions, self.partitions.as_ref());
        self.retention_ms.set(&mut config.retention_ms);
        self.retention_bytes.set(&mut config.retention_bytes);
        set(&mut config.cleanup_policy, self.cleanup_policy.as_ref());
        set(&mut config.tombstone_retention_ms, self.tombstone_retention_ms.as_ref());
        self.key_path.set(&mut config.key_path);
        set(&mut config.compression, self.compression.as_ref());
        set(&mut config.segment_bytes, self.segment_bytes.as_ref());
        set(&mut config.segment_ms, self.segment_ms.as_ref());
        self.cold_after_ms.set(&mut config.cold_after_ms);
    }
}

/// A topic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Topic)]
pub(super) struct TopicAnswer {
    name: String,
    created_ms: i64,
    #[serde(flatten)]
    config: TopicConfig,
    offsets: Vec<PartitionAnswer>,
}

/// Where a partition begins and ends, and where its bytes lie.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Partition)]
struct PartitionAnswer {
    partition: u32,
    start_offset: u64,
    high_watermark: u64,
    /// What waits in the head to be sealed.
    head_bytes: u64,
    /// Segments in all tiers,
    segments: u64,
    /// their objects' bytes,
    segment_bytes: u64,
    /// and those of them that lie in the cold tier.
    cold_segments: u64,
}

async fn answer(app: &App, topic: &Topic) -> Result<TopicAnswer> {
    let sums = app.segment_sums(topic).await?;
    let offsets: Vec<_> = topic
        .partitions()
        .iter()
        .zip(sums)
        .map(|(partition, sums)| PartitionAnswer {
            partition: partition.id().partition,
            start_offset: partition.start_offset(),
            high_watermark: partition.high_watermark(),
            head_bytes: partition.head_bytes(),
            segments: sums.segments,
            segment_bytes: sums.bytes,
            cold_segments: sums.cold,
        })
        .collect();
    Ok(TopicAnswer {
        name: topic.name().to_string(),
        created_ms: topic.created_ms(),
        config: TopicConfig::clone(&topic.config()),
        offsets,
    })
}

/// All topics, by name.
#[utoipa::path(
    get, path = "/v1/topics", tag = "topics", params(PageQuery),
    responses((status = 200, body = Page<TopicAnswer>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(app): State<App>, Query(page): Query<PageQuery>) -> Result<Answer<Page<TopicAnswer>>> {
    let Page { items, next } = page.of(app.topics(), |topic: &Arc<Topic>| topic.name().as_str())?;
    let mut topics = Vec::with_capacity(items.len());
    for topic in items {
        topics.push(answer(&app, &topic).await?);
    }
    Ok(Answer(Page { items: topics, next }))
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
    let settings = settings.unwrap_or_default();
    let create = |app: App| async move { app.create_topic(&name, |config| settings.apply(config)).await };
    let (topic, new) = app.whole(create).await?;
    Ok((created(new), Answer(answer(&app, &topic).await?)))
}

/// One topic.
#[utoipa::path(
    get, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)),
    responses((status = 200, body = TopicAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<TopicName>) -> Result<Answer<TopicAnswer>> {
    let topic = app.topic(&name)?;
    answer(&app, &topic).await.map(Answer)
}

/// Alter a topic: what the body names. Partitions only grow.
#[utoipa::path(
    patch, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)), request_body = Settings,
    responses((status = 200, body = TopicAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn patch(
    State(app): State<App>,
    Path(name): Path<TopicName>,
    Json(settings): Json<Settings>,
) -> Result<Answer<TopicAnswer>> {
    if settings.is_empty() {
        return Err(Error::invalid(
            "nothing-to-alter",
            "the body names nothing to alter; send what is to change, as in {\"retention_ms\": 604800000}",
        ));
    }
    let alter = |app: App| async move { app.alter_topic(&name, |config| settings.apply(config)).await };
    let topic = app.whole(alter).await?;
    Ok(Answer(answer(&app, &topic).await?))
}

/// Delete a topic and all its records.
#[utoipa::path(
    delete, path = "/v1/topics/{topic}", tag = "topics", params(("topic" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<TopicName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.delete_topic(&name).await }).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DeleteQuery {
    /// The oldest offset to keep.
    before: u64,
}

/// Where a partition begins and ends.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartitionEnds)]
pub(super) struct EndsAnswer {
    partition: u32,
    start_offset: u64,
    high_watermark: u64,
}

/// Delete the records of a partition before an offset, in all tiers.
#[utoipa::path(
    delete, path = "/v1/topics/{topic}/partitions/{partition}/records", tag = "topics",
    params(("topic" = String, Path), ("partition" = u32, Path), DeleteQuery),
    responses(
        (status = 200, body = EndsAnswer),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 416, body = Problem, content_type = "application/problem+json", description = "The log does not reach that far"),
    ),
)]
pub(super) async fn delete_records(
    State(app): State<App>,
    Path((topic, partition)): Path<(TopicName, u32)>,
    Query(DeleteQuery { before }): Query<DeleteQuery>,
) -> Result<Answer<EndsAnswer>> {
    let delete = |app: App| async move { app.delete_records(&topic, partition, before).await };
    let partition = app.whole(delete).await?;
    Ok(Answer(EndsAnswer {
        partition: partition.id().partition,
        start_offset: partition.start_offset(),
        high_watermark: partition.high_watermark(),
    }))
}
