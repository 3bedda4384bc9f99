//! What is read back: every partition from its first record, as NDJSON, each value to the byte.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::flights::Chain;
use super::sending::Partition;
use super::{PARTITIONS, TOPIC};
use crate::wire::{Connection, number};

const NDJSON: &str = "application/x-ndjson";
const FETCH: &str = "max_bytes=16777216&max_records=50000";

pub(super) struct ReadBack {
    pub(super) partitions: Vec<Partition>,
    /// The first offset that did not follow the one before it.
    pub(super) broken_order: Option<String>,
}

#[derive(Deserialize)]
struct Record<'a> {
    offset: u64,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// Reads all partitions, one after the other.
pub(super) async fn read(address: SocketAddr, bar: &ProgressBar) -> Result<ReadBack> {
    let mut connection = Connection::open(address).await?;
    let mut back = ReadBack { partitions: Vec::new(), broken_order: None };
    let mut body = Vec::new();
    for partition in 0..PARTITIONS {
        let mut chain = Chain::default();
        let mut offset = 0;
        loop {
            body.clear();
            let path = format!("/v1/topics/{TOPIC}/partitions/{partition}/records?offset={offset}&{FETCH}");
            let headers = connection.get(&path, NDJSON, |part| body.extend_from_slice(part)).await?;
            let before = chain.records;
            let broken = take(&body, &mut chain).with_context(|| format!("{TOPIC}/{partition} at offset {offset}"))?;
            if let Some(found) = broken {
                back.broken_order.get_or_insert(format!("partition {partition} has offset {found}"));
            }
            bar.inc(chain.records - before);
            let next = number(&headers, "kafka-do-next-offset")?;
            if next >= number(&headers, "kafka-do-high-watermark")? {
                break;
            }
            if next <= offset {
                bail!("{TOPIC}/{partition} does not go on at offset {offset}");
            }
            offset = next;
        }
        back.partitions.push(Partition { partition, link: chain.link() });
    }
    Ok(back)
}

/// Adds the records of an answer to the chain, and says where an offset is not the next one.
fn take(body: &[u8], chain: &mut Chain) -> Result<Option<String>> {
    let mut broken = None;
    for line in std::str::from_utf8(body)?.lines() {
        let record: Record<'_> = serde_json::from_str(line)?;
        if record.offset != chain.records && broken.is_none() {
            broken = Some(format!("{} where {} should be", record.offset, chain.records));
        }
        chain.add(record.value.get().as_bytes());
    }
    Ok(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_to_the_byte() {
        let mut sent = Chain::default();
        sent.add(b"{\"n\":0, \"x\":1.50}");
        let mut read = Chain::default();
        let body = b"{\"offset\":0,\"timestamp\":1,\"key\":null,\"value\":{\"n\":0, \"x\":1.50},\"headers\":{}}\n";
        assert_eq!(take(body, &mut read).unwrap(), None);
        assert_eq!(read.link(), sent.link());
        assert_eq!(take(body, &mut read).unwrap().as_deref(), Some("0 where 1 should be"));
        assert!(take(b"{\"offset\":0}\n", &mut read).is_err());
    }
}
