//! Raw batches, decoded by somebody else's code: what the host stores is what Kafka's own format says.

use kafka_protocol::records::{Record, RecordBatchDecoder, RecordSet};
use serde_json::{Map, Value, json};

use crate::Host;

/// All batches of a partition from the one on that holds an offset, page by page.
pub async fn fetch_raw(host: &Host, topic: &str, partition: usize, from: u64) -> Vec<RecordSet> {
    let mut batches = Vec::new();
    let mut next = from;
    loop {
        let url = format!("{}/v1/topics/{topic}/partitions/{partition}/records?offset={next}", host.url());
        let request = host.client().get(url).header("accept", "application/octet-stream");
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{topic}/{partition} from {next}");
        let number = |name: &str| response.headers()[name].to_str().expect("text").parse::<u64>().expect("a number");
        let (next_offset, high_watermark) = (number("kafka-do-next-offset"), number("kafka-do-high-watermark"));
        let mut bytes = response.bytes().await.expect("a body");
        batches.extend(RecordBatchDecoder::decode_all(&mut bytes).expect("batches"));
        if next_offset == high_watermark {
            return batches;
        }
        assert!(next_offset > next, "{topic}/{partition}: a page of nothing at {next}");
        next = next_offset;
    }
}

/// A decoded record in the form in which a fetch shows it as JSON; keys and headers are text, each header stands once.
pub fn shown(record: &Record) -> Value {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).expect("UTF-8").to_owned();
    let headers: Map<String, Value> = record
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_ref().map_or(Value::Null, |value| text(value).into())))
        .collect();
    let value = record.value.as_ref().map_or(Value::Null, |value| serde_json::from_slice(value).expect("JSON"));
    json!({
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.as_ref().map(|key| text(key)),
        "value": value,
        "headers": headers,
    })
}
