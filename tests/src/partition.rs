//! How a topic describes its partitions.

use serde_json::Value;

use crate::Host;
use crate::wait::until_equal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    pub start_offset: u64,
    pub high_watermark: u64,
    pub head_bytes: u64,
    pub segments: u64,
    pub segment_bytes: u64,
    pub cold_segments: u64,
}

pub async fn partitions(host: &Host, topic: &str) -> Vec<Partition> {
    let topic = host.get(&format!("/v1/topics/{topic}")).await.ok();
    topic["offsets"].as_array().expect("offsets").iter().map(partition).collect()
}

fn partition(shown: &Value) -> Partition {
    let number = |field: &str| shown[field].as_u64().unwrap_or_else(|| panic!("{field}: {shown}"));
    Partition {
        start_offset: number("start_offset"),
        high_watermark: number("high_watermark"),
        head_bytes: number("head_bytes"),
        segments: number("segments"),
        segment_bytes: number("segment_bytes"),
        cold_segments: number("cold_segments"),
    }
}

/// Waits until nothing of a topic stands in the head alone; its `segment_ms` has to be short.
pub async fn sealed(host: &Host, topic: &str) {
    until_equal(&format!("{topic} is sealed"), 0, async || {
        partitions(host, topic).await.iter().map(|partition| partition.head_bytes).sum::<u64>()
    })
    .await;
}
