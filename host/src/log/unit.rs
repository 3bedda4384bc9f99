//! A unit: what is committed together, or not at all.

use std::sync::Arc;

use super::{Partition, Permit};
use crate::error::Error;
use crate::limits::MERGE_BYTES_MAX;
use crate::model::batch::{Batch, BatchBuilder, Producer};
use crate::model::deployment::{DeploymentId, TaskTimes};
use crate::model::event::EventId;
use crate::model::name::GroupName;
use crate::model::record::Record;
use crate::model::request::{Answered, Fingerprint, RequestName};
use crate::model::topic::PartitionId;
use crate::store::Row;
use crate::store::state::Scope;

/// Records, rows and what must hold for them.
#[derive(Debug, Default)]
pub struct Unit {
    pub appends: Vec<Append>,
    pub rows: Vec<Row>,
    /// Checked in the same transaction, before anything of the unit is written.
    pub guards: Vec<Guard>,
    /// Partitions that the rows are about, and that must be there.
    pub partitions: Vec<Arc<Partition>>,
    /// Where the unit may come twice.
    pub once: Option<Once>,
    /// What the unit stores, where it may come twice and it is enough to know that it has come. Such a unit has no other
    /// `once`.
    pub event: Option<EventId>,
    /// The memory that the unit takes up while it waits.
    pub permit: Option<Permit>,
}

/// What must hold for a unit: whoever lost a race, or was replaced and does not know it yet, writes nothing.
#[derive(Clone, Debug)]
pub enum Guard {
    /// The group stands at `expected` in this partition.
    Offset { group: GroupName, partition: PartitionId, expected: Option<u64> },
    /// The task is as far in time as `expected`.
    Times { scope: Scope, expected: TaskTimes },
    /// The source's cursor is `expected`.
    Cursor { deployment: DeploymentId, expected: Option<Vec<u8>> },
    /// The partition ends at `expected`.
    End { partition: Arc<Partition>, expected: u64 },
    /// It does not hold: whatever else the unit is, it is refused, unless it was committed before.
    Never(Error),
}

/// How a unit is known again when it comes a second time, and what is remembered of it.
#[derive(Clone, Debug)]
pub struct Once {
    pub name: RequestName,
    pub fingerprint: Fingerprint,
    pub at_ms: i64,
    /// Which append each record of the request went to, as runs.
    pub runs: Vec<(u32, u32)>,
}

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It was committed: the base offset of each append.
    Now(Vec<u64>),
    /// It had been committed before, and was answered this.
    Before(Answered),
}

/// Records for one partition.
#[derive(Debug)]
pub struct Append {
    pub partition: Arc<Partition>,
    pub payload: Payload,
}

#[derive(Debug)]
pub enum Payload {
    /// Large enough to stand alone, or to be told apart: encoded by its sender, on the sender's core.
    Batch(Batch),
    /// Small: the writer merges it with its neighbours.
    Records(Vec<Record>),
}

impl Append {
    /// Encodes here what need not wait for the writer. `None` where there are no records.
    pub fn new(partition: Arc<Partition>, records: Vec<Record>, producer: Option<Producer>) -> Option<Self> {
        let bytes: usize = records.iter().map(Record::cost).sum();
        let payload = if bytes < MERGE_BYTES_MAX && producer.is_none() {
            (!records.is_empty()).then_some(Payload::Records(records))?
        } else {
            Payload::Batch(BatchBuilder::encode(&records, partition.config().compression, producer)?)
        };
        Some(Self { partition, payload })
    }
}
