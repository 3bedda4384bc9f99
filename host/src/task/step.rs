//! One step's effects: from what the plugin returned to the unit that commits it. No I/O: what is refused here was never
//! half-done.

use std::collections::HashMap;
use std::sync::Arc;

use super::plan::Plan;
use crate::log::{Append, Guard, Topic, Unit};
use crate::model::dead_letter::dead_letter;
use crate::model::generation::LedgerEntry;
use crate::model::name::GroupName;
use crate::model::partitioner::partition_of_key;
use crate::model::record::{Record, StoredRecord};
use crate::model::topic::PartitionId;
use crate::plugin::{CallError, Emitted, Outcome, Rejection};
use crate::store::Row;
use crate::store::state::{Change, Scope};

/// What a step leaves behind.
pub(super) struct Effects<'a> {
    pub(super) scope: Scope,
    pub(super) group: &'a GroupName,
    pub(super) input: PartitionId,
    pub(super) committed: Option<u64>,
    pub(super) next_offset: u64,
    pub(super) watermark_ms: Option<i64>,
    pub(super) ledger: LedgerEntry,
    pub(super) state: Vec<Change>,
    pub(super) now_ms: i64,
}

/// The records that a step appends, gathered by partition in the order in which they came.
#[derive(Default)]
pub(super) struct Output {
    index: HashMap<PartitionId, usize>,
    partitions: Vec<(Arc<Topic>, u32, Vec<Record>)>,
}

impl Output {
    fn push(&mut self, topic: &Arc<Topic>, partition: u32, record: Record) -> Result<(), CallError> {
        let target = topic.partition(partition).map_err(|error| CallError::Broken(error.detail))?;
        let next = self.partitions.len();
        let index = *self.index.entry(target.id()).or_insert(next);
        if index == next {
            self.partitions.push((Arc::clone(topic), partition, Vec::new()));
        }
        self.partitions[index].2.push(record);
        Ok(())
    }

    /// Takes what the plugin emitted. A record without a key goes to the partition of the input's number, so that the
    /// order within an input partition is kept.
    pub(super) fn emit(
        &mut self,
        plan: &Plan,
        input_partition: u32,
        now_ms: i64,
        outcome: Outcome,
    ) -> Result<u64, CallError> {
        let emitted = outcome.records.len() as u64;
        for Emitted { topic, partition, timestamp_ms, mut record } in outcome.records {
            let topic = match &topic {
                None => plan.output.as_ref().ok_or_else(|| {
                    CallError::Broken("the plugin broke its contract: it emitted a record without a topic, and the deployment has no output".into())
                })?,
                Some(name) => plan.topics.get(name).ok_or_else(|| {
                    CallError::Broken(format!(
                        "the plugin emitted a record to topic {name}, which is not granted; add it to grants.topics of the deployment"
                    ))
                })?,
            };
            record.timestamp_ms = timestamp_ms.unwrap_or(now_ms);
            let config = topic.config();
            config.take_key(&mut record).map_err(|error| CallError::Broken(error.detail))?;
            let partitions = config.partitions;
            let partition = match (partition, &record.key) {
                (Some(partition), _) => partition,
                (None, Some(key)) => partition_of_key(key, partitions),
                (None, None) => input_partition % partitions,
            };
            self.push(topic, partition, record)?;
        }
        Ok(emitted)
    }

    /// Copies refused records to the dead-letter topic, each with where it came from and why.
    pub(super) fn reject(
        &mut self,
        plan: &Plan,
        topic: &str,
        partition: u32,
        records: &[StoredRecord<'_>],
        rejections: Vec<Rejection>,
    ) -> Result<(), CallError> {
        for Rejection { offset, reason } in rejections {
            let Ok(index) = records.binary_search_by_key(&offset, |record| record.offset) else { continue };
            let generation = plan.generation.number.to_string();
            let more = [("dead-letter-generation", generation)];
            let letter = dead_letter(&records[index], topic, partition, &reason, more);
            let target = partition % plan.dead_letters.config().partitions;
            self.push(&plan.dead_letters, target, letter)?;
        }
        Ok(())
    }

    /// The unit that commits it all.
    pub(super) fn into_unit(self, effects: Effects<'_>, generation: u32) -> Result<Unit, CallError> {
        let Effects { scope, group, input, committed, next_offset, watermark_ms, ledger, state, now_ms } = effects;
        let mut unit = Unit::default();
        for (topic, partition, records) in self.partitions {
            let partition = topic.partition(partition).map_err(|error| CallError::Broken(error.detail))?;
            unit.appends.extend(Append::new(partition, records, None));
        }
        unit.rows.extend(state.into_iter().map(|change| Row::State { scope, change }));
        unit.rows.extend(watermark_ms.map(|watermark_ms| Row::Watermark { scope, watermark_ms }));
        unit.rows.push(Row::Ledger { scope, generation, entry: ledger });
        unit.rows.push(Row::Offset { group: group.clone(), partition: input, next: next_offset, at_ms: now_ms });
        unit.guards.push(Guard::Offset { group: group.clone(), partition: input, expected: committed });
        Ok(unit)
    }
}
