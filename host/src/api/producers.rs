//! `POST /v1/producers`: a number to send with, so that nothing that is sent twice is stored twice.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::OptionalJson;
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::limits::NAME_CHARS_MAX;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProducerRequest {
    /// The producer that had this name before must stop: its epoch is over.
    name: Option<String>,
}

/// What a producer sends in `kafka-do-producer-id` and `kafka-do-producer-epoch`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Producer)]
pub(super) struct ProducerAnswer {
    producer_id: u64,
    epoch: u16,
}

/// Start a producer. Its sequences begin at 0, in each topic, or in each partition that it names.
#[utoipa::path(
    post, path = "/v1/producers", tag = "records", request_body = Option<ProducerRequest>,
    responses(
        (status = 201, body = ProducerAnswer),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start(
    State(app): State<App>,
    OptionalJson(request): OptionalJson<ProducerRequest>,
) -> Result<(StatusCode, Answer<ProducerAnswer>)> {
    let name = request.unwrap_or_default().name;
    if name.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > NAME_CHARS_MAX) {
        return Err(Error::invalid(
            "invalid-name",
            format!("a producer's name has 1 to {NAME_CHARS_MAX} characters; leave it out where there is none"),
        ));
    }
    let (producer, epoch) = app.whole(|app| async move { app.start_producer(name).await }).await?;
    Ok((StatusCode::CREATED, Answer(ProducerAnswer { producer_id: producer.0, epoch })))
}
