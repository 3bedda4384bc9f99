//! Records as bytes, as they stand in a topic: what a decoder that is not ours makes of its batches.

use crate::Host;
use crate::batch::fetch_raw;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub partition: usize,
    pub offset: u64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// In their order; the decoder keeps the last of those that share a name.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Stored {
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found == name)?;
        Some(std::str::from_utf8(value).expect("a header is text"))
    }

    pub fn key(&self) -> Option<&str> {
        self.key.as_deref().map(|key| std::str::from_utf8(key).expect("a key is text"))
    }

    pub fn value(&self) -> &[u8] {
        self.value.as_deref().expect("it is no tombstone")
    }
}

/// All records of a topic, a partition after the other; a topic that nobody has made holds none.
pub async fn read_stored(host: &Host, topic: &str) -> Vec<Stored> {
    let found = host.get(&format!("/v1/topics/{topic}")).await;
    if found.status == 404 {
        return Vec::new();
    }
    let partitions = found.ok()["offsets"].as_array().expect("offsets").len();
    let mut all = Vec::new();
    for partition in 0..partitions {
        for record in fetch_raw(host, topic, partition, 0).await.into_iter().flat_map(|batch| batch.records) {
            let headers = record.headers.iter();
            let headers = headers
                .map(|(name, value)| (name.to_string(), value.as_deref().unwrap_or_default().to_vec()))
                .collect();
            all.push(Stored {
                partition,
                offset: record.offset.try_into().expect("it counts from 0"),
                key: record.key.as_deref().map(<[u8]>::to_vec),
                value: record.value.as_deref().map(<[u8]>::to_vec),
                headers,
            });
        }
    }
    all
}
