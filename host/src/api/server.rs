//! The server: accepts connections within a bound, and drains them at a shutdown.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::limits::{CONNECTIONS_MAX, REQUEST_HEAD_MS_MAX, SHUTDOWN_MS_MAX};
use crate::shutdown::Shutdown;
use crate::telemetry::Metrics;

/// Serves until the shutdown begins, then until the requests in flight are answered, or their time is over.
pub async fn serve(listener: TcpListener, router: Router, metrics: &Metrics, shutdown: &Shutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = shutdown.begun() => break,
        };
        let Some((stream, place)) = accepted else { continue };
        let mut builder = hyper::server::conn::http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(REQUEST_HEAD_MS_MAX));
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        let open = metrics.connections.clone();
        open.inc();
        shutdown.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            open.dec();
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(Duration::from_millis(SHUTDOWN_MS_MAX), graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight after {SHUTDOWN_MS_MAX} ms");
    }
}

type Accepted = (tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Small answers go out at once: Nagle's algorithm and delayed acks together cost 40 ms.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY cannot be set");
            }
            Some((stream, place))
        }
        Err(error) => {
            // Out of file descriptors, or a connection that broke before it was accepted: the next one may do better.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(10)).await;
            None
        }
    }
}
