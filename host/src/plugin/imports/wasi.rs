//! WASI for guests of any toolchain: clocks, random, io, and stdio that ends in the log. There are no files, no
//! environment and no sockets: the context is empty, and nothing can be put into it from inside.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::Host;
use super::log::Log;

fn context(log: &Log) -> WasiCtx {
    WasiCtx::builder()
        .stdout(Lines { log: log.clone(), level: tracing::Level::INFO })
        .stderr(Lines { log: log.clone(), level: tracing::Level::WARN })
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| context(&self.log));
        WasiCtxView { ctx, table: &mut self.resources }
    }
}

/// Standard output or error: every write is a log line.
#[derive(Clone)]
struct Lines {
    log: Log,
    level: tracing::Level,
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut TaskContext<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        for line in String::from_utf8_lossy(bytes).lines().filter(|line| !line.is_empty()) {
            self.log.write(self.level, line, "");
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
