//! `/v1/groups`: look at groups, reset them, delete them. Members have a file of their own.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::{Json, Path, Query};
use super::form::TimeForm;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::coordinator::{GroupStatus, GroupSummary, ResetPartition, ResetRequest, ResetTo};
use crate::error::{Error, Result};
use crate::group::Token;
use crate::model::group::MemberId;
use crate::model::name::{GroupName, TopicName};

/// A member's id, as a path or a body has it.
pub(super) fn member(group: &GroupName, id: &str) -> Result<MemberId> {
    id.parse().map_err(|()| {
        let shown: String = id.chars().take(40).collect();
        Error::not_found(
            "unknown-member",
            format!("{shown:?} is not a member of group {group}; join with POST /v1/groups/{group}/members"),
        )
    })
}

pub(super) fn token(token: &str) -> Result<Token> {
    token.parse().map_err(|()| {
        Error::invalid(
            "invalid-token",
            "the token is none that a poll gave out; poll again, and send what that answers",
        )
    })
}

/// All groups, by name; those of deployments among them.
#[utoipa::path(
    get, path = "/v1/groups", tag = "groups", params(PageQuery),
    responses((status = 200, body = Page<GroupSummary>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(app): State<App>, Query(page): Query<PageQuery>) -> Result<Answer<Page<GroupSummary>>> {
    let Page { items, next } = page.of(app.groups(), |group: &GroupName| group.as_str())?;
    let mut groups = Vec::with_capacity(items.len());
    for group in items {
        groups.extend(app.group_summary(&group).await?);
    }
    Ok(Answer(Page { items: groups, next }))
}

/// One group: its members and what each has, and how far it is behind in each partition.
#[utoipa::path(
    get, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path)),
    responses((status = 200, body = GroupStatus), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<GroupName>) -> Result<Answer<GroupStatus>> {
    app.group(&name).await.map(Answer)
}

/// Delete a group and its offsets. One with members is refused.
#[utoipa::path(
    delete, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<GroupName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.delete_group(&name).await }).await.map(|()| StatusCode::NO_CONTENT)
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "to is \"earliest\", \"latest\", a time (RFC 3339), {\"time\": ms or RFC 3339}, {\"offset\": n} or {\"by\": n or -n}"
)]
enum ToForm {
    /// `earliest`, `latest` or a time.
    Text(String),
    Time(TimeTo),
    Offset(OffsetTo),
    By(ByTo),
}

/// The first record of this time or later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TimeTo {
    #[schema(value_type = String)]
    time: TimeForm,
}

/// This offset, or the nearest that the log has.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OffsetTo {
    offset: u64,
}

/// So many offsets on, or back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ByTo {
    by: i64,
}

impl ToForm {
    fn into_to(self) -> Result<ResetTo> {
        Ok(match self {
            Self::Text(text) => match text.as_str() {
                "earliest" => ResetTo::Earliest,
                "latest" => ResetTo::Latest,
                // A number alone could be a time, an offset or a step.
                time => ResetTo::TimeMs(time.parse().map(jiff::Timestamp::as_millisecond).map_err(|_| {
                    let shown: String = time.chars().take(40).collect();
                    Error::invalid(
                        "invalid-reset",
                        format!(
                            "{shown:?} is not where a group can be moved to; send \"earliest\", \"latest\", a time as in \"2026-11-23T09:00:00Z\", {{\"time\": ms}}, {{\"offset\": n}} or {{\"by\": n}}"
                        ),
                    )
                })?),
            },
            Self::Time(TimeTo { time }) => ResetTo::TimeMs(time.into_ms()),
            Self::Offset(OffsetTo { offset }) => ResetTo::Offset(offset),
            Self::By(ByTo { by }) => ResetTo::By(by),
        })
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetRequest)]
pub(super) struct ResetForm {
    to: ToForm,
    /// All topics that the group has offsets of, unless given.
    #[schema(value_type = Option<String>)]
    topic: Option<TopicName>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Although the group has members: what they hold is taken from them.
    #[serde(default)]
    force: bool,
}

/// What a reset has done, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResetAnswer)]
pub(super) struct ResetAnswer {
    group: String,
    dry_run: bool,
    partitions: Vec<ResetPartition>,
}

/// Move a group to other offsets. Refused while it has members, unless forced.
#[utoipa::path(
    post, path = "/v1/groups/{group}/reset", tag = "groups", params(("group" = String, Path)), request_body = ResetForm,
    responses((status = 200, body = ResetAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn reset(
    State(app): State<App>,
    Path(name): Path<GroupName>,
    Json(form): Json<ResetForm>,
) -> Result<Answer<ResetAnswer>> {
    let ResetForm { to, topic, dry_run, force } = form;
    let request = ResetRequest { to: to.into_to()?, topic, dry_run, force };
    let group = name.to_string();
    let partitions = app.whole(|app| async move { app.reset_group(&name, request).await }).await?;
    Ok(Answer(ResetAnswer { group, dry_run, partitions }))
}
