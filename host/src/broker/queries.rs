//! Queries: each has a task of its own, which works ahead of its client by a few pieces, and ends with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::Broker;
use crate::error::{Error, Kind, Result};
use crate::limits::{QUERIES_MAX, QUERY_MS_MAX, QUERY_PIECES_WAITING, QUERY_TURN_MS_MAX};
use crate::task::{Found, Query, QueryRequest};

/// A query under way: what it finds, piece by piece. Dropped, it ends.
#[derive(Debug)]
pub struct Querying(mpsc::Receiver<Result<Vec<Found>>>);

impl Querying {
    /// Some more, or what ended it; `None` once all has been told.
    pub async fn next(&mut self) -> Option<Result<Vec<Found>>> {
        self.0.recv().await
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
        let (sender, receiver) = mpsc::channel(QUERY_PIECES_WAITING);
        let serving = self.serving.clone();
        self.serving.spawn(async move {
            let failure = tokio::select! {
                () = sender.closed() => return,
                () = serving.begun() => Error::shutting_down(),
                told = tokio::time::timeout(Duration::from_millis(QUERY_MS_MAX), tell(query, turn, &sender)) => match told {
                    Ok(()) => return,
                    Err(_) => took_too_long(),
                },
            };
            // Where nobody reads, nobody waits for it.
            drop(sender.try_send(Err(failure)));
        });
        Ok(Querying(receiver))
    }
}

/// Tells what a query finds, for as long as somebody listens.
async fn tell(mut query: Query, _turn: OwnedSemaphorePermit, listener: &mpsc::Sender<Result<Vec<Found>>>) {
    loop {
        let piece = match query.next().await {
            Ok(None) => return,
            Ok(Some(found)) if found.is_empty() => {
                // Calls that never wait would keep the thread from everybody else.
                tokio::task::yield_now().await;
                continue;
            }
            piece => piece.transpose(),
        };
        let Some(piece) = piece else { return };
        let is_last = piece.is_err();
        if listener.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

fn took_too_long() -> Error {
    Error::unprocessable(
        "query-too-long",
        format!("the query took longer than {QUERY_MS_MAX} ms; ask from a later time on, or deploy the steps"),
    )
}
