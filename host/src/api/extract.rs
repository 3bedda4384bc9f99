//! Extractors whose refusals are problem documents: paths, queries and JSON bodies that are checked to the last field.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::future::poll_immediate;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use super::App;
use crate::error::{Error, Kind, Result};
use crate::limits::{BODY_BYTES_MAX, JSON_BYTES_MAX, REFUSED_BODY_BYTES_MAX, REFUSED_BODY_MS_MAX, REQUEST_BODY_MS_MAX};
use crate::log::Permit;

/// Path parameters.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(rejection) => {
                let text = rejection.body_text();
                Err(Error::invalid("invalid-path", text.strip_prefix("Invalid URL: ").unwrap_or(&text)))
            }
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

/// As [`Query`], where a parameter that is a list in `T` may come several times.
pub(super) struct RepeatedQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for RepeatedQuery<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        serde_path_to_error::deserialize(serde_html_form::Deserializer::from_bytes(query.as_bytes()))
            .map(Self)
            .map_err(|error| Error::invalid("invalid-query", format!("Failed to deserialize query string: {error}")))
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
        let bytes = body(request.into_body(), JSON_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| invalid_json(&error))
    }
}

/// As [`Json`], where a call may come without a body.
pub(super) struct OptionalJson<T>(pub(super) Option<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let empty = content_length(request.headers()) == Some(0)
            || (!request.headers().contains_key(CONTENT_LENGTH)
                && !request.headers().contains_key("transfer-encoding"));
        if empty {
            return Ok(Self(None));
        }
        Json::from_request(request, state).await.map(|Json(body)| Self(Some(body)))
    }
}

pub(super) fn invalid_json(error: &serde_json::Error) -> Error {
    Error::invalid(
        "invalid-json",
        format!("the body is not what this call reads: {error}; GET /openapi.json shows its form"),
    )
}

/// The content type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

pub(super) fn unsupported_media(found: Option<&str>, reads: &str) -> Error {
    let found = found.unwrap_or("none");
    Error::new(
        Kind::UnsupportedMedia,
        "unsupported-media-type",
        format!("the content type is {found}; this call reads {reads}"),
    )
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(bytes_max: usize) -> Error {
    Error::too_large(
        "body-too-large",
        format!("the body is over the {bytes_max} bytes that this call reads; send it in parts"),
    )
}

/// Reads a body whole, within a bound and a time.
pub(super) async fn body(body: Body, bytes_max: usize) -> Result<Bytes> {
    let reading = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(Duration::from_millis(REQUEST_BODY_MS_MAX), reading).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(error)) => Err(broken_body(&error)),
        Err(_) => Err(slow_body(REQUEST_BODY_MS_MAX)),
    }
}

/// Reads a body whole, as [`body`] does, within what the host has room for. Room first, bytes second: what does not fit in
/// memory is not kept. The sender of a refused body gets to see why.
pub(super) async fn admitted_body(app: &App, headers: &HeaderMap, body: Body) -> Result<(Bytes, Permit)> {
    let bounds = BodyBounds { bytes: BODY_BYTES_MAX, ms: REQUEST_BODY_MS_MAX };
    admitted_body_within(app, headers, body, bounds).await
}

/// How large a body may be, and how long it may take to come.
#[derive(Clone, Copy)]
pub(super) struct BodyBounds {
    pub(super) bytes: usize,
    pub(super) ms: u64,
}

pub(super) async fn admitted_body_within(
    app: &App,
    headers: &HeaderMap,
    mut body: Body,
    bounds: BodyBounds,
) -> Result<(Bytes, Permit)> {
    let read = {
        let mut reading = std::pin::pin!(read_admitted(app, headers, &mut body, bounds.bytes));
        // A small body has come with its head: then there is nothing to wait for, and no timer to set.
        match poll_immediate(&mut reading).await {
            Some(read) => read,
            None => match tokio::time::timeout(Duration::from_millis(bounds.ms), reading).await {
                Ok(read) => read,
                Err(_) => return Err(slow_body(bounds.ms)),
            },
        }
    };
    if let Err(error) = &read {
        if error.kind == Kind::Overloaded {
            app.metrics().refused_requests.inc();
        }
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
    }
    read
}

async fn read_admitted(app: &App, headers: &HeaderMap, body: &mut Body, bytes_max: usize) -> Result<(Bytes, Permit)> {
    let mut permit = app.try_admit()?;
    let announced = content_length(headers).unwrap_or(0);
    if announced > bytes_max {
        return Err(too_large(bytes_max));
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_body(&error))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        permit.try_grow(data.len())?;
        if bytes.is_empty() && data.len() == announced {
            return Ok((data, permit));
        }
        if bytes.is_empty() {
            bytes.reserve(announced);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes.freeze(), permit))
}

/// Reads on without keeping anything. A sender that is still writing does not read: closing at once would take the answer
/// away from under it.
async fn discard(mut body: Body) {
    let reading = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > REFUSED_BODY_BYTES_MAX {
                return;
            }
        }
    };
    // Whoever is slower than this has to do without.
    let _ = tokio::time::timeout(Duration::from_millis(REFUSED_BODY_MS_MAX), reading).await;
}

fn broken_body(error: &dyn std::fmt::Display) -> Error {
    Error::invalid("broken-body", format!("the body broke off: {error}; send the request again"))
}

fn slow_body(ms: u64) -> Error {
    Error::new(Kind::TooSlow, "slow-body", format!("the body took longer than {ms} ms; send less at once"))
}

/// 201 for what is new, 200 for what was there.
pub(super) fn created(new: bool) -> StatusCode {
    if new { StatusCode::CREATED } else { StatusCode::OK }
}
