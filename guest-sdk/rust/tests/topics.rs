//! A plugin repartitions through a topic of its own: it names it while it opens, emits to it, and reads it back.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use kafka_do_sdk::testing::{Harness, record};
use kafka_do_sdk::{
    Batch, Context, Description, Failure, HostError, NewRecord, NoSettings, Output, Processor, Record, topics,
};

/// Keys each record by its value first, then passes what comes back.
struct ByValue {
    by_value: String,
}

impl Processor for ByValue {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Keys records by their values.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self { by_value: topics::internal("by-value")? })
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        assert!(matches!(topics::internal("too-late"), Err(HostError::Denied(_))));
        if batch.topic == self.by_value {
            output.emit_all(batch.records);
            return Ok(());
        }
        for record in batch.records {
            let key = record.value.clone().unwrap_or_default();
            output.emit(NewRecord::from(record).with_key(key).with_topic(&self.by_value));
        }
        Ok(())
    }
}

#[test]
fn what_is_emitted_to_an_internal_topic_comes_back_as_input() {
    let mut harness = Harness::<ByValue>::new("{}");
    let [topic] = harness.internal_topics() else { panic!("one topic: {:?}", harness.internal_topics()) };
    let topic = topic.clone();
    let sent = harness.process([record().with_value("v").with_timestamp_ms(7)]).unwrap();
    assert_eq!(sent.records, [NewRecord::new("v").with_key("v").with_timestamp_ms(7).with_topic(&topic)]);

    let back = sent.records.into_iter().map(|sent| Record { key: sent.key, value: sent.value, ..record() });
    let outcome = harness.process_topic(&topic, back).unwrap();
    assert_eq!(outcome.records, [NewRecord::new("v").with_key("v").with_timestamp_ms(0)]);
    harness.restart();
    assert_eq!(harness.internal_topics(), [topic], "opening again names the same topic");
}

#[test]
fn each_input_counts_its_own_offsets() {
    let mut harness = Harness::<RejectAll>::new("{}");
    let offsets = |topic: &str, harness: &mut Harness<RejectAll>| {
        let outcome = harness.process_topic(topic, [record(), record()]).unwrap();
        outcome.rejections.into_iter().map(|rejection| (rejection.topic, rejection.offset)).collect::<Vec<_>>()
    };
    let of = |topic: &str, offsets: [u64; 2]| offsets.map(|offset| (topic.to_owned(), offset));
    assert_eq!(offsets("a", &mut harness), of("a", [0, 1]));
    assert_eq!(offsets("b", &mut harness), of("b", [0, 1]));
    assert_eq!(offsets("a", &mut harness), of("a", [2, 3]));
}

struct RejectAll;

impl Processor for RejectAll {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Refuses all.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        batch.records.iter().for_each(|record| output.reject(record, "refused"));
        Ok(())
    }
}
