//! Topics whose records follow from their numbers, so that each read can be compared with what must be there.

use std::fmt::Write;
use std::ops::Range;

use serde_json::{Value, json};

use crate::Host;
use crate::json::fetch_from;

/// The time of number 0; each later one is a second younger.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// Number n stands in partition n % partitions at offset n / partitions.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub topic: &'static str,
    pub partitions: u64,
    /// Records of a request.
    pub chunk: u64,
    /// What a value carries beside its number.
    pub filler_bytes: usize,
}

impl Numbered {
    pub fn new(topic: &'static str, partitions: u64) -> Self {
        Self { topic, partitions, chunk: 64, filler_bytes: 1_000 }
    }

    /// Makes the topic, with further settings.
    pub async fn create(&self, host: &Host, mut settings: Value) {
        settings["partitions"] = json!(self.partitions);
        host.put(&format!("/v1/topics/{}", self.topic), settings).await.ok();
    }

    pub fn timestamp(&self, partition: u64, offset: u64) -> i64 {
        let number = offset * self.partitions + partition;
        BEGIN_MS + i64::try_from(number).expect("it fits") * 1_000
    }

    /// As a fetch shows it.
    pub fn shown(&self, partition: u64, offset: u64) -> Value {
        let number = offset * self.partitions + partition;
        let key = (!number.is_multiple_of(7)).then(|| format!("key-{}", number % 11));
        let value = (number % 97 != 96).then(|| json!({"n": number, "text": self.filler(number)}));
        let headers =
            if number.is_multiple_of(5) { json!({}) } else { json!({"number": number.to_string(), "ü": "grün"}) };
        let timestamp = self.timestamp(partition, offset);
        json!({"offset": offset, "timestamp": timestamp, "key": key, "value": value, "headers": headers})
    }

    /// Hexadecimal digits that differ from record to record (`SplitMix64`).
    fn filler(&self, number: u64) -> String {
        let mut state = number;
        let mut text = String::with_capacity(self.filler_bytes + 16);
        while text.len() < self.filler_bytes {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            write!(text, "{:016x}", mixed ^ (mixed >> 31)).expect("it is a string");
        }
        text.truncate(self.filler_bytes);
        text
    }

    /// The body of a request that stores these numbers.
    pub fn body(&self, numbers: Range<u64>) -> Value {
        let record = |number: u64| {
            let partition = number % self.partitions;
            let mut record = self.shown(partition, number / self.partitions);
            let fields = record.as_object_mut().expect("an object");
            fields.remove("offset");
            fields.insert("partition".into(), partition.into());
            record
        };
        json!({"records": numbers.map(record).collect::<Vec<_>>()})
    }

    pub async fn produce(&self, host: &Host, numbers: Range<u64>) {
        let path = format!("/v1/topics/{}/records", self.topic);
        let mut next = numbers.start;
        while next < numbers.end {
            let end = (next + self.chunk).min(numbers.end);
            host.post(&path, self.body(next..end)).await.ok();
            next = end;
        }
    }

    /// Reads all of it, and compares: the numbers up to `count` are there, each in its place, and nothing else.
    pub async fn check(&self, host: &Host, count: u64) {
        for partition in 0..self.partitions {
            let records = fetch_from(host, self.topic, usize::try_from(partition).expect("it fits"), 0).await;
            let expected = (count + self.partitions - 1 - partition) / self.partitions;
            assert_eq!(records.len() as u64, expected, "{}/{partition} is whole", self.topic);
            for (offset, record) in (0..).zip(&records) {
                assert_eq!(record, &self.shown(partition, offset), "{}/{partition}", self.topic);
            }
        }
    }
}
