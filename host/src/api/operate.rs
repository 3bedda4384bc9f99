//! What operators and their tools ask: is it alive, is it ready, what does it count, how is it called.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::error::{Error, Result};

/// Metrics for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operate", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub(super) async fn metrics(State(app): State<App>) -> Response {
    app.show_lags();
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], app.metrics().encode())
        .into_response()
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operate", responses((status = 200, body = String)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Requests are welcome: 503 once a shutdown has begun.
#[utoipa::path(get, path = "/readyz", tag = "operate", responses((status = 200, body = String), (status = 503)))]
pub(super) async fn readyz(State(app): State<App>) -> Result<&'static str> {
    if app.is_shutting_down() {
        return Err(Error::shutting_down());
    }
    Ok("ready\n")
}

pub(super) fn openapi(document: &str) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_owned()).into_response()
}
