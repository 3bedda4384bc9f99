//! `/v1/plugins`: upload, read, remove.

use axum::Json as Answer;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::{Path, Query, body, created, media_type, unsupported_media};
use super::page::{Page, PageQuery};
use super::problem::Problem;
use crate::error::Result;
use crate::limits::COMPONENT_BYTES_MAX;
use crate::model::name::PluginName;
use crate::model::plugin::Role;
use crate::plugin::Artefact;

/// A plugin with its versions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plugin)]
pub(super) struct PluginAnswer {
    name: String,
    /// The newest version: what a deployment gets that names none.
    version: String,
    role: Role,
    summary: String,
    /// JSON Schema.
    settings_schema: serde_json::Value,
    state_tables: Vec<String>,
    /// Oldest first.
    versions: Vec<VersionAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginVersion)]
struct VersionAnswer {
    /// The SHA-256 of the component.
    version: String,
    bytes: u64,
    uploaded_ms: i64,
    /// Deployments that run it, or could be rolled back to it.
    deployments: Vec<String>,
}

fn answer(app: &App, versions: &[Artefact]) -> Option<PluginAnswer> {
    let newest = versions.last()?;
    let versions = versions
        .iter()
        .map(|row| VersionAnswer {
            version: row.version.0.clone(),
            bytes: row.bytes,
            uploaded_ms: row.uploaded_ms,
            deployments: app.users_of_version(&row.name, &row.version).iter().map(ToString::to_string).collect(),
        })
        .collect();
    Some(PluginAnswer {
        name: newest.name.to_string(),
        version: newest.version.0.clone(),
        role: newest.role,
        summary: newest.description.summary.clone(),
        settings_schema: newest.description.settings_schema.clone(),
        state_tables: newest.description.tables.clone(),
        versions,
    })
}

fn one(app: &App, name: &PluginName) -> Result<PluginAnswer> {
    let versions = app.plugin(name)?;
    answer(app, &versions).ok_or_else(|| crate::error::Error::internal(format!("plugin {name} has no version")))
}

/// All plugins, by name.
#[utoipa::path(
    get, path = "/v1/plugins", tag = "plugins", params(PageQuery),
    responses((status = 200, body = Page<PluginAnswer>), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(app): State<App>, Query(page): Query<PageQuery>) -> Result<Answer<Page<PluginAnswer>>> {
    let plugins = app.plugins().iter().filter_map(|versions| answer(&app, versions)).collect();
    page.of(plugins, |plugin: &PluginAnswer| &plugin.name).map(Answer)
}

/// Upload a component as the newest version of a plugin. It is compiled, checked, and asked to describe itself; what is
/// refused leaves nothing behind.
#[utoipa::path(
    put, path = "/v1/plugins/{plugin}", tag = "plugins", params(("plugin" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses(
        (status = 201, body = PluginAnswer), (status = 200, body = PluginAnswer, description = "It is the newest version already"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    State(app): State<App>,
    Path(name): Path<PluginName>,
    request: Request,
) -> Result<(StatusCode, Answer<PluginAnswer>)> {
    let media = media_type(request.headers());
    if !matches!(media.as_deref(), None | Some("application/wasm" | "application/octet-stream")) {
        return Err(unsupported_media(media.as_deref(), "application/wasm"));
    }
    let _turn = app.upload_turn().await?;
    let bytes = body(request.into_body(), COMPONENT_BYTES_MAX).await?;
    let uploaded = name.clone();
    let (_, new) = app.whole(|app| async move { app.upload_plugin(&uploaded, bytes.into()).await }).await?;
    Ok((created(new), Answer(one(&app, &name)?)))
}

/// One plugin.
#[utoipa::path(
    get, path = "/v1/plugins/{plugin}", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 200, body = PluginAnswer), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn get(State(app): State<App>, Path(name): Path<PluginName>) -> Result<Answer<PluginAnswer>> {
    one(&app, &name).map(Answer)
}

/// Remove a plugin with all its versions. Versions of deployments stay, and so does the plugin then.
#[utoipa::path(
    delete, path = "/v1/plugins/{plugin}", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(State(app): State<App>, Path(name): Path<PluginName>) -> Result<StatusCode> {
    app.whole(|app| async move { app.remove_plugin(&name, None).await }).await.map(|()| StatusCode::NO_CONTENT)
}

/// Remove one version of a plugin.
#[utoipa::path(
    delete, path = "/v1/plugins/{plugin}/versions/{version}", tag = "plugins",
    params(("plugin" = String, Path), ("version" = String, Path, description = "Its first digits do")),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete_version(
    State(app): State<App>,
    Path((name, version)): Path<(PluginName, String)>,
) -> Result<StatusCode> {
    let removed = app.whole(|app| async move { app.remove_plugin(&name, Some(&version)).await });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}
