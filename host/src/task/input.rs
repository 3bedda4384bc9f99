//! One partition of one input, as its task stands in it.

use std::sync::Arc;

use super::order::AtHand;
use crate::error::{Error, Result};
use crate::limits::TASK_BATCH_BYTES_MAX;
use crate::log::{Log, Partition, unreadable};
use crate::model::batch::{Batch, PlainBatch};
use crate::model::deployment::DeploymentId;
use crate::model::generation::LedgerEntry;
use crate::model::name::GroupName;
use crate::model::record::StoredRecord;
use crate::store::Snapshot;

/// Where a task stands.
#[derive(Debug)]
pub(super) struct InputAt {
    pub(super) partition: Arc<Partition>,
    /// The topic is the deployment's own.
    pub(super) internal: bool,
    pub(super) committed: Option<u64>,
    pub(super) next_offset: u64,
    pub(super) ledger: LedgerEntry,
    /// Records are taken one at a time up to this offset.
    pub(super) isolate_until: u64,
    /// Up to here, what was read of an internal topic is deleted.
    pub(super) purged_until: u64,
}

impl InputAt {
    /// Where the store says that the deployment stands.
    pub(super) fn load(
        snapshot: &Snapshot,
        (deployment, group): (DeploymentId, &GroupName),
        partition: Arc<Partition>,
        internal: bool,
        generation: u32,
    ) -> Result<Self> {
        let committed = snapshot.offset(group, partition.id())?;
        let next_offset = committed.unwrap_or_else(|| partition.start_offset());
        let begun = LedgerEntry { from_offset: next_offset, next_offset, ..LedgerEntry::default() };
        let ledger = snapshot.ledger_entry(deployment, partition.id(), generation)?.unwrap_or(begun);
        Ok(Self { partition, internal, committed, next_offset, ledger, isolate_until: 0, purged_until: 0 })
    }

    pub(super) fn has_more(&self) -> bool {
        self.next_offset < self.partition.high_watermark()
    }

    pub(super) fn is_isolating(&self) -> bool {
        self.next_offset < self.isolate_until
    }

    /// Begins a ledger of its own for a new generation: from where the last one's ends, though what stands next may come
    /// later, so that ledgers join without a gap.
    pub(super) fn turn_over(&mut self) {
        let from = self.ledger.next_offset;
        self.ledger = LedgerEntry { from_offset: from, next_offset: from, ..LedgerEntry::default() };
    }

    /// What is read where it is another input's turn.
    pub(super) fn read_nothing(&self) -> Read {
        Read { plain: Vec::new(), from: self.next_offset, reached: self.next_offset, more: false }
    }

    /// Reads what comes next, as much as goes into one step.
    pub(super) async fn read(&self, log: &Log) -> Result<Read> {
        if !self.has_more() {
            return Ok(self.read_nothing());
        }
        let chunk = log.read(&self.partition, self.next_offset, TASK_BATCH_BYTES_MAX).await?;
        let plain = lay_open(&chunk.batches)?;
        let reached = match plain.last() {
            Some(last) if plain.len() < chunk.batches.len() => last.batch().next_offset(),
            _ => chunk.next_offset,
        };
        Ok(Read { plain, from: self.next_offset, reached, more: reached < self.partition.high_watermark() })
    }
}

/// Batches of one input, in plain bytes.
#[derive(Debug)]
pub(super) struct Read {
    plain: Vec<PlainBatch>,
    from: u64,
    /// There is nothing between the last batch and this.
    pub(super) reached: u64,
    more: bool,
}

impl Read {
    /// The first of its records, borrowed from the batches.
    pub(super) fn records(&self, records_max: usize) -> Result<Vec<StoredRecord<'_>>> {
        let mut records = Vec::new();
        for batch in &self.plain {
            for record in batch.records() {
                let record = record.map_err(|error| unreadable(batch.batch(), &error))?;
                if record.offset < self.from {
                    continue;
                }
                if records.len() == records_max {
                    return Ok(records);
                }
                records.push(record);
            }
        }
        Ok(records)
    }

    pub(super) fn at_hand(&self, records: &[StoredRecord<'_>], internal: bool) -> AtHand {
        let last = records.last().map_or(self.from, |record| record.offset + 1);
        AtHand {
            timestamps_ms: records.iter().map(|record| record.timestamp_ms).collect(),
            more: self.more || last < self.reached && !records.is_empty(),
            internal,
        }
    }
}

/// As many of the batches as go into one step: at least one.
fn lay_open(batches: &[Batch]) -> Result<Vec<PlainBatch>, Error> {
    let mut plain: Vec<PlainBatch> = Vec::new();
    let mut bytes = 0;
    for batch in batches {
        if bytes >= TASK_BATCH_BYTES_MAX {
            break;
        }
        let open = batch.plain().map_err(|error| unreadable(batch, &error))?;
        bytes += open.bytes();
        plain.push(open);
    }
    Ok(plain)
}
