//! A bare HTTP server: what HTTP itself costs on this machine.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const PART_BYTES: usize = 1 << 20;

/// Reads the body of a POST and answers at once; to a GET of `/N` it sends N bytes. It has threads of its own, as many as a
/// host.
pub(super) struct BareServer {
    pub(super) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl BareServer {
    pub(super) fn start() -> Result<Self> {
        let runtime = Runtime::new()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let handle = runtime.handle().clone();
        handle.spawn(serve(listener));
        Ok(Self { address, runtime: Some(runtime) })
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: std::net::TcpListener) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let part = Bytes::from(vec![b'x'; PART_BYTES]);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let part = part.clone();
        connections.spawn(async move {
            let answered = stream.set_nodelay(true);
            let connection = hyper::server::conn::http1::Builder::new();
            let service = service_fn(|request| answer(request, part.clone()));
            // A connection that breaks is one that its client tells of.
            drop((answered, connection.serve_connection(TokioIo::new(stream), service).await));
        });
    }
}

type Answer = Response<Either<Full<Bytes>, Bulk>>;

async fn answer(request: Request<Incoming>, part: Bytes) -> Result<Answer, Infallible> {
    if request.method() == Method::GET {
        let left = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
        return Ok(Response::new(Either::Right(Bulk { part, left })));
    }
    drop(request.into_body().collect().await);
    // The receipt of one record, which says nothing.
    let receipt = Bytes::from_static(br#"{"records":[{"partition":0,"offset":0,"timestamp":0}]}"#);
    Ok(Response::new(Either::Left(Full::new(receipt))))
}

/// So many bytes, from one part in memory.
struct Bulk {
    part: Bytes,
    left: usize,
}

impl Body for Bulk {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let bytes = self.left.min(self.part.len());
        self.left -= bytes;
        Poll::Ready((bytes > 0).then(|| Ok(Frame::data(self.part.slice(..bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
