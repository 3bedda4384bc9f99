//! One step's effects: from what the plugin returned to the unit that commits it. No I/O: what is refused here was never
//! half-done.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::input::InputAt;
use super::plan::{Plan, Reached};
use crate::limits::{BATCH_BYTES_TARGET, STEP_BYTES_MAX, STEP_RECORDS_MAX};
use crate::log::{Append, Guard, Topic, Unit};
use crate::model::dead_letter::dead_letter;
use crate::model::deployment::TaskTimes;
use crate::model::generation::LedgerEntry;
use crate::model::name::GroupName;
use crate::model::partitioner::partition_of_key;
use crate::model::record::{Record, StoredRecord};
use crate::model::topic::PartitionId;
use crate::plugin::{CallError, Emitted, Rejection};
use crate::store::Row;
use crate::store::state::{Change, Scope};

/// What a step leaves behind beside its records.
pub(super) struct Effects<'a> {
    pub(super) scope: Scope,
    pub(super) group: &'a GroupName,
    pub(super) inputs: &'a [InputAt],
    /// How far each input was taken, in their order.
    pub(super) progress: &'a [Progress],
    /// Before and after, where they moved.
    pub(super) times: Option<(TaskTimes, TaskTimes)>,
    pub(super) state: Vec<Change>,
    pub(super) now_ms: i64,
}

/// What a step took of one input, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Where to go on, where it was touched.
    pub(super) next_offset: Option<u64>,
    pub(super) records_in: u64,
    pub(super) records_out: u64,
    pub(super) rejected: u64,
}

impl Progress {
    /// The input after the step's commit.
    pub(super) fn apply(&self, input: &mut InputAt) {
        input.ledger = self.added_to(input.ledger);
        if let Some(next_offset) = self.next_offset {
            input.next_offset = next_offset;
            input.committed = Some(next_offset);
        }
    }

    fn added_to(&self, ledger: LedgerEntry) -> LedgerEntry {
        LedgerEntry {
            from_offset: ledger.from_offset,
            next_offset: self.next_offset.unwrap_or(ledger.next_offset),
            records_in: ledger.records_in + self.records_in,
            records_out: ledger.records_out + self.records_out,
            rejected: ledger.rejected + self.rejected,
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The records that a step appends, gathered by partition in the order in which they came.
#[derive(Default)]
pub(super) struct Output {
    index: HashMap<PartitionId, usize>,
    partitions: Vec<(Arc<Topic>, u32, Vec<Record>)>,
    /// The greatest timestamp of what went to internal topics.
    pub(super) internal_ms: Option<i64>,
    bytes: usize,
    records: usize,
}

impl Output {
    fn push(&mut self, topic: &Arc<Topic>, partition: u32, record: Record) -> Result<(), CallError> {
        let target = topic.partition(partition).map_err(|error| {
            CallError::Broken(format!(
                "the plugin broke its contract: it emitted a record where nothing is: {}",
                error.detail
            ))
        })?;
        self.bytes += record.bytes();
        self.records += 1;
        let next = self.partitions.len();
        let index = *self.index.entry(target.id()).or_insert(next);
        if index == next {
            self.partitions.push((Arc::clone(topic), partition, Vec::new()));
        }
        self.partitions[index].2.push(record);
        Ok(())
    }

    /// There is as much as one commit should have: whatever else was read waits for the next step.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= STEP_BYTES_MAX || self.records >= STEP_RECORDS_MAX
    }

    /// Takes what the plugin emitted. A record without a key goes to the partition of the input's number, so that the
    /// order within an input partition is kept.
    pub(super) fn emit(
        &mut self,
        (plan, reached): (&Plan, &Reached),
        input_partition: u32,
        now_ms: i64,
        records: Vec<Emitted>,
    ) -> Result<u64, CallError> {
        let emitted = records.len() as u64;
        for emitted in records {
            let (topic, partition, record) = place((plan, reached), input_partition, now_ms, emitted)?;
            if !plan.internal.is_empty() && plan.internal.contains(topic.name()) {
                self.internal_ms = self.internal_ms.max(Some(record.timestamp_ms));
            }
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
            let Some(topic) = &plan.dead_letters else { continue };
            self.push(topic, partition % topic.config().partitions, letter)?;
        }
        Ok(())
    }

    /// Writes the changes of tables that have a changelog down as records: the key's latest value, or a tombstone.
    fn log_changes(&mut self, plan: &Plan, partition: u32, now_ms: i64, state: &[Change]) -> Result<(), CallError> {
        if plan.changelogs.is_empty() {
            return Ok(());
        }
        for Change { table, key, value } in state {
            let Some(topic) = plan.changelogs.get(table) else { continue };
            let record = Record {
                timestamp_ms: now_ms,
                key: Some(Bytes::copy_from_slice(key)),
                value: value.as_deref().map(Bytes::copy_from_slice),
                headers: Vec::new(),
            };
            self.push(topic, partition, record)?;
        }
        Ok(())
    }

    /// The appends alone, as a unit.
    pub(super) fn into_appends(self) -> Result<Unit, CallError> {
        let mut unit = Unit::default();
        for (topic, partition, records) in self.partitions {
            let partition = topic.partition(partition).map_err(|error| CallError::Broken(error.detail))?;
            for records in batches_of(records) {
                unit.appends.extend(Append::new(Arc::clone(&partition), records, None));
            }
        }
        Ok(unit)
    }

    /// The unit that commits it all.
    pub(super) fn into_unit(mut self, effects: Effects<'_>, plan: &Plan) -> Result<Unit, CallError> {
        let Effects { scope, group, inputs, progress, times, state, now_ms } = effects;
        self.log_changes(plan, scope.partition, now_ms, &state)?;
        let mut unit = self.into_appends()?;
        unit.rows.extend(state.into_iter().map(|change| Row::State { scope, change }));
        if let Some((expected, times)) = times {
            // A commit of time alone moves no offset that would tell whether it had been done.
            unit.guards.push(Guard::Times { scope, expected });
            unit.rows.push(Row::TaskTimes { scope, times });
        }
        for (input, progress) in inputs.iter().zip(progress) {
            let partition = input.partition.id();
            unit.guards.push(Guard::Offset { group: group.clone(), partition, expected: input.committed });
            if progress.is_empty() {
                continue;
            }
            let entry = progress.added_to(input.ledger);
            if let Some(next) = progress.next_offset {
                unit.rows.push(Row::Offset { group: group.clone(), partition, next, at_ms: now_ms });
            }
            let generation = plan.generation.number;
            unit.rows.push(Row::Ledger { deployment: scope.deployment, input: partition, generation, entry });
        }
        Ok(unit)
    }
}

/// The records in pieces of a batch each.
fn batches_of(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut batches: Vec<Vec<Record>> = Vec::new();
    let mut bytes = BATCH_BYTES_TARGET;
    for record in records {
        if bytes >= BATCH_BYTES_TARGET {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += record.cost();
        if let Some(batch) = batches.last_mut() {
            batch.push(record);
        }
    }
    batches
}

/// Where an emitted record goes.
pub(super) fn place<'a>(
    (plan, reached): (&'a Plan, &'a Reached),
    input_partition: u32,
    now_ms: i64,
    emitted: Emitted,
) -> Result<(&'a Arc<Topic>, u32, Record), CallError> {
    let Emitted { topic, partition, timestamp_ms, mut record, .. } = emitted;
    let topic = match &topic {
        None => plan.output.as_ref().ok_or_else(|| {
            CallError::Broken("the plugin broke its contract: it emitted a record without a topic, and the deployment has no output".into())
        })?,
        Some(name) => plan.topics.get(name).or_else(|| reached.get(name)).ok_or_else(|| {
            CallError::Broken(format!(
                "the plugin emitted a record to topic {name}, which is not granted; add it to grants.topics of the deployment, or the beginning of its name to grants.topic_prefixes"
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
    Ok((topic, partition, record))
}
