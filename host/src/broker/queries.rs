//! Queries: each has a task of its own, which works ahead of its client by a few pieces, and ends with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::Broker;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::{QUERIES_MAX, QUERY_CLIENT_MS_MAX, QUERY_MS_MAX, QUERY_PIECES_WAITING, QUERY_TURN_MS_MAX};
use crate::task::{Found, Query, QueryRequest};

/// A query under way: what it finds, piece by piece. Dropped, it ends.
#[derive(Debug)]
pub struct Querying {
    pieces: mpsc::Receiver<Vec<Found>>,
    /// How it ended, once there are no more pieces. One that does not say so has not ended well.
    ending: Option<oneshot::Receiver<Result<()>>>,
}

impl Querying {
    /// Some more, or what ended it; `None` once all has been told.
    pub async fn next(&mut self) -> Option<Result<Vec<Found>>> {
        if let Some(piece) = self.pieces.recv().await {
            return Some(Ok(piece));
        }
        let ended = self.ending.as_mut()?.await;
        self.ending = None;
        ended.unwrap_or_else(|_| Err(Error::internal("the query broke off"))).err().map(Err)
    }
}

impl Broker {
    /// Begins a query. What cannot be asked is refused here.
    pub async fn query(&self, request: QueryRequest) -> Result<Querying> {
        let turn = Arc::clone(&self.query_turns).acquire_owned();
        let turn = tokio::time::timeout(Duration::from_millis(QUERY_TURN_MS_MAX), turn).await;
        let turn = turn.ok().and_then(std::result::Result::ok).ok_or_else(|| {
            Error::new(
                Kind::Overloaded,
                "too-many-queries",
                format!(
                    "{QUERIES_MAX} queries are under way, and none ended in {QUERY_TURN_MS_MAX} ms; ask again later"
                ),
            )
        })?;
        let query = {
            let _using = self.using.read().await;
            self.supervisor.query(request).await?
        };
        let (listener, pieces) = mpsc::channel(QUERY_PIECES_WAITING);
        let (ended, ending) = oneshot::channel();
        let serving = self.serving.clone();
        self.serving.spawn(async move {
            let _turn = turn;
            let result = tokio::select! {
                () = listener.closed() => return,
                () = serving.begun() => Err(Error::shutting_down()),
                told = tell(query, &listener) => told,
            };
            // Where nobody reads, nobody waits for it.
            drop(ended.send(result));
        });
        Ok(Querying { pieces, ending: Some(ending) })
    }
}

/// Tells what a query finds, for as long as somebody listens. What it takes itself is counted apart from what its client does.
async fn tell(mut query: Query, listener: &mpsc::Sender<Vec<Found>>) -> Result<()> {
    let mut took = Duration::ZERO;
    loop {
        let begun: Instant = Clock::instant();
        let left = Duration::from_millis(QUERY_MS_MAX).saturating_sub(took);
        let next = tokio::time::timeout(left, query.next()).await.map_err(|_| took_too_long())??;
        took += begun.elapsed();
        match next {
            None => return Ok(()),
            // Calls that never wait would keep the thread from everybody else.
            Some(found) if found.is_empty() => tokio::task::yield_now().await,
            Some(found) => {
                let sent = listener.send_timeout(found, Duration::from_millis(QUERY_CLIENT_MS_MAX)).await;
                if let Err(mpsc::error::SendTimeoutError::Timeout(_)) = sent {
                    return Err(was_not_read());
                }
            }
        }
    }
}

fn took_too_long() -> Error {
    Error::unprocessable(
        "query-too-long",
        format!("the query worked for more than {QUERY_MS_MAX} ms; ask from a later time on, or deploy the steps"),
    )
}

fn was_not_read() -> Error {
    Error::new(
        Kind::TooSlow,
        "query-not-read",
        format!(
            "nobody read the answer for {QUERY_CLIENT_MS_MAX} ms; read it faster than it is worked on, or deploy the steps and read their topic"
        ),
    )
}
