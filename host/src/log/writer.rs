//! The writer: one transaction a round, one fsync a transaction. What arrives while a commit is under way is the next
//! round: the commit itself is the batching window, and nothing ever waits for a timer.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::tail::TailBudget;
use super::{Append, OffsetGuard, Partition, Payload, Unit};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::BATCH_BYTES_TARGET;
use crate::model::batch::{Batch, BatchBuilder};
use crate::model::record::Record;
use crate::model::topic::PartitionId;
use crate::store::partitions::PartitionRow;
use crate::store::{Store, StoreError, Tables};
use crate::telemetry::Metrics;

pub(super) type Change = Box<dyn FnOnce(&mut Tables<'_>) -> crate::store::Result<()> + Send>;
type Reply<T> = oneshot::Sender<Result<T>>;

pub(super) enum Job {
    Unit(Unit, Reply<Vec<u64>>),
    Alter(Change, Reply<()>),
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unit(..) => "Unit",
            Self::Alter(..) => "Alter",
        })
    }
}

impl Job {
    pub(super) fn bytes(&self) -> usize {
        let Self::Unit(unit, _) = self else { return 0 };
        let payload = |append: &Append| match &append.payload {
            Payload::Batch(batch) => batch.bytes().len(),
            Payload::Records(records) => records.iter().map(Record::cost).sum(),
        };
        unit.appends.iter().map(payload).sum()
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    tails: TailBudget,
}

/// An answer that may be given once the round is on the disk.
enum Answer {
    Unit(Reply<Vec<u64>>, Result<Vec<u64>>),
    Alter(Reply<()>),
}

impl Answer {
    fn give(self, failure: Option<Error>) {
        // Whoever asked may have gone; what was committed stays committed.
        match (self, failure) {
            (Self::Unit(reply, answer), None) => drop(reply.send(answer)),
            (Self::Unit(reply, _), Some(error)) => drop(reply.send(Err(error))),
            (Self::Alter(reply), None) => drop(reply.send(Ok(()))),
            (Self::Alter(reply), Some(error)) => drop(reply.send(Err(error))),
        }
    }
}

impl Writer {
    pub(super) fn new(store: Arc<Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, tails: TailBudget::default() }
    }

    /// Commits the jobs as one transaction, shows readers what they brought, and gives the answers.
    pub(super) fn commit(&mut self, jobs: Vec<Job>, bytes: usize) {
        let begun = Clock::instant();
        let mut answers = Vec::with_capacity(jobs.len());
        let mut permits = Vec::new();
        let written = self.write(jobs, &mut answers, &mut permits);
        let failure = match written {
            Ok(staged) => {
                for staged in staged {
                    staged.partition.publish(staged.row, &staged.batches);
                    self.tails.add(&staged.partition, &staged.batches);
                }
                self.metrics.commits.inc();
                self.metrics.commit_bytes.inc_by(bytes as u64);
                self.metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
                None
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed; nothing of it was stored");
                Some(Error::from(error))
            }
        };
        for answer in answers {
            answer.give(failure.clone());
        }
    }

    /// Writes a round and commits it. On an error nothing of it stands in the store.
    fn write(
        &self,
        jobs: Vec<Job>,
        answers: &mut Vec<Answer>,
        permits: &mut Vec<super::Permit>,
    ) -> Result<Vec<Staged>, StoreError> {
        let mut pending = jobs.into_iter();
        let outcome = (|| {
            let transaction = self.store.begin()?;
            let mut round = Round { tables: transaction.tables(), partitions: HashMap::new(), order: Vec::new() };
            for job in pending.by_ref() {
                match job {
                    Job::Unit(mut unit, reply) => {
                        permits.extend(unit.permit.take());
                        let answer = match round.apply(unit) {
                            Ok(offsets) => Ok(offsets),
                            Err(Refusal::Unit(error)) => Err(error),
                            Err(Refusal::Store(error)) => {
                                answers.push(Answer::Unit(reply, Ok(Vec::new())));
                                return Err(error);
                            }
                        };
                        answers.push(Answer::Unit(reply, answer));
                    }
                    Job::Alter(change, reply) => {
                        answers.push(Answer::Alter(reply));
                        change(&mut round.tables)?;
                    }
                }
            }
            let staged = round.finish()?;
            transaction.commit()?;
            Ok(staged)
        })();
        for job in pending {
            match job {
                Job::Unit(_, reply) => answers.push(Answer::Unit(reply, Ok(Vec::new()))),
                Job::Alter(_, reply) => answers.push(Answer::Alter(reply)),
            }
        }
        outcome
    }
}

enum Refusal {
    /// This unit cannot be; the others of the round can.
    Unit(Error),
    /// The store fails: the round is over.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a round does to one partition.
struct Staged {
    partition: Arc<Partition>,
    row: PartitionRow,
    /// Small appends that wait to become one batch.
    open: Option<BatchBuilder>,
    batches: Vec<Batch>,
}

struct Round<'t> {
    tables: Tables<'t>,
    partitions: HashMap<PartitionId, usize>,
    order: Vec<Staged>,
}

impl Round<'_> {
    fn apply(&mut self, unit: Unit) -> Result<Vec<u64>, Refusal> {
        for append in &unit.appends {
            append.partition.check_exists().map_err(Refusal::Unit)?;
        }
        for guard in &unit.guards {
            self.check(guard)?;
        }
        for row in &unit.rows {
            self.tables.put(row)?;
        }
        let mut offsets = Vec::with_capacity(unit.appends.len());
        for append in unit.appends {
            offsets.push(self.append(append)?);
        }
        Ok(offsets)
    }

    fn check(&mut self, guard: &OffsetGuard) -> Result<(), Refusal> {
        let found = self.tables.offset(&guard.group, guard.partition)?;
        if found == guard.expected {
            return Ok(());
        }
        Err(Refusal::Unit(Error::conflict(
            "offset-moved",
            format!(
                "group {} stands at {found:?} in partition {}, not at {:?}: somebody else committed; read the group's offsets again",
                guard.group, guard.partition.partition, guard.expected
            ),
        )))
    }

    fn append(&mut self, append: Append) -> Result<u64, StoreError> {
        let index = *self.partitions.entry(append.partition.id()).or_insert_with(|| {
            let row = append.partition.row();
            self.order.push(Staged { partition: append.partition, row, open: None, batches: Vec::new() });
            self.order.len() - 1
        });
        let staged = &mut self.order[index];
        let base_offset = staged.row.next_offset;
        match append.payload {
            Payload::Records(records) => {
                let open = staged.open.get_or_insert_with(|| BatchBuilder::with_capacity(records.len() * 128));
                for record in &records {
                    open.push(record);
                    staged.row.max_timestamp_ms = staged.row.max_timestamp_ms.max(record.timestamp_ms);
                }
                staged.row.next_offset += records.len() as u64;
                if open.len() >= BATCH_BYTES_TARGET {
                    staged.close_open(&mut self.tables)?;
                }
            }
            Payload::Batch(batch) => {
                staged.close_open(&mut self.tables)?;
                let batch = batch.at_offset(base_offset);
                staged.row.next_offset = batch.next_offset();
                staged.row.max_timestamp_ms = staged.row.max_timestamp_ms.max(batch.max_timestamp_ms());
                staged.put(batch, &mut self.tables)?;
            }
        }
        Ok(base_offset)
    }

    fn finish(mut self) -> Result<Vec<Staged>, StoreError> {
        for staged in &mut self.order {
            staged.close_open(&mut self.tables)?;
        }
        // A topic that was deleted in this round takes along what came before it in the round.
        self.order.retain(|staged| !staged.partition.is_deleted());
        Ok(self.order)
    }
}

impl Staged {
    fn close_open(&mut self, tables: &mut Tables<'_>) -> Result<(), StoreError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let base_offset = self.row.next_offset - u64::from(open.count());
        match open.finish(base_offset) {
            Some(batch) => self.put(batch, tables),
            None => Ok(()),
        }
    }

    fn put(&mut self, batch: Batch, tables: &mut Tables<'_>) -> Result<(), StoreError> {
        tables.put_batch(self.partition.id(), self.row.max_timestamp_ms, &batch)?;
        self.batches.push(batch);
        Ok(())
    }
}
