//! `POST /v1/ask`: a sentence, and what came of it. The calls that it comes to are made through the same routes as if they had
//! come by themselves.

use std::time::Duration;

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
use crate::ask::{Call, Plan, Shows};
use crate::error::{Error, Kind, Result};
use crate::limits::{
    ASK_PEEK_MS_MAX, ASK_RECORDS_MAX, ASK_RESULT_BYTES_MAX, ASK_TEXT_BYTES_MAX, ASK_UTC_OFFSET_MINUTES_MAX,
    JSON_BYTES_MAX, TIMESTAMP_MS_MAX,
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
    /// Only say what would be done. Where no parser is deployed yet, the standard one is all the same.
    #[serde(default)]
    dry_run: bool,
    /// Do it, though it needs to be confirmed: whatever it is (`true`), or what was shown and nothing else (the `plan` of a dry
    /// run or of the answer that asked for it). A sentence that names a time by the clock needs the same `now_ms` then.
    #[serde(default)]
    confirm: ConfirmForm,
    /// When it is said; the host's own time unless given.
    now_ms: Option<i64>,
    /// How far the speaker's clock is ahead of UTC; 0 unless given.
    #[serde(default)]
    utc_offset_minutes: i32,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "confirm is true, false, or the \"plan\" of the answer that asked for it")]
#[schema(as = AskConfirm)]
pub(super) enum ConfirmForm {
    All(bool),
    Plan(String),
}

impl Default for ConfirmForm {
    fn default() -> Self {
        Self::All(false)
    }
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
    /// It is run with `confirm` only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    needs_confirm: bool,
    /// Why, in the host's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    /// What `confirm` may be bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// What the last call answered, where it was run; records as `{"records": [...]}`, with `"more": true` where they were cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<Box<RawValue>>,
    /// Of a dry run: why it could not be done as things stand. There are no calls then.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// Say in plain words what is to be done.
///
/// The answer says how the sentence was read, and which calls of this API it is equal to. Unless it is a dry run they were made,
/// and `result` is what the last one answered; a stream is not opened: `result` has the records that are there, or how the
/// group stands. With `Accept: application/x-ndjson` or `text/event-stream` the answer is the stream itself.
///
/// What deletes, moves a group, shortens a retention, spreads keys anew, swaps a deployment, reaches outside, or was read without
/// being sure, is run with `confirm` only. A dry run of what cannot be done as things stand says so in `problem`.
#[utoipa::path(
    post, path = "/v1/ask", tag = "words", request_body = AskForm,
    responses(
        (status = 200, content((AskAnswer = "application/json"), (String = "application/x-ndjson"), (String = "text/event-stream"))),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It needs to be confirmed (with `calls`, `because` and `plan` beside the detail), or does not fit what is there"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ask(
    State(app): State<App>,
    Extension(Routes(routes)): Extension<Routes>,
    headers: HeaderMap,
    form: Result<Json<AskForm>>,
) -> Result<Response> {
    let Json(form) = form.map_err(told_where_large_values_go)?;
    form.check()?;
    let AskForm { text, value, dry_run, confirm, now_ms, utc_offset_minutes } = form;
    let interpretations = match app.parse(text, now_ms, utc_offset_minutes).await? {
        Reading::Understood(interpretations) => interpretations,
        Reading::Unclear(question) => return Ok(axum::Json(AskAnswer::Unclear { question }).into_response()),
    };
    let Some(first) = interpretations.first() else { return Err(Error::internal("a reading without a command")) };
    let plan = match Plan::of(first, value.as_deref(), &*app) {
        Ok(plan) => plan,
        // How it was read is what a dry run asks for.
        Err(problem) if dry_run && problem.kind.is_of_the_request() => {
            let (needs_confirm, because, plan) = (false, None, None);
            let (calls, result, problem) = (Vec::new(), None, Some(problem.into()));
            let answer = Understood { interpretations, calls, needs_confirm, because, plan, result, problem };
            return Ok(axum::Json(AskAnswer::Understood(answer)).into_response());
        }
        Err(problem) => return Err(problem),
    };
    if !dry_run {
        check_confirmed(&plan, &confirm, &first.restated)?;
    }
    let because = plan.because();
    let digest = because.is_some().then(|| plan.digest()).transpose()?;
    let Plan { calls, result, .. } = plan;
    let needs_confirm = because.is_some();
    let mut answer =
        Understood { interpretations, calls, needs_confirm, because, plan: digest, result: None, problem: None };
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

fn told_where_large_values_go(error: Error) -> Error {
    if error.kind != Kind::TooLarge {
        return error;
    }
    let detail = format!(
        "the sentence and its value are over the {JSON_BYTES_MAX} bytes that this call reads; produce a larger value with POST /v1/topics/{{topic}}/records"
    );
    Error { detail, ..error }
}

/// What was shown is what is confirmed: a plan that came to be another meanwhile is shown again.
fn check_confirmed(plan: &Plan, confirm: &ConfirmForm, restated: &str) -> Result<()> {
    let because = plan.because();
    let digest = plan.digest()?;
    let is_confirmed = match confirm {
        ConfirmForm::All(all) => *all || because.is_none(),
        ConfirmForm::Plan(shown) => *shown == digest,
    };
    if is_confirmed {
        return Ok(());
    }
    let lines: Vec<String> = plan.calls.iter().map(|call| format!("{} {}", call.method, call.path)).collect();
    let why = because.as_deref().unwrap_or("what was confirmed is another plan than the sentence comes to now");
    let detail = format!(
        "nothing was done: {why}; the sentence was read as {restated:?}, which is {}; send it again with \"confirm\": \"{digest}\" if that is what you want",
        if lines.is_empty() { "no call at all".to_owned() } else { lines.join(", then ") }
    );
    let calls = serde_json::to_value(&plan.calls).map_err(|error| Error::internal(error.to_string()))?;
    let mut more = serde_json::Map::new();
    more.insert("calls".into(), calls);
    more.insert("because".into(), why.into());
    more.insert("plan".into(), digest.into());
    Err(Error { more: Some(Box::new(more)), ..Error::conflict("confirmation-needed", detail) })
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

    /// The records of a stream that ends, or as many of them as a result may have and are found in time.
    async fn records(&self, call: &Call) -> Result<Shown> {
        let mut peek = Peek::default();
        let looking = async {
            let response = self.run(call, None).await?;
            if !response.status().is_success() {
                return Ok(Some(Refused(response)));
            }
            peek.fill(response.into_body()).await.map(|()| None)
        };
        match tokio::time::timeout(Duration::from_millis(ASK_PEEK_MS_MAX), looking).await {
            Ok(Ok(Some(refused))) => return Ok(Err(refused)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => peek.more = true,
        }
        raw(&peek).map(Ok)
    }
}

/// The first records of a stream.
#[derive(Debug, Default, Serialize)]
struct Peek {
    records: Vec<Box<RawValue>>,
    /// There may be more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    #[serde(skip)]
    bytes: usize,
}

impl Peek {
    /// Takes the lines of a body up to its end, or until it is full. What it has taken it keeps where nobody waits any longer.
    async fn fill(&mut self, mut body: Body) -> Result<()> {
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Error::internal(format!("a stream of records broke off: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            rest.extend_from_slice(&data);
            let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            for line in rest[..whole].split_inclusive(|byte| *byte == b'\n') {
                self.bytes += line.len();
                if self.records.len() == ASK_RECORDS_MAX || self.bytes > ASK_RESULT_BYTES_MAX {
                    self.more = true;
                    return Ok(());
                }
                let record = serde_json::from_slice(line);
                self.records.push(record.map_err(|error| Error::internal(format!("a record is no JSON: {error}")))?);
            }
            rest.drain(..whole);
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_peek_keeps_what_it_found_in_time() {
        let pieces = [Ok::<_, Error>("{\"n\":1}\n{\"n\""), Ok(":2}\n{\"n\":")].map(|piece| piece.map(Bytes::from));
        let endless = Body::from_stream(stream::iter(pieces).chain(stream::pending()));
        let mut peek = Peek::default();
        assert!(tokio::time::timeout(Duration::from_millis(50), peek.fill(endless)).await.is_err());
        let found: Vec<&str> = peek.records.iter().map(|record| record.get()).collect();
        assert_eq!((found, peek.more), (vec!["{\"n\":1}", "{\"n\":2}"], false));
    }

    #[tokio::test]
    async fn a_peek_is_bounded() {
        let lines = stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(b"1\n")));
        let mut peek = Peek::default();
        peek.fill(Body::from_stream(lines)).await.unwrap();
        assert_eq!((peek.records.len(), peek.more), (ASK_RECORDS_MAX, true));
    }
}
