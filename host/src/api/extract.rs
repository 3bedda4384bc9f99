//! Extractors whose refusals are problem documents: paths, queries and JSON bodies that are checked to the last field.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::limits::{BODY_BYTES_MAX, REQUEST_BODY_MS_MAX};

/// Path parameters.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(rejection) => Err(Error::invalid("invalid-path", rejection.body_text())),
        }
    }
}

/// Query parameters; `T` refuses those that it does not know.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Error::invalid("invalid-query", rejection.body_text())),
        }
    }
}

/// A JSON body; `T` refuses fields that it does not know.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let media = media_type(request.headers());
        if !matches!(media.as_deref(), None | Some("application/json")) {
            return Err(unsupported_media(media.as_deref(), "application/json"));
        }
        let bytes = body(request.into_body(), BODY_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| invalid_json(&error))
    }
}

/// As [`Json`], where a call may come without a body.
pub(super) struct OptionalJson<T>(pub(super) Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let empty = content_length(request.headers()) == Some(0)
            || (!request.headers().contains_key(CONTENT_LENGTH) && !request.headers().contains_key("transfer-encoding"));
        if empty {
            return Ok(Self(None));
        }
        Json::from_request(request, state).await.map(|Json(body)| Self(Some(body)))
    }
}

pub(super) fn invalid_json(error: &serde_json::Error) -> Error {
    Error::invalid("invalid-json", format!("the body is not what this call reads: {error}; GET /openapi.json shows its form"))
}

/// The content type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

pub(super) fn unsupported_media(found: Option<&str>, reads: &str) -> Error {
    let found = found.unwrap_or("none");
    Error::new(Kind::UnsupportedMedia, "unsupported-media-type", format!("the content type is {found}; this call reads {reads}"))
}

pub(super) fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(super) fn too_large(bytes_max: usize) -> Error {
    Error::too_large("body-too-large", format!("the body is over the {bytes_max} bytes that this call reads; send it in parts"))
}

/// Reads a body whole, within a bound and a time.
pub(super) async fn body(body: Body, bytes_max: usize) -> Result<Bytes> {
    let reading = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(REQUEST_BODY_MS_MAX), reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(error)) => Err(Error::invalid("broken-body", format!("the body broke off: {error}; send the request again"))),
        Err(_) => Err(Error::invalid("slow-body", format!("the body took longer than {REQUEST_BODY_MS_MAX} ms; send less at once"))),
    }
}

/// 201 for what is new, 200 for what was there.
pub(super) fn created(new: bool) -> StatusCode {
    if new { StatusCode::CREATED } else { StatusCode::OK }
}
