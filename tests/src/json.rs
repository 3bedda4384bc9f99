//! Reading topics back, as any client would.

use serde_json::Value;

use crate::Host;

/// A record as a fetch shows it, the value as its raw text.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub offset: u64,
    pub key: Option<String>,
    pub value: Value,
    pub headers: Value,
}

/// All records of a partition, page by page; checks that offsets have no gap.
pub async fn read_partition(host: &Host, topic: &str, partition: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let mut next = 0;
    loop {
        let path = format!(
            "/v1/topics/{topic}/partitions/{partition}/records?offset={next}&max_records=50000&max_bytes=4194304"
        );
        let page = host.get(&path).await.ok();
        for record in page["records"].as_array().expect("records") {
            let offset = record["offset"].as_u64().expect("an offset");
            assert_eq!(offset, next, "offsets of {topic}/{partition} have no gap");
            next = offset + 1;
            records.push(Record {
                offset,
                key: record["key"].as_str().map(str::to_owned),
                value: record["value"].clone(),
                headers: record["headers"].clone(),
            });
        }
        assert_eq!(page["next_offset"].as_u64(), Some(next), "{topic}/{partition}");
        if page["high_watermark"].as_u64() == Some(next) {
            return records;
        }
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
