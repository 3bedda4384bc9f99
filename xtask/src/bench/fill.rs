//! Topics filled with made-up records, over several connections with one request in flight each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use tokio::task::JoinSet;

use crate::clock;
use crate::wire::{Connection, Produced};

/// Each connection's requests are made beforehand, and sent again once all were sent.
const PREPARED: usize = 16;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill<'a> {
    pub(super) topic: &'a str,
    /// Requests go to one partition after the other.
    pub(super) partitions: u32,
    pub(super) connections: usize,
    /// Records of one request, and bytes of each.
    pub(super) batch: usize,
    pub(super) record_bytes: usize,
    pub(super) until: Until,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// So many bytes of values are written, to a request.
    Bytes(usize),
    Elapsed(Duration),
}

/// How it went.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) seconds: f64,
    pub(super) mib: f64,
    /// Of each request that was taken.
    pub(super) latencies_us: Vec<f64>,
    /// How often the host said that it is busy, and what was waited for on its word, over all connections.
    pub(super) refused: u32,
    pub(super) waited: Duration,
}

impl Filled {
    pub(super) fn mib_per_s(&self) -> f64 {
        self.mib / self.seconds.max(f64::EPSILON)
    }
}

impl Fill<'_> {
    pub(super) async fn run(&self, address: SocketAddr) -> Result<Filled> {
        let request_bytes = self.batch * self.record_bytes;
        let requests_max = match self.until {
            Until::Bytes(bytes) => bytes.div_ceil(request_bytes),
            Until::Elapsed(_) => usize::MAX,
        };
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = Vec::new();
        for number in 0..self.connections {
            let bodies =
                (0..PREPARED).map(|body| ndjson(self.batch, self.record_bytes, (number * PREPARED + body) as u64));
            workers.push(Worker {
                connection: Connection::open(address).await?,
                path: format!("/v1/topics/{}/records?partition=", self.topic),
                partitions: self.partitions as usize,
                bodies: bodies.collect(),
                next: Arc::clone(&next),
                requests_max,
            });
        }
        let begun = clock::now();
        let ends = match self.until {
            Until::Bytes(_) => None,
            Until::Elapsed(time) => Some(begun + time),
        };
        let mut running: JoinSet<_> = workers.into_iter().map(|worker| worker.run(ends)).collect();
        let mut filled = Filled::default();
        while let Some(produced) = running.join_next().await {
            for Produced { latency, refused, waited } in produced?? {
                filled.latencies_us.push(latency.as_secs_f64() * 1e6);
                filled.refused += refused;
                filled.waited += waited;
            }
        }
        filled.seconds = begun.elapsed().as_secs_f64();
        filled.mib = (filled.latencies_us.len() * request_bytes) as f64 / f64::from(1 << 20);
        Ok(filled)
    }
}

struct Worker {
    connection: Connection,
    path: String,
    partitions: usize,
    bodies: Vec<Bytes>,
    /// The number of the next request, of all connections together.
    next: Arc<AtomicUsize>,
    requests_max: usize,
}

impl Worker {
    async fn run(mut self, ends: Option<Instant>) -> Result<Vec<Produced>> {
        let mut produced = Vec::new();
        while ends.is_none_or(|ends| clock::now() < ends) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.requests_max {
                break;
            }
            let body = self.bodies[produced.len() % self.bodies.len()].clone();
            let path = format!("{}{}", self.path, number % self.partitions);
            produced.push(self.connection.produce(&path, body).await?);
        }
        Ok(produced)
    }
}

/// Lines of random text in JSON, of exactly so many bytes each without their line breaks.
pub(super) fn ndjson(lines: usize, line_bytes: usize, seed: u64) -> Bytes {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const FRAME: (&[u8], &[u8]) = (br#"{"v":""#, br#""}"#);
    let mut random = Random(seed);
    let mut out = Vec::with_capacity(lines * (line_bytes + 1));
    for _ in 0..lines {
        out.extend_from_slice(FRAME.0);
        let end = out.len() + line_bytes - FRAME.0.len() - FRAME.1.len();
        while out.len() < end {
            let mut bits = random.next();
            for _ in 0..(end - out.len()).min(10) {
                out.push(LETTERS[usize::from(bits.to_le_bytes()[0] & 63)]);
                bits >>= 6;
            }
        }
        out.extend_from_slice(FRAME.1);
        out.push(b'\n');
    }
    out.into()
}

/// The same numbers on each run (splitmix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_of_the_size_that_was_asked_for() {
        let body = ndjson(3, 100, 7);
        let text = std::str::from_utf8(&body).unwrap();
        assert_eq!(text.lines().count(), 3);
        for line in text.lines() {
            assert_eq!(line.len(), 100);
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        assert_ne!(ndjson(1, 100, 1), ndjson(1, 100, 2));
    }
}
