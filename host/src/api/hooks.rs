//! `/hooks/{deployment}` and what is below it, and the paths that deployments claim: requests that others send, for a plugin to answer.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::App;
use super::extract::{BodyBounds, admitted_body_within};
use super::problem::{Problem, unknown_path};
use crate::error::{Error, Result};
use crate::limits::{HOOK_BODY_BYTES_MAX, HOOK_BODY_MS_MAX, HOOK_HEADERS_MAX};
use crate::model::name::DeploymentName;
use crate::plugin::{HookRequest, HookResponse};

/// A request for a webhook: any method, and any path below this one.
///
/// What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
/// records are durable. A deployment that takes no requests now answers 503, with Retry-After.
#[utoipa::path(
    method(get, head, post, put, patch, delete, options), path = "/hooks/{deployment}", tag = "webhooks",
    params(("deployment" = String, Path)),
    responses(
        (status = 200, description = "The plugin's own answer, with a status of its own"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "Send it again"),
    ),
)]
pub(super) async fn receive(State(app): State<App>, request: Request) -> Result<Response> {
    let path = request.uri().path().strip_prefix("/hooks/").unwrap_or_default();
    let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let (name, rest) = (DeploymentName::parse(name)?, rest.to_owned());
    hand_over(app, name, rest, request).await
}

/// What no other call answers may be for a path that a deployment claims.
pub(super) async fn claimed(State(app): State<App>, request: Request) -> Result<Response> {
    let path = request.uri().path();
    match app.claimant(path) {
        Some((name, rest)) => {
            let rest = rest.to_owned();
            hand_over(app, name, rest, request).await
        }
        None => Err(unknown_path(request.uri().clone()).await),
    }
}

async fn hand_over(app: App, name: DeploymentName, path: String, request: Request) -> Result<Response> {
    app.check_receives(&name)?;
    let (parts, body) = request.into_parts();
    let headers = headers_of(&parts.headers)?;
    let bounds = BodyBounds { bytes: HOOK_BODY_BYTES_MAX, ms: HOOK_BODY_MS_MAX };
    let (body, mut permit) = admitted_body_within(&app, &parts.headers, body, bounds).await?;
    permit.try_grow(headers.iter().map(|(name, value)| name.len() + value.len()).sum())?;
    let request = HookRequest {
        method: parts.method.to_string(),
        path,
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    };
    // A sender that hangs up has no answer and sends again; what was stored meanwhile is known by its id.
    app.receive(&name, request, permit).await.and_then(answer)
}

fn headers_of(headers: &HeaderMap) -> Result<Vec<(String, Bytes)>> {
    if headers.len() > HOOK_HEADERS_MAX {
        return Err(Error::too_large(
            "too-many-headers",
            format!("the request has {} headers, over the {HOOK_HEADERS_MAX} that a webhook is given", headers.len()),
        ));
    }
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes()))
    };
    Ok(headers.iter().map(header).collect())
}

fn answer(HookResponse { status, headers, body }: HookResponse) -> Result<Response> {
    let broken = |error: &dyn std::fmt::Display| Error::internal(format!("a webhook's answer cannot be sent: {error}"));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).map_err(|error| broken(&error))?;
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|error| broken(&error))?;
        let value = HeaderValue::try_from(value).map_err(|error| broken(&error))?;
        response.headers_mut().append(name, value);
    }
    // It comes from where the API is: a browser that is shown it must not take it for one of the host's own pages.
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
