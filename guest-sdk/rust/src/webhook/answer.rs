//! What the sender of an event hears.

use serde_json::json;

use super::{Reply, Request, Response};
use crate::NewRecord;

/// Why an event is not taken. Nothing of it names a secret, or what the signature should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// Stable, for programs: the end of the problem's type.
    pub code: &'static str,
    pub title: &'static str,
    pub detail: String,
}

impl Refusal {
    /// 401: who sent it is not known. The sender may try again; with the right signature it is taken.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self { status: 401, code: "unknown-sender", title: "The sender is not known", detail: detail.into() }
    }

    /// 403: the sender is known not to be the one.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self { status: 403, code: "wrong-sender", title: "The sender is not the one", detail: detail.into() }
    }

    /// 400: the request is not what this webhook reads.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self { status: 400, code: "unreadable-event", title: "The event cannot be read", detail: detail.into() }
    }
}

/// A problem as RFC 9457 has it.
impl From<Refusal> for Response {
    fn from(Refusal { status, code, title, detail }: Refusal) -> Self {
        let kind = format!("https://kafka.do/problems/{code}");
        let problem = json!({"type": kind, "title": title, "status": status, "detail": detail}).to_string();
        Self { body: problem.into_bytes(), ..Self::empty(status) }
            .with_header("content-type", "application/problem+json")
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.into())
    }
}

/// The answer to a request that brings no event: a `GET` or `HEAD` finds that there is somebody, and what is neither `POST`
/// nor `PUT` is refused.
pub fn unless_event(request: &Request) -> Option<Reply> {
    match request.method.as_str() {
        "POST" | "PUT" => None,
        "GET" | "HEAD" => Some(Reply::new(Response::text(200, "This webhook takes events by POST.\n"))),
        _ => {
            let refusal = Refusal {
                status: 405,
                code: "wrong-method",
                title: "The method is not one of a webhook's",
                detail: "Send events by POST.".to_owned(),
            };
            let response = Response::from(refusal).with_header("allow", "GET, HEAD, POST, PUT");
            Some(Reply::new(response))
        }
    }
}

/// The answer to an event that was taken: how many records were stored.
pub fn stored(records: Vec<NewRecord>) -> Reply {
    let response = Response::json(200, &json!({"stored": records.len()}));
    Reply::new(response).with_records(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    #[test]
    fn only_post_and_put_bring_events() {
        for method in ["POST", "PUT"] {
            assert_eq!(unless_event(&request().with_method(method)), None);
        }
        for (method, status) in [("GET", 200), ("HEAD", 200), ("DELETE", 405), ("OPTIONS", 405), ("post", 405)] {
            let reply = unless_event(&request().with_method(method)).expect("an answer");
            assert_eq!((reply.response.status, reply.records.len(), reply.id), (status, 0, None), "{method}");
            assert_eq!(reply.response.headers.iter().any(|header| header.name == "allow"), status == 405);
        }
    }

    #[test]
    fn a_refusal_is_a_problem() {
        let response = Response::from(Refusal::unauthorized("No signature."));
        assert_eq!(response.status, 401);
        assert_eq!(response.headers[0].value, b"application/problem+json");
        let problem: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
        assert_eq!(problem["type"], "https://kafka.do/problems/unknown-sender");
        assert_eq!(problem["title"], "The sender is not known");
        assert_eq!(problem["detail"], "No signature.");
    }
}
