//! A unit: what is committed together, or not at all.

use std::sync::Arc;

use super::{Partition, Permit};
use crate::limits::MERGE_BYTES_MAX;
use crate::model::batch::{Batch, BatchBuilder};
use crate::model::name::GroupName;
use crate::model::record::Record;
use crate::model::topic::PartitionId;
use crate::store::Row;

/// Records, rows and what must hold for them.
#[derive(Debug, Default)]
pub struct Unit {
    pub appends: Vec<Append>,
    pub rows: Vec<Row>,
    /// Checked in the same transaction, before anything of the unit is written.
    pub guards: Vec<OffsetGuard>,
    /// The memory that the unit takes up while it waits.
    pub permit: Option<Permit>,
}

/// The unit holds only while the group stands at `expected` in this partition: whoever lost a race, or was replaced and
/// does not know it yet, writes nothing.
#[derive(Clone, Debug)]
pub struct OffsetGuard {
    pub group: GroupName,
    pub partition: PartitionId,
    pub expected: Option<u64>,
}

/// Records for one partition.
#[derive(Debug)]
pub struct Append {
    pub partition: Arc<Partition>,
    pub payload: Payload,
}

#[derive(Debug)]
pub enum Payload {
    /// Large enough to stand alone: encoded by its sender, on the sender's core.
    Batch(Batch),
    /// Small: the writer merges it with its neighbours.
    Records(Vec<Record>),
}

impl Append {
    /// Encodes here what need not wait for the writer. `None` where there are no records.
    pub fn new(partition: Arc<Partition>, records: Vec<Record>) -> Option<Self> {
        let bytes: usize = records.iter().map(Record::cost).sum();
        let payload = if bytes < MERGE_BYTES_MAX {
            (!records.is_empty()).then_some(Payload::Records(records))?
        } else {
            Payload::Batch(BatchBuilder::encode(&records)?)
        };
        Some(Self { partition, payload })
    }
}
