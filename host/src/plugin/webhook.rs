//! The receiving role: a request to records and an answer.

use bytes::Bytes;

use super::bindings::kafka_do::plugin::types;
use super::bindings::webhooks::exports::kafka_do::plugin::webhook as wit;
use super::imports::state::Phase;
use super::instance::{Guest, Instance, cut_off, wrong_role};
use super::outcome::{CallError, Emitted, broken, check_records, readable};
use crate::limits::{HOOK_ANSWER_BYTES_MAX, HOOK_HEADERS_MAX, HOOK_ID_BYTES_MAX};

/// A request as the plugin gets it.
#[derive(Clone, Debug, Default)]
pub struct HookRequest {
    pub method: String,
    /// What follows the deployment's own path.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, Bytes)>,
    pub body: Bytes,
}

/// What the plugin answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookResponse {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl HookResponse {
    /// What a problem document (RFC 9457) says for people, where it is one.
    pub fn problem(&self) -> Option<String> {
        let is_problem = |(name, value): &(String, Vec<u8>)| {
            name == "content-type" && value.starts_with(b"application/problem+json")
        };
        self.headers.iter().find(|header| is_problem(header))?;
        let problem: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        problem["detail"].as_str().map(readable)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HookReply {
    /// What the sender calls the event.
    pub id: Option<String>,
    pub records: Vec<Emitted>,
    pub response: HookResponse,
}

impl Instance {
    /// Hands a request over.
    pub async fn handle(&mut self, request: &HookRequest) -> Result<HookReply, CallError> {
        self.call_handle(request).await.map_err(|error| self.explained(error))
    }

    async fn call_handle(&mut self, request: &HookRequest) -> Result<HookReply, CallError> {
        let begun = self.begin_call(Phase::Running, None);
        let Self { store, guest: Guest::Webhook(plugin), metrics, .. } = self else { return Err(wrong_role("handle")) };
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| types::HeaderParam { name, value }).collect();
        let lent = wit::Request {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &headers,
            body: &request.body,
        };
        let reply = cut_off("handle", plugin.kafka_do_plugin_webhook().call_handle(store, lent)).await?;
        metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
        let wit::Reply { id, records, response } = reply.map_err(CallError::from)?;
        if let Some(id) = id.as_ref().filter(|id| id.is_empty() || id.len() > HOOK_ID_BYTES_MAX) {
            return Err(broken(format!(
                "an event's id has 1 to {HOOK_ID_BYTES_MAX} bytes, and it gave one of {}",
                id.len()
            )));
        }
        Ok(HookReply { id, records: check_records(records)?, response: check_response(response)? })
    }
}

/// Headers that are the server's own: how an answer is framed, and what a browser may do with it and with the host.
const RESERVED: [&str; 9] = [
    "clear-site-data",
    "connection",
    "content-length",
    "keep-alive",
    "service-worker-allowed",
    "set-cookie",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn check_response(response: wit::Response) -> Result<HookResponse, CallError> {
    let wit::Response { status, headers, body } = response;
    if !(200..=599).contains(&status) {
        return Err(broken(format!("it answers with status {status}, and an answer has one of 200 to 599")));
    }
    let bytes = body.len() + headers.iter().map(|header| header.name.len() + header.value.len()).sum::<usize>();
    if bytes > HOOK_ANSWER_BYTES_MAX || headers.len() > HOOK_HEADERS_MAX {
        return Err(broken(format!(
            "its answer has {bytes} bytes and {} headers, over the {HOOK_ANSWER_BYTES_MAX} and {HOOK_HEADERS_MAX} allowed",
            headers.len()
        )));
    }
    let mut checked = Vec::with_capacity(headers.len());
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let is_plain = |byte: u8| byte == b'\t' || byte >= 0x20 && byte != 0x7f;
        let fits = !name.is_empty() && name.bytes().all(is_token) && header.value.iter().copied().all(is_plain);
        if !fits || RESERVED.contains(&name.as_str()) {
            return Err(broken(format!("it answers with a header {} that it may not send", readable(&name))));
        }
        checked.push((name, header.value));
    }
    Ok(HookResponse { status, headers: checked, body })
}
