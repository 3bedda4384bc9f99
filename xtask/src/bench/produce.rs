//! Durable produce as its clients see it: the load generator of the host's own binary, and a bare HTTP server beside it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the load generator saw.
#[derive(Debug, Deserialize)]
pub(super) struct Load {
    pub(super) records_per_s: f64,
    pub(super) mib_per_s: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// Loads what listens there, with records of 1 KiB.
pub(super) fn load(binary: &Path, address: SocketAddr, seconds: u64, arguments: &[&str]) -> Result<Load> {
    let output = Command::new(binary)
        .args(["--json", "--url", &format!("http://{address}"), "bench"])
        .args(arguments)
        // The topic is on a host that is about to go.
        .args(["--keep", "--record-bytes", "1024", "--seconds", &seconds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("the load generator did not start")?;
    if !output.status.success() {
        bail!("the load generator ended with {}; its messages are above", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the load generator's answer is of an unknown form")
}

/// An HTTP server that reads each body and answers at once: what HTTP itself costs on this machine.
pub(super) struct BareServer {
    pub(super) address: SocketAddr,
    /// Dropping it ends the server.
    _serving: JoinSet<()>,
}

impl BareServer {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let answered = stream.set_nodelay(true);
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A connection that breaks is one that the load generator tells of.
                    drop((answered, connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await));
                });
            }
        });
        Ok(Self { address, _serving: serving })
    }
}

/// The receipt of one record, which says nothing.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    drop(request.into_body().collect().await);
    let receipt = Bytes::from_static(br#"{"records":[{"partition":0,"offset":0,"timestamp":0}]}"#);
    Ok(Response::new(Full::new(receipt)))
}
