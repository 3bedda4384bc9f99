//! `POST /v1/ask`: a sentence, and what came of it. The calls that it comes to are made through the same routes as if they had
//! come by themselves.

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tower_service::Service;
use utoipa::ToSchema;

use super::App;
use super::extract::Json;
use super::problem::Problem;
use crate::ask::{Call, Plan, Shows, plan};
use crate::error::{Error, Result};
use crate::limits::{
    ASK_RECORDS_MAX, ASK_RESULT_BYTES_MAX, ASK_TEXT_BYTES_MAX, ASK_UTC_OFFSET_MINUTES_MAX, TIMESTAMP_MS_MAX,
};
use crate::model::command::{Interpretation, Question, Reading};

/// The routes that calls are made through.
#[derive(Clone)]
pub(super) struct Routes(pub(super) Router);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AskRequest)]
pub(super) struct AskForm {
    /// A sentence, 4,096 bytes at most.
    text: String,
    /// The value to produce, where the sentence does not say it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    value: Option<Box<RawValue>>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Do it, though it takes something away that does not come back.
    #[serde(default)]
    confirm: bool,
    /// When it is said; the host's own time unless given.
    now_ms: Option<i64>,
    /// How far the speaker's clock is ahead of UTC; 0 unless given.
    #[serde(default)]
    utc_offset_minutes: i32,
}

/// Tells `null` from nothing.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl AskForm {
    fn check(&self) -> Result<()> {
        let wrong = |detail: String| Err(Error::invalid("invalid-ask", detail));
        if self.text.trim().is_empty() {
            return wrong("the text is empty; say what is to be done, as in {\"text\": \"list topics\"}".into());
        }
        if self.text.len() > ASK_TEXT_BYTES_MAX {
            return wrong(format!(
                "the text has {} bytes, over the {ASK_TEXT_BYTES_MAX} that a sentence may have; send a longer value as \"value\"",
                self.text.len()
            ));
        }
        if !(-ASK_UTC_OFFSET_MINUTES_MAX..=ASK_UTC_OFFSET_MINUTES_MAX).contains(&self.utc_offset_minutes) {
            return wrong(format!(
                "utc_offset_minutes is {}, and no clock is more than {ASK_UTC_OFFSET_MINUTES_MAX} minutes from UTC",
                self.utc_offset_minutes
            ));
        }
        if let Some(now_ms) = self.now_ms.filter(|ms| !(-TIMESTAMP_MS_MAX..=TIMESTAMP_MS_MAX).contains(ms)) {
            return wrong(format!("now_ms is {now_ms}, which is beyond the year 9999; send milliseconds since 1970"));
        }
        Ok(())
    }
}

/// What a sentence came to: readings with what was done, or a question.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AskAnswer)]
pub(super) enum AskAnswer {
    Understood(Understood),
    Unclear { question: Question },
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Understood {
    /// Best first; the first one is run.
    interpretations: Vec<Interpretation>,
    /// The calls that are equal to the first interpretation, in their order.
    calls: Vec<Call>,
    /// It takes something away that does not come back: it is run with `"confirm": true` only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    needs_confirm: bool,
    /// What the last call answered, where it was run; records as `{"records": [...]}`, with `"more": true` where they were cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<Box<RawValue>>,
}

/// Say in plain words what is to be done.
///
/// The answer says how the sentence was read, and which calls of this API it is equal to: they were made, unless it is a dry
/// run, and `result` is what the last one answered. What deletes, resets or shortens a retention is run with `"confirm": true`
/// only. A sentence that reads records is answered with those that are there; with `Accept: application/x-ndjson` or
/// `text/event-stream` the answer is the stream itself.
#[utoipa::path(
    post, path = "/v1/ask", tag = "words", request_body = AskForm,
    responses(
        (status = 200, content((AskAnswer = "application/json"), (String = "application/x-ndjson"), (String = "text/event-stream"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It needs to be confirmed, or does not fit what is there"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask(
    State(app): State<App>,
    Extension(Routes(routes)): Extension<Routes>,
    headers: HeaderMap,
    Json(form): Json<AskForm>,
) -> Result<Response> {
    form.check()?;
    let AskForm { text, value, dry_run, confirm, now_ms, utc_offset_minutes } = form;
    let interpretations = match app.parse(text, now_ms, utc_offset_minutes).await? {
        Reading::Understood(interpretations) => interpretations,
        Reading::Unclear(question) => return Ok(axum::Json(AskAnswer::Unclear { question }).into_response()),
    };
    let Some(first) = interpretations.first() else { return Err(Error::internal("a reading without a command")) };
    let Plan { calls, needs_confirm, result } = plan(&first.command, value.as_deref(), &*app)?;
    if needs_confirm && !confirm && !dry_run {
        return Err(Error::conflict(
            "confirmation-needed",
            format!(
                "this does not come back: {}; nothing was done, send it again with \"confirm\": true if that is what you want",
                first.restated
            ),
        ));
    }
    let mut answer = Understood { interpretations, calls, needs_confirm, result: None };
    if dry_run {
        return Ok(axum::Json(AskAnswer::Understood(answer)).into_response());
    }
    let runner = Runner { routes };
    let shown = match result {
        Shows::Help(help) => Ok(raw(&help)?),
        Shows::Records(_) | Shows::Group(_) if wants_stream(&headers) => {
            let Some(call) = answer.calls.first() else { return Err(Error::internal("a stream without a call")) };
            return runner.run(call, headers.get(ACCEPT)).await;
        }
        Shows::Records(peek) => runner.records(&peek).await?,
        Shows::Group(peek) => runner.group(&peek).await?,
        Shows::Answer => runner.last_of(&answer.calls).await?,
    };
    match shown {
        Ok(shown) => {
            answer.result = Some(shown);
            Ok(axum::Json(AskAnswer::Understood(answer)).into_response())
        }
        Err(Refused(problem)) => explained(problem, &answer.calls).await,
    }
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>> {
    to_raw_value(value).map_err(|error| Error::internal(format!("an answer cannot be written: {error}")))
}

/// Whether the client reads records as they come.
fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/x-ndjson") || accept.contains("text/event-stream"))
}

/// Makes calls.
struct Runner {
    routes: Router,
}

/// The problem that a call was answered with.
struct Refused(Response);

type Shown = std::result::Result<Box<RawValue>, Refused>;

impl Runner {
    async fn run(&self, call: &Call, accept: Option<&HeaderValue>) -> Result<Response> {
        let mut request = Request::builder().method(call.method).uri(&call.path);
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        let body = call.body.as_ref().map(|body| Bytes::copy_from_slice(body.get().as_bytes()));
        if let Some(body) = &body {
            request = request.header(CONTENT_TYPE, "application/json").header(CONTENT_LENGTH, body.len());
        }
        let request = request
            .body(Body::from(body.unwrap_or_default()))
            .map_err(|error| Error::internal(format!("a call cannot be made: {error}")))?;
        match self.routes.clone().call(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    /// All calls, up to the first that is refused; the answer is the last one's.
    async fn last_of(&self, calls: &[Call]) -> Result<Shown> {
        let mut last = Ok(raw(&())?);
        for call in calls {
            let response = self.run(call, None).await?;
            if !response.status().is_success() {
                return Ok(Err(Refused(response)));
            }
            last = Ok(json(response).await?);
        }
        Ok(last)
    }

    /// How a group stands; null where it is not there.
    async fn group(&self, call: &Call) -> Result<Shown> {
        let response = self.run(call, None).await?;
        Ok(match response.status() {
            status if status.is_success() => Ok(json(response).await?),
            StatusCode::NOT_FOUND => Ok(raw(&())?),
            _ => Err(Refused(response)),
        })
    }

    /// The records of a stream that ends, or as many of them as a result may have.
    async fn records(&self, call: &Call) -> Result<Shown> {
        #[derive(Serialize)]
        struct Records {
            records: Vec<Box<RawValue>>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            more: bool,
        }
        let response = self.run(call, None).await?;
        if !response.status().is_success() {
            return Ok(Err(Refused(response)));
        }
        let mut body = response.into_body();
        let (mut records, mut rest, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Error::internal(format!("a stream of records broke off: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            rest.extend_from_slice(&data);
            let mut lines = rest.split_inclusive(|byte| *byte == b'\n').peekable();
            let mut left = Vec::new();
            while let Some(line) = lines.next() {
                if lines.peek().is_none() && !line.ends_with(b"\n") {
                    left = line.to_vec();
                    break;
                }
                bytes += line.len();
                if records.len() == ASK_RECORDS_MAX || bytes > ASK_RESULT_BYTES_MAX {
                    return Ok(Ok(raw(&Records { records, more: true })?));
                }
                let record = serde_json::from_slice(line);
                records.push(record.map_err(|error| Error::internal(format!("a record is no JSON: {error}")))?);
            }
            rest = left;
        }
        Ok(Ok(raw(&Records { records, more: false })?))
    }
}

/// The body of an answer; null where there is none.
async fn json(response: Response) -> Result<Box<RawValue>> {
    let body = whole(response.into_body()).await?;
    if body.is_empty() {
        return raw(&());
    }
    serde_json::from_slice(&body).map_err(|error| Error::internal(format!("an answer is no JSON: {error}")))
}

/// Answers of the host's own are as large as the host makes them.
async fn whole(body: Body) -> Result<Bytes> {
    let collected = body.collect().await;
    Ok(collected.map_err(|error| Error::internal(format!("an answer broke off: {error}")))?.to_bytes())
}

/// A call's problem, with the calls that it came of.
async fn explained(problem: Response, calls: &[Call]) -> Result<Response> {
    let (mut parts, body) = problem.into_parts();
    let body = whole(body).await?;
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&body).unwrap_or_default();
    let calls = serde_json::to_value(calls).map_err(|error| Error::internal(error.to_string()))?;
    fields.insert("calls".into(), calls);
    parts.headers.remove(CONTENT_LENGTH);
    let body = serde_json::to_vec(&fields).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
