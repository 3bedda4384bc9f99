//! Errors as `application/problem+json` (RFC 9457): the only place that knows status codes.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind};

/// What went wrong and what to do about it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Stable: `https://kafka.do/problems/` and a code that programs may match.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    /// For people; ends in what to do next.
    detail: String,
    /// What a program has to know beside: a member whose commit is refused is told its `epoch` and its `assignment`.
    #[serde(flatten)]
    #[schema(ignore)]
    more: Option<Box<serde_json::Map<String, serde_json::Value>>>,
}

fn status(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "The request is wrong as it stands"),
        Kind::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "The path does not answer that method"),
        Kind::UnsupportedMedia => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "This call does not read that content type"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Over a limit"),
        Kind::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request took too long to come"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Not allowed until configured"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "There is no such thing"),
        Kind::Conflict => (StatusCode::CONFLICT, "It does not fit what stands there now"),
        Kind::OutOfRange => (StatusCode::RANGE_NOT_SATISFIABLE, "Outside the log"),
        Kind::Unprocessable => (StatusCode::UNPROCESSABLE_ENTITY, "Well-formed, and refused"),
        Kind::Overloaded => (StatusCode::TOO_MANY_REQUESTS, "Too much at once"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not now"),
        Kind::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "The disk is full"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "A fault of the host"),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, title) = status(error.kind);
        Self {
            kind: format!("https://kafka.do/problems/{}", error.code),
            title,
            status: status.as_u16(),
            detail: error.detail,
            more: error.more,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, _) = status(self.kind);
        if self.kind == Kind::Internal {
            tracing::error!(error = %self, "a request failed");
        }
        let retry_after_ms = self.retry_after_ms;
        let body = serde_json::to_string(&Problem::from(self)).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(ms) = retry_after_ms {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        response
    }
}

pub(super) async fn unknown_path(uri: Uri) -> Error {
    Error::not_found(
        "unknown-path",
        format!("there is nothing at {}; GET /openapi.json describes every call", uri.path()),
    )
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Error {
    let detail = format!("{} does not answer {method}; GET /openapi.json describes every call", uri.path());
    Error::new(Kind::WrongMethod, "method-not-allowed", detail)
}
