//! Topics read through on one connection, in each form that there is.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use memchr::memchr_iter;

use crate::clock;
use crate::wire::{Connection, number};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const RAW: &str = "application/octet-stream";
const FETCH: &str = "max_bytes=16777216&max_records=50000";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Ndjson,
    /// RecordBatch v2, as it stands in the log.
    Raw,
    /// The one call that streams a topic, as NDJSON.
    Stream,
}

/// What came over the connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    pub(super) answers: usize,
    pub(super) bytes: usize,
    pub(super) records: u64,
    pub(super) elapsed: Duration,
}

impl Read {
    pub(super) fn records_per_s(&self) -> f64 {
        self.records as f64 / self.elapsed.as_secs_f64()
    }

    /// Millions of bytes, as networks count them.
    pub(super) fn mb_per_s(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.elapsed.as_secs_f64()
    }
}

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) address: SocketAddr,
    pub(super) topic: &'a str,
    pub(super) partitions: u32,
}

impl Source<'_> {
    /// From the first record to the last one, again and again until the time is over, but once at least.
    pub(super) async fn read(&self, form: Form, time: Duration) -> Result<Read> {
        let mut connection = Connection::open(self.address).await?;
        let mut read = Read::default();
        let begun = clock::now();
        loop {
            match form {
                Form::Stream => self.stream(&mut connection, &mut read).await?,
                _ => self.fetch_all(&mut connection, form, &mut read).await?,
            }
            read.elapsed = begun.elapsed();
            if read.elapsed >= time {
                return Ok(read);
            }
        }
    }

    async fn stream(&self, connection: &mut Connection, read: &mut Read) -> Result<()> {
        let path = format!("/v1/topics/{}/records?from=earliest", self.topic);
        let count = |part: &[u8]| {
            read.bytes += part.len();
            read.records += memchr_iter(b'\n', part).count() as u64;
        };
        connection.get(&path, NDJSON, count).await?;
        read.answers += 1;
        Ok(())
    }

    async fn fetch_all(&self, connection: &mut Connection, form: Form, read: &mut Read) -> Result<()> {
        let accept = match form {
            Form::Json => JSON,
            Form::Raw => RAW,
            Form::Ndjson | Form::Stream => NDJSON,
        };
        for partition in 0..self.partitions {
            let mut offset = 0;
            loop {
                let path = format!("/v1/topics/{}/partitions/{partition}/records?offset={offset}&{FETCH}", self.topic);
                let headers = connection.get(&path, accept, |part| read.bytes += part.len()).await?;
                let next = number(&headers, "kafka-do-next-offset")?;
                if next <= offset {
                    bail!("{}/{partition} does not go on at offset {offset}", self.topic);
                }
                read.answers += 1;
                read.records += next - offset;
                offset = next;
                if next >= number(&headers, "kafka-do-high-watermark")? {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// As many bytes as that in as many answers, from a server that has them in memory.
pub(super) async fn read_bare(address: SocketAddr, like: &Read) -> Result<Read> {
    let mut connection = Connection::open(address).await?;
    let mut read = Read::default();
    let path = format!("/{}", like.bytes / like.answers.max(1));
    let begun = clock::now();
    for _ in 0..like.answers {
        connection.get(&path, RAW, |part| read.bytes += part.len()).await?;
        read.answers += 1;
    }
    read.elapsed = begun.elapsed();
    Ok(read)
}
