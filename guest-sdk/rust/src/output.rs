//! What a call hands back.

use std::fmt::Display;

use crate::bindings::exports::kafka_do::plugin::processor::Outcome;
use crate::{NewRecord, Record, Rejection};

/// Gathers what one call emits and refuses. The host appends it in this order, together with the staged state and the
/// input's offset, or not at all.
#[derive(Debug)]
pub struct Output {
    topic: String,
    partition: u32,
    outcome: Outcome,
}

impl Output {
    /// An output for a call whose input comes from this partition.
    pub(crate) fn new(topic: String, partition: u32) -> Self {
        Self { topic, partition, outcome: Outcome { records: Vec::new(), rejections: Vec::new() } }
    }

    /// Appends a record. A [`Record`] passes as it came: same key, value, headers and event time.
    pub fn emit(&mut self, record: impl Into<NewRecord>) {
        self.outcome.records.push(record.into());
    }

    /// Appends records in their order.
    pub fn emit_all(&mut self, records: impl IntoIterator<Item = impl Into<NewRecord>>) {
        self.outcome.records.extend(records.into_iter().map(Into::into));
    }

    /// Refuses a record of this call's batch: the host copies it to the dead-letter topic with the reason, and goes on.
    pub fn reject(&mut self, record: &Record, reason: impl Display) {
        self.reject_offset(record.offset, reason);
    }

    /// [`reject`](Self::reject), for a record that has been moved away.
    pub fn reject_offset(&mut self, offset: u64, reason: impl Display) {
        self.outcome.rejections.push(Rejection {
            topic: self.topic.clone(),
            partition: self.partition,
            offset,
            reason: reason.to_string(),
        });
    }

    pub(crate) fn into_outcome(self) -> Outcome {
        self.outcome
    }
}
