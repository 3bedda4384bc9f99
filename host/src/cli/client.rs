//! The HTTP client: one connection, kept open between calls, and what the refusals of a host say to a person.
//!
//! Knows HTTP and problem documents, and nothing of what the calls are about.

use std::fmt::{self, Write};
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::config::DEFAULT_HTTP;

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long a host that is busy, or away for a moment, is asked again before a command gives up.
const PATIENCE: Duration = Duration::from_mins(1);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The code of a refusal by a host that does not know whether it has stored the request.
const OUTCOME_UNKNOWN: &str = "outcome-unknown";

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;
pub(super) type Sender = http1::SendRequest<Full<Bytes>>;
pub(super) type Driver = http1::Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    host: String,
    port: u16,
    /// What stands before `/v1` behind a proxy; empty, or begins with a slash and ends without one.
    prefix: String,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { host: DEFAULT_HTTP.ip().to_string(), port: DEFAULT_HTTP.port(), prefix: String::new() }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let form = || format!("write it as {}", Self::default());
        let uri: Uri = text.parse().map_err(|error| format!("{error}; {}", form()))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err("https is not spoken yet; reach the host by http://, through a tunnel \
                            where the way is not safe"
                    .to_owned());
            }
            _ => return Err(form()),
        }
        let authority = uri.authority().ok_or_else(form)?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(format!("it is a host, a port and at most a path; {}", form()));
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { host: authority.host().to_owned(), port, prefix })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, prefix } = self;
        write!(f, "http://{host}:{port}{prefix}")
    }
}

impl Endpoint {
    /// A request for a path of the API, as in `/v1/topics`.
    pub(super) fn request(&self, method: Method, path: &str, content: Option<Content>) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, format!("{}:{}", self.host, self.port));
        let mut body = Bytes::new();
        if let Some(content) = content {
            request = request.header(CONTENT_TYPE, content.media);
            for (name, value) in content.headers {
                request = request.header(name, value);
            }
            body = content.bytes;
        }
        request.body(Full::new(body)).map_err(|error| Failure::Strange(format!("{path} cannot be asked for: {error}")))
    }

    /// A connection, and the future that moves its bytes.
    pub(super) async fn connect(&self) -> Result<(Sender, Driver)> {
        let no_host = |reason| Failure::NoHost { endpoint: self.clone(), reason };
        let address = (self.host.trim_matches(['[', ']']), self.port);
        let stream = tokio::time::timeout(CONNECT_WAIT, TcpStream::connect(address))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(no_host)?;
        stream.set_nodelay(true).map_err(no_host)?;
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))
    }

    /// Reads an answer whole; what is no success is a failure.
    pub(super) async fn read(&self, response: Response<Incoming>) -> Result<Answer> {
        let response = self.check(response).await?;
        let status = response.status();
        let body = self.collect(response).await?;
        Ok(Answer { status, body })
    }

    async fn check(&self, response: Response<Incoming>) -> Result<Response<Incoming>> {
        let (status, retry_after) = (response.status(), retry_after(&response));
        if status.is_success() {
            return Ok(response);
        }
        Err(self.refusal(status, &self.collect(response).await?, retry_after))
    }

    async fn collect(&self, response: Response<Incoming>) -> Result<Bytes> {
        let body = response.into_body().collect().await.map_err(|error| self.broken(&error))?;
        Ok(body.to_bytes())
    }

    fn refusal(&self, status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> Failure {
        #[derive(Deserialize)]
        struct Problem {
            #[serde(rename = "type")]
            kind: String,
            detail: String,
        }
        match serde_json::from_slice(body) {
            Ok(Problem { kind, detail }) => {
                let code = kind.rsplit('/').next().unwrap_or_default().to_owned();
                Failure::Refused(Refusal { status, code, detail, retry_after })
            }
            Err(_) => Failure::Strange(format!(
                "what answers at {self} says {status} and is not a kafka-do host; name another with --url"
            )),
        }
    }

    pub(super) fn broken(&self, error: &hyper::Error) -> Failure {
        Failure::Broken(format!("the connection to {self} broke before the answer came ({error})"))
    }
}

/// A body, its media type, and what else is said of it.
#[derive(Clone, Debug)]
pub(super) struct Content {
    media: &'static str,
    bytes: Bytes,
    headers: Vec<(&'static str, u64)>,
}

impl Content {
    pub(super) fn json(value: &impl Serialize) -> anyhow::Result<Self> {
        Ok(Self::new("application/json", serde_json::to_vec(value)?.into()))
    }

    pub(super) fn ndjson(bytes: Bytes) -> Self {
        Self::new("application/x-ndjson", bytes)
    }

    pub(super) fn wasm(bytes: Bytes) -> Self {
        Self::new("application/wasm", bytes)
    }

    fn new(media: &'static str, bytes: Bytes) -> Self {
        Self { media, bytes, headers: Vec::new() }
    }

    /// With a header that holds a number.
    pub(super) fn with(mut self, name: &'static str, value: u64) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Nothing was sent.
    #[error("no host answers at {endpoint}{}; start one with kafka-do serve, or name another with --url", why(reason))]
    NoHost { endpoint: Endpoint, reason: io::Error },
    /// The request went out, or a part of it: it may have been done, or not.
    #[error("{0}")]
    Broken(String),
    #[error("{}", .0.detail)]
    Refused(Refusal),
    /// Something answers, and it is no host.
    #[error("{0}")]
    Strange(String),
}

fn why(reason: &io::Error) -> String {
    if reason.kind() == io::ErrorKind::ConnectionRefused { String::new() } else { format!(" ({reason})") }
}

/// A problem document.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The end of its type: stable, and for programs.
    pub(super) code: String,
    pub(super) detail: String,
    retry_after: Option<Duration>,
}

impl Failure {
    /// Whether the host is too busy, or stops: it has done nothing of it, and may well do it later.
    pub(super) fn is_passing(&self) -> bool {
        let Self::Refused(refusal) = self else { return false };
        let passes = matches!(refusal.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        passes && !self.is_unsure()
    }

    /// Whether it may have been done, or not: the answer was lost, or the host itself does not know.
    pub(super) fn is_unsure(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::Refused(refusal) => refusal.code == OUTCOME_UNKNOWN,
            Self::NoHost { .. } | Self::Strange(_) => false,
        }
    }

    /// Whether nothing was sent, since nobody was there. Where a host was before, it may come back.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::NoHost { .. })
    }

    fn retry_after(&self) -> Option<Duration> {
        if let Self::Refused(refusal) = self { refusal.retry_after } else { None }
    }
}

/// How long to wait between two tries: as long as the host asks for, or twice as long as the last time.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    waited: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: BACKOFF_MIN, waited: Duration::ZERO }
    }

    pub(super) async fn wait(&mut self, after: &Failure) {
        let wait = after.retry_after().unwrap_or(self.next);
        self.next = (self.next * 2).min(BACKOFF_MAX);
        self.waited += wait;
        tokio::time::sleep(wait).await;
    }

    /// Whether this is the first failure in a row.
    pub(super) fn is_new(&self) -> bool {
        self.waited.is_zero()
    }

    pub(super) fn is_over(&self) -> bool {
        self.waited >= PATIENCE
    }
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::Strange(format!("the host's answer cannot be read: {error}; is it of this version?"))
        })
    }
}

#[derive(Debug)]
pub(super) struct Client {
    endpoint: Endpoint,
    open: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    sender: Sender,
    /// Moves the bytes, for as long as the connection is kept.
    _driver: JoinSet<()>,
}

impl Client {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, open: None }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn put(&mut self, path: &str, content: Content) -> Result<Answer> {
        self.call(Method::PUT, path, Some(content)).await
    }

    pub(super) async fn post(&mut self, path: &str, content: Option<Content>) -> Result<Answer> {
        self.call(Method::POST, path, content).await
    }

    pub(super) async fn patch(&mut self, path: &str, content: Content) -> Result<Answer> {
        self.call(Method::PATCH, path, Some(content)).await
    }

    pub(super) async fn delete(&mut self, path: &str) -> Result<Answer> {
        self.call(Method::DELETE, path, None).await
    }

    async fn call(&mut self, method: Method, path: &str, content: Option<Content>) -> Result<Answer> {
        let response = self.send(self.endpoint.request(method, path, content)?).await?;
        self.endpoint.read(response).await
    }

    /// An answer that is read as it comes.
    pub(super) async fn stream(&mut self, path: &str) -> Result<Response<Incoming>> {
        let response = self.send(self.endpoint.request(Method::GET, path, None)?).await?;
        self.endpoint.check(response).await
    }

    /// The same, for a call with a body.
    pub(super) async fn post_stream(&mut self, path: &str, content: Content) -> Result<Response<Incoming>> {
        let response = self.send(self.endpoint.request(Method::POST, path, Some(content))?).await?;
        self.endpoint.check(response).await
    }

    /// All pages of a list, as one page.
    pub(super) async fn list(&mut self, path: &str) -> Result<Bytes> {
        #[derive(Deserialize, Serialize)]
        struct Page {
            items: Vec<Box<RawValue>>,
            #[serde(skip_serializing)]
            next: Option<String>,
        }
        let first = self.get(path).await?;
        let mut all: Page = first.parse()?;
        if all.next.is_none() {
            return Ok(first.body);
        }
        while let Some(after) = all.next.take() {
            let page: Page = self.get(&format!("{path}?after={}", encoded(&after))).await?.parse()?;
            all.items.extend(page.items);
            all.next = page.next;
        }
        let body = serde_json::to_vec(&all).map_err(|error| Failure::Strange(error.to_string()))?;
        Ok(body.into())
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
        if let Some(mut connection) = self.open.take()
            && connection.sender.ready().await.is_ok()
        {
            match connection.sender.try_send_request(request).await {
                Ok(response) => {
                    self.open = Some(connection);
                    return Ok(response);
                }
                // The host had closed the idle connection, and nothing of the request went out.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(self.endpoint.broken(error.error())),
                },
            }
        }
        let (mut sender, driver) = self.endpoint.connect().await?;
        let mut driving = JoinSet::new();
        // What goes wrong in it, the call that waits for an answer hears.
        driving.spawn(async move { drop(driver.await) });
        let response = sender.send_request(request).await.map_err(|error| self.endpoint.broken(&error))?;
        self.open = Some(Connection { sender, _driver: driving });
        Ok(response)
    }
}

fn retry_after(response: &Response<Incoming>) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(PATIENCE))
}

/// Text as a segment of a path or a value in a query: all but RFC 3986's unreserved characters is escaped.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_with_a_host() {
        let parse = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(parse("http://127.0.0.1:7070"), Ok("http://127.0.0.1:7070".into()));
        assert_eq!(parse("http://[::1]:7070/"), Ok("http://[::1]:7070".into()));
        assert_eq!(parse("http://streams.example.com/kafka/"), Ok("http://streams.example.com:80/kafka".into()));
        assert!(parse("https://127.0.0.1:7070").unwrap_err().contains("https is not spoken"));
        for text in ["127.0.0.1:7070", "localhost", "ftp://a", "http://a@b", "http://a/?b", "", "http://"] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains("http://127.0.0.1:7070"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_could_end_a_segment_is_escaped() {
        assert_eq!(encoded("long-flights_1.2~"), "long-flights_1.2~");
        assert_eq!(encoded("a/b?c&d=é %"), "a%2Fb%3Fc%26d%3D%C3%A9%20%25");
    }

    fn refused(status: StatusCode, code: &str) -> Failure {
        Failure::Refused(Refusal { status, code: code.to_owned(), detail: String::new(), retry_after: None })
    }

    #[test]
    fn only_what_was_not_done_is_tried_again() {
        assert!(refused(StatusCode::TOO_MANY_REQUESTS, "head-full").is_passing());
        assert!(refused(StatusCode::SERVICE_UNAVAILABLE, "shutting-down").is_passing());
        assert!(!refused(StatusCode::SERVICE_UNAVAILABLE, OUTCOME_UNKNOWN).is_passing());
        assert!(!refused(StatusCode::INTERNAL_SERVER_ERROR, "internal").is_passing());
        assert!(!Failure::Broken(String::new()).is_passing());
    }

    #[test]
    fn what_may_have_been_done_is_known() {
        assert!(Failure::Broken(String::new()).is_unsure());
        assert!(refused(StatusCode::SERVICE_UNAVAILABLE, OUTCOME_UNKNOWN).is_unsure());
        assert!(!refused(StatusCode::SERVICE_UNAVAILABLE, "shutting-down").is_unsure());
    }

    #[test]
    fn problems_have_a_code() {
        let body = br#"{"type":"https://kafka.do/problems/unknown-producer","title":"t","status":404,"detail":"d"}"#;
        let failure = Endpoint::default().refusal(StatusCode::NOT_FOUND, body, None);
        assert!(matches!(&failure, Failure::Refused(refusal) if refusal.code == "unknown-producer"), "{failure:?}");
    }

    #[test]
    fn numbers_go_into_headers() {
        let content = Content::ndjson(Bytes::from_static(b"1\n")).with("kafka-do-sequence", 7);
        let request = Endpoint::default().request(Method::POST, "/v1/topics/t/records", Some(content)).unwrap();
        assert_eq!(request.headers()["kafka-do-sequence"], "7");
        assert_eq!(request.headers()[CONTENT_TYPE], "application/x-ndjson");
    }
}
