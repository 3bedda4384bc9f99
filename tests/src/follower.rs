//! A stream of records as it comes.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde_json::Value;

use crate::Host;

/// Longest that the next item of a stream may take.
const ITEM: Duration = Duration::from_secs(30);

type Bytes = Pin<Box<dyn Stream<Item = Result<Vec<u8>, reqwest::Error>> + Send>>;

pub struct Follower {
    stream: Bytes,
    read: Vec<u8>,
}

impl Follower {
    /// Opens `GET` of a path that answers NDJSON.
    pub async fn open(host: &Host, path: &str) -> Self {
        Self::try_open(host, path).await.expect("an answer")
    }

    /// The same where it may break off, or be refused, before it has begun.
    pub async fn try_open(host: &Host, path: &str) -> Result<Self, reqwest::Error> {
        let response = host.client().get(host.url() + path).send().await?;
        if response.status().is_server_error() {
            return Err(response.error_for_status().expect_err("it is a failure"));
        }
        assert_eq!(response.status(), 200, "{path}");
        let stream = response.bytes_stream().map(|piece| piece.map(Vec::from));
        Ok(Self { stream: Box::pin(stream), read: Vec::new() })
    }

    /// The next item; nothing at the end, and an error where the stream breaks off.
    pub async fn next(&mut self) -> Option<Result<Value, reqwest::Error>> {
        loop {
            if let Some(end) = self.read.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(Ok(serde_json::from_slice(&line).expect("an item is JSON")));
            }
            match tokio::time::timeout(ITEM, self.stream.next()).await.expect("the next item comes in time") {
                Some(Ok(piece)) => self.read.extend(piece),
                Some(Err(error)) => return Some(Err(error)),
                None => return None,
            }
        }
    }

    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut items = Vec::with_capacity(count);
        while items.len() < count {
            items.push(self.next().await.expect("the stream goes on").expect("an item"));
        }
        items
    }

    /// All items up to the end.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut items = Vec::new();
        while let Some(item) = self.next().await {
            items.push(item.expect("an item"));
        }
        items
    }
}
