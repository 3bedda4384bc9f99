//! An HTTP server that misbehaves as it is told, and remembers what it was asked and what it answered.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// What it does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Reply {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Never answers.
    Hang,
    /// Closes the connection.
    Close,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::Reply { status, headers: Vec::new(), body: String::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }

    pub fn is_success(&self) -> bool {
        matches!(self, Self::Reply { status: 200..300, .. })
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Empty where it was not read.
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub request: Request,
    pub answer: Answer,
}

/// What it does, asked before the body is read and once more after.
pub trait Manners: Send + 'static {
    /// What to do at once, with the head alone.
    fn unread(&mut self, _head: &Request) -> Option<Answer> {
        None
    }

    fn answer(&mut self, request: &Request) -> Answer;
}

impl<F: FnMut(&Request) -> Answer + Send + 'static> Manners for F {
    fn answer(&mut self, request: &Request) -> Answer {
        self(request)
    }
}

struct Shared {
    manners: Box<dyn Manners>,
    attempts: Vec<Attempt>,
}

pub struct BadServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    /// Takes its connections along when it ends.
    accepting: Option<JoinHandle<()>>,
}

impl BadServer {
    pub async fn start(manners: impl Manners) -> Self {
        let shared = Shared { manners: Box::new(manners), attempts: Vec::new() };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = Self { address, shared: Arc::new(Mutex::new(shared)), accepting: None };
        server.listen().await;
        server
    }

    /// Listens again, where it listened.
    pub async fn listen(&mut self) {
        assert!(self.accepting.is_none(), "it was stopped first");
        let listener = TcpListener::bind(self.address).await.expect("the port is free");
        self.address = listener.local_addr().expect("it has an address");
        let shared = Arc::clone(&self.shared);
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| serve(Arc::clone(&shared), request));
                // A connection that breaks off is what this server is for.
                connections.spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
                while connections.try_join_next().is_some() {}
            }
        }));
    }

    /// Ends its connections where they stand, and refuses others.
    pub async fn stop(&mut self) {
        let accepting = self.accepting.take().expect("it listens");
        accepting.abort();
        let _ = accepting.await;
    }

    /// As grants name it: address and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Other manners from now on.
    pub fn behave(&self, manners: impl Manners) {
        self.lock().manners = Box::new(manners);
    }

    /// All that it was asked so far, in the order in which it decided on an answer.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.lock().attempts.clone()
    }

    pub fn count(&self) -> usize {
        self.lock().attempts.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BadServer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// Why a connection is closed: because it was said so.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed")
    }
}

impl std::error::Error for Closed {}

async fn serve(
    shared: Arc<Mutex<Shared>>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut request = Request {
        at: Instant::now(),
        method: head.method.to_string(),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: Vec::new(),
    };
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let unread = {
        let mut shared = lock();
        let answer = shared.manners.unread(&request);
        if let Some(answer) = &answer {
            shared.attempts.push(Attempt { request: request.clone(), answer: answer.clone() });
        }
        answer
    };
    let answer = if let Some(answer) = unread {
        answer
    } else {
        request.body = body.collect().await.map_err(|_| Closed)?.to_bytes().to_vec();
        let mut shared = lock();
        let answer = shared.manners.answer(&request);
        shared.attempts.push(Attempt { request, answer: answer.clone() });
        answer
    };
    match answer {
        Answer::Hang => std::future::pending::<Result<_, Infallible>>().await.map_err(|never| match never {}),
        Answer::Close => Err(Closed),
        Answer::Reply { status, headers, body } => {
            let mut response = hyper::Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::from(body)).expect("a response"))
        }
    }
}

/// The next of a series of numbers that look as if they were random (`SplitMix64`).
pub fn scrambled(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_misbehaves_as_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = BadServer::start(|request: &Request| match request.target.as_str() {
            "/busy" => Answer::status(429).with("retry-after", 1),
            "/hang" => Answer::Hang,
            "/close" => Answer::Close,
            _ => Answer::status(200),
        })
        .await;
        let client = reqwest::Client::new();
        let url = server.url();
        let ask = async |path: &str| {
            let request = client.post(format!("{url}{path}")).timeout(Duration::from_millis(200)).body("a body");
            request.send().await
        };
        let busy = ask("/busy").await.expect("an answer");
        assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"]), (429, &"1".parse().expect("a value")));
        assert!(ask("/hang").await.expect_err("no answer").is_timeout());
        let closed = ask("/close").await.expect_err("no answer");
        assert!(!closed.is_timeout() && !closed.is_connect(), "{closed:?}");
        server.stop().await;
        assert!(ask("/").await.expect_err("nobody is there").is_connect());
        server.listen().await;
        assert_eq!(ask("/").await.expect("an answer").status(), 200);
        let attempts = server.attempts();
        let targets: Vec<_> = attempts.iter().map(|attempt| attempt.request.target.as_str()).collect();
        assert_eq!(targets, ["/busy", "/hang", "/close", "/"]);
        assert!(attempts.iter().all(|attempt| attempt.request.body == b"a body"));
        assert!(attempts[3].answer.is_success() && !attempts[0].answer.is_success());
    }
}
