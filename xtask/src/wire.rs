//! One connection to an HTTP server, and nothing between it and the caller: no pool, no task of its own, no copy of a body.
//! What measures a host must not be what it waits for.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::clock;

const NDJSON: &str = "application/x-ndjson";
/// How long one request is sent again to a host that is busy.
const BUSY_MAX: Duration = Duration::from_mins(5);
const RETRY_S_DEFAULT: u64 = 1;

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
    host: String,
}

/// How one produce went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Produced {
    /// Of the request that was taken, from its first byte to its answer.
    pub(crate) latency: Duration,
    /// How often the host said before that it is busy.
    pub(crate) refused: u32,
    /// What was waited for on the host's word.
    pub(crate) waited: Duration,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("{address} does not answer"))?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver, host: address.to_string() })
    }

    /// Appends a value a line; a host that is busy is asked again when it says so.
    pub(crate) async fn produce(&mut self, path: &str, lines: Bytes) -> Result<Produced> {
        let begun = clock::now();
        let mut produced = Produced { latency: Duration::ZERO, refused: 0, waited: Duration::ZERO };
        loop {
            let sent = clock::now();
            let (status, headers, body) = self.post(path, lines.clone()).await?;
            if status.is_success() {
                produced.latency = sent.elapsed();
                return Ok(produced);
            }
            if status != StatusCode::TOO_MANY_REQUESTS || begun.elapsed() > BUSY_MAX {
                bail!("POST {path} was answered {status}: {}", String::from_utf8_lossy(&body));
            }
            let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            let wait = Duration::from_secs(seconds.unwrap_or(RETRY_S_DEFAULT));
            tokio::time::sleep(wait).await;
            produced.refused += 1;
            produced.waited += wait;
        }
    }

    /// Sends a request as it is, with the host's name, and reads the answer away.
    pub(crate) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<StatusCode> {
        request.headers_mut().insert(HOST, self.host.parse()?);
        self.exchange(request, async |response| {
            let (head, body) = response.into_parts();
            body.collect().await?;
            Ok(head.status)
        })
        .await
    }

    async fn post(&mut self, path: &str, body: Bytes) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let request = Request::builder().method(Method::POST).uri(path).header(CONTENT_TYPE, NDJSON);
        let request = request.header(HOST, &self.host).body(Full::new(body))?;
        self.exchange(request, async |response| {
            let (head, body) = response.into_parts();
            Ok((head.status, head.headers, body.collect().await?.to_bytes()))
        })
        .await
    }

    /// Reads an answer through, and shows each part of it.
    pub(crate) async fn get(&mut self, path: &str, accept: &str, mut each: impl FnMut(&[u8])) -> Result<HeaderMap> {
        let request = Request::builder().method(Method::GET).uri(path).header(ACCEPT, accept);
        let request = request.header(HOST, &self.host).body(Full::default())?;
        self.exchange(request, async |response| {
            let (head, mut body) = response.into_parts();
            if !head.status.is_success() {
                let text = body.collect().await?.to_bytes();
                bail!("GET {path} was answered {}: {}", head.status, String::from_utf8_lossy(&text));
            }
            while let Some(frame) = body.frame().await {
                if let Some(part) = frame?.data_ref() {
                    each(part);
                }
            }
            Ok(head.headers)
        })
        .await
    }

    /// Drives the connection until the answer is read.
    async fn exchange<T>(
        &mut self,
        request: Request<Full<Bytes>>,
        read: impl AsyncFnOnce(Response<Incoming>) -> Result<T>,
    ) -> Result<T> {
        let Self { sender, driver, .. } = self;
        let exchange = async {
            sender.ready().await?;
            read(sender.send_request(request).await?).await
        };
        tokio::select! {
            biased;
            read = exchange => read,
            ended = driver => {
                ended?;
                bail!("the server closed the connection")
            }
        }
    }
}

/// The number in a header of an answer.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Result<u64> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    value.with_context(|| format!("the answer has no number in its header {name}"))
}
