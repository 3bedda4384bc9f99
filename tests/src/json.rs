//! Reading topics back, as any client would.

use serde_json::Value;

use crate::Host;

/// A record as a fetch shows it, the value as its raw text.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub offset: u64,
    pub timestamp: i64,
    pub key: Option<String>,
    pub value: Value,
    pub headers: Value,
}

/// All that a partition holds from an offset on, as a fetch shows it, page by page. Offsets rise, and may leave holes where
/// compaction was.
pub async fn fetch_from(host: &Host, topic: &str, partition: usize, from: u64) -> Vec<Value> {
    let mut records = Vec::new();
    let mut next = from;
    loop {
        let path = format!(
            "/v1/topics/{topic}/partitions/{partition}/records?offset={next}&max_records=50000&max_bytes=4194304"
        );
        let page = host.get(&path).await.ok();
        let mut least = next;
        for record in page["records"].as_array().expect("records") {
            let offset = record["offset"].as_u64().expect("an offset");
            assert!(offset >= least, "offsets of {topic}/{partition} rise: {offset} after {least}");
            least = offset + 1;
            records.push(record.clone());
        }
        let next_offset = page["next_offset"].as_u64().expect("a number");
        assert!(next_offset >= least, "{topic}/{partition}: {next_offset} is behind {least}");
        if page["high_watermark"].as_u64() == Some(next_offset) {
            return records;
        }
        assert!(next_offset > next, "{topic}/{partition}: a page of nothing at {next}");
        next = next_offset;
    }
}

/// All records of a partition, page by page; checks that offsets have no gap.
pub async fn read_partition(host: &Host, topic: &str, partition: usize) -> Vec<Record> {
    let records = fetch_from(host, topic, partition, 0).await;
    for (offset, record) in records.iter().enumerate() {
        assert_eq!(record["offset"], offset, "offsets of {topic}/{partition} have no gap");
    }
    records.iter().map(record).collect()
}

fn record(shown: &Value) -> Record {
    Record {
        offset: shown["offset"].as_u64().expect("an offset"),
        timestamp: shown["timestamp"].as_i64().expect("a timestamp"),
        key: shown["key"].as_str().map(str::to_owned),
        value: shown["value"].clone(),
        headers: shown["headers"].clone(),
    }
}

/// All records of a topic, a list a partition.
pub async fn read_topic(host: &Host, topic: &str) -> Vec<Vec<Record>> {
    let partitions = host.high_watermarks(topic).await.len();
    let mut all = Vec::new();
    for partition in 0..partitions {
        all.push(read_partition(host, topic, partition).await);
    }
    all
}

/// The operand of a filter's settings.
pub fn threshold_of(generation: &Value) -> i64 {
    generation["settings"]["operand"].as_i64().expect("the operand is a number")
}
