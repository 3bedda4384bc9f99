//! The writer: one transaction a round, one fsync a transaction. What arrives while a commit is under way is the next
//! round: the commit itself is the batching window, and nothing ever waits for a timer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::events::{Events, Heard};
use super::head::Head;
use super::tail::TailBudget;
use super::unit::Committed;
use super::{Append, Guard, Partition, Payload, Unit, once};
use crate::clock::Clock;
use crate::config::Sync;
use crate::error::{Error, Kind, Result};
use crate::limits::{BATCH_BYTES_TARGET, DISK_RESERVE_BYTES, HEAL_MS};
use crate::model::batch::{Batch, BatchBuilder};
use crate::model::event::EventId;
use crate::model::record::Record;
use crate::model::request::Answered;
use crate::model::topic::PartitionId;
use crate::store::partitions::PartitionRow;
use crate::store::{Durable, Opening, Store, StoreError, Tables};
use crate::telemetry::Metrics;

/// The code of an error that only a restart ends.
pub(super) const HALTED: &str = "store-halted";

pub(super) type Change = Box<dyn FnOnce(&mut Tables<'_>) -> crate::store::Result<()> + Send>;
type Reply<T> = oneshot::Sender<Result<T>>;

#[expect(clippy::large_enum_variant, reason = "nearly all jobs are units")]
pub(super) enum Job {
    Unit(Unit, Reply<Committed>),
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
    pub(super) store: Arc<Store>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) head: Arc<Head>,
    pub(super) clock: Clock,
    pub(super) sync: Sync,
    /// Something was committed that is not synced.
    pub(super) unsynced: Arc<AtomicBool>,
    /// The number of the last round that was given one.
    pub(super) rounds: u64,
    pub(super) tails: TailBudget,
    pub(super) trouble: Option<Trouble>,
    pub(super) events: Events,
}

/// What stands in the way of the next round.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The database could not be opened anew yet, and a round may be in it, from a commit that failed.
    Unsettled(Unsettled),
    /// For good: until the host is started again.
    Halted(Error),
}

/// A round of which it is not known whether it is stored.
#[derive(Debug)]
pub(super) struct Unsettled {
    staged: Vec<Staged>,
    /// The round's number, where it has one.
    number: Option<u64>,
    /// Changes wait for the truth: whoever asked for one has something to do when it is done.
    changes: Vec<Reply<()>>,
    opening: Opening,
    tried: Instant,
    error: Error,
}

/// An answer that may be given once the round is on the disk.
enum Answer {
    Unit(Reply<Committed>, Result<Committed>),
    Alter(Reply<()>),
}

impl Answer {
    /// The answer to a job that the round did not come to.
    fn to(job: Job) -> Self {
        match job {
            Job::Unit(_, reply) => Self::Unit(reply, Ok(Committed::Now(Vec::new()))),
            Job::Alter(_, reply) => Self::Alter(reply),
        }
    }

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

/// How a round failed.
enum Failure {
    /// Nothing of it is in the store.
    Before(StoreError),
    /// Its commit failed: whether it is in the store, the store alone knows, by the round's batches or its number.
    InCommit(StoreError, Vec<Staged>, Option<u64>),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Before(error)
    }
}

impl Writer {
    /// Commits the jobs as one transaction, shows readers what they brought, and gives the answers.
    pub(super) fn commit(&mut self, jobs: Vec<Job>, bytes: usize) {
        let begun = Clock::instant();
        let mut answers = Vec::with_capacity(jobs.len());
        let mut permits = Vec::new();
        let settled = self.settle();
        let was_in_trouble = settled.is_err();
        let written = match settled {
            Ok(()) => self.write(jobs, &mut answers, &mut permits).or_else(|failure| self.recover(failure)),
            Err(error) => {
                answers.extend(jobs.into_iter().map(Answer::to));
                Err(error)
            }
        };
        let failure = match written {
            Ok(staged) => {
                self.publish(staged);
                self.metrics.commits.inc();
                self.metrics.commit_bytes.inc_by(bytes as u64);
                self.metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
                None
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                Some(error)
            }
        };
        for answer in answers {
            match (answer, &mut self.trouble) {
                (Answer::Alter(reply), Some(Trouble::Unsettled(unsettled))) if !was_in_trouble => {
                    unsettled.changes.push(reply);
                }
                (answer, _) => answer.give(failure.clone()),
            }
        }
    }

    /// Tries to get out of trouble; says whether it is worth another try.
    pub(super) fn heal(&mut self) -> bool {
        drop(self.settle());
        matches!(self.trouble, Some(Trouble::Unsettled(_)))
    }

    /// Shows readers what is in the store.
    fn publish(&mut self, staged: Vec<Staged>) {
        let now_ms = self.clock.now_ms();
        for staged in staged {
            staged.partition.publish(staged.row, &staged.batches);
            self.tails.add(&staged.partition, &staged.batches);
            let bytes = staged.batches.iter().map(|batch| batch.bytes().len() as u64).sum();
            self.head.add(&staged.partition, bytes, now_ms);
        }
    }

    /// Writes a round and commits it.
    fn write(
        &mut self,
        jobs: Vec<Job>,
        answers: &mut Vec<Answer>,
        permits: &mut Vec<super::Permit>,
    ) -> Result<Vec<Staged>, Failure> {
        let is_full = self.store.free_bytes().is_some_and(|free| free < DISK_RESERVE_BYTES);
        let only_units = jobs.iter().all(|job| matches!(job, Job::Unit(..)));
        let durable = match self.sync {
            Sync::IntervalMs(_) if only_units => Durable::Later,
            _ => Durable::Now,
        };
        let mut pending = jobs.into_iter();
        let outcome = (|| {
            let transaction = self.store.begin_as(durable)?;
            let mut round = Round {
                tables: transaction.tables(),
                partitions: HashMap::new(),
                order: Vec::new(),
                events: &mut self.events,
                heard: HashSet::new(),
                now_ms: self.clock.now_ms(),
            };
            for job in pending.by_ref() {
                match job {
                    Job::Unit(unit, reply) if is_full && !unit.appends.is_empty() => {
                        answers.push(Answer::Unit(reply, Err(StoreError::Full.into())));
                    }
                    Job::Unit(mut unit, reply) => {
                        permits.extend(unit.permit.take());
                        let answer = match round.apply(unit) {
                            Ok(committed) => Ok(committed),
                            Err(Refusal::Unit(error)) => Err(error),
                            Err(Refusal::Store(error)) => {
                                answers.push(Answer::Unit(reply, Ok(Committed::Now(Vec::new()))));
                                return Err(error.into());
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
            // What nothing else tells from its absence gets a number: the store has it, or has not.
            let number = (!only_units || round.order.is_empty()).then(|| self.rounds + 1);
            if let Some(number) = number {
                self.rounds = number;
                round.tables.put_round(number)?;
            }
            let (staged, heard) = round.finish()?;
            match transaction.commit() {
                Ok(()) => {
                    self.events.committed(heard);
                    self.unsynced.store(durable == Durable::Later, Ordering::Release);
                    Ok(staged)
                }
                Err(error) => Err(Failure::InCommit(error, staged, number)),
            }
        })();
        answers.extend(pending.map(Answer::to));
        outcome
    }

    /// After an I/O error the database takes no more writes until it is opened anew. Then it tells whether the round is in
    /// it: all of a round is, or nothing.
    fn recover(&mut self, failure: Failure) -> Result<Vec<Staged>> {
        let (error, staged, number) = match failure {
            Failure::Before(error) => (error, Vec::new(), None),
            Failure::InCommit(error, staged, number) => (error, staged, number),
        };
        self.events.doubt();
        let was_in_commit = number.is_some() || !staged.is_empty();
        if matches!(error, StoreError::Format { .. } | StoreError::Corrupt { .. }) {
            return Err(error.into());
        }
        if self.unsynced.load(Ordering::Acquire) {
            // What was committed without a sync is answered and shown, and would be gone: as after a crash.
            let halted = Error::new(
                Kind::Unavailable,
                HALTED,
                format!(
                    "the disk failed, and this host syncs at intervals: what came since the last sync may be lost; start the host again ({error})"
                ),
            );
            self.trouble = Some(Trouble::Halted(halted.clone()));
            return Err(halted);
        }
        tracing::warn!(%error, "the database is opened anew");
        // What the system could not write it may take for written: every page is written again.
        let opening = if matches!(error, StoreError::Full) { Opening::AsItIs } else { Opening::Rewritten };
        let error = Error::from(error);
        self.trouble = Some(Trouble::Unsettled(Unsettled {
            staged,
            number,
            changes: Vec::new(),
            opening,
            tried: Clock::instant(),
            error: error.clone(),
        }));
        match self.reopen() {
            Ok(Settled::There(staged)) => Ok(staged),
            Ok(Settled::Gone) => Err(error),
            Err(_) if !was_in_commit => Err(error),
            Err(later) => Err(Error::new(
                Kind::Unavailable,
                "outcome-unknown",
                format!(
                    "the disk failed in the middle of a commit ({error}; then {later}): whether this was stored is not known; look before you send it again, or send it with an Idempotency-Key"
                ),
            )),
        }
    }

    /// Clears up what an earlier round left behind; tries that once in a while.
    fn settle(&mut self) -> Result<()> {
        match &mut self.trouble {
            None => Ok(()),
            Some(Trouble::Halted(error)) => Err(error.clone()),
            Some(Trouble::Unsettled(unsettled)) => {
                if unsettled.tried.elapsed() < Duration::from_millis(HEAL_MS) {
                    return Err(unsettled.error.clone());
                }
                unsettled.tried = Clock::instant();
                if let Settled::There(staged) = self.reopen()? {
                    self.publish(staged);
                }
                Ok(())
            }
        }
    }

    /// Opens the database anew, and looks whether what is unsettled is in it.
    fn reopen(&mut self) -> Result<Settled> {
        let Some(Trouble::Unsettled(unsettled)) = &self.trouble else { return Ok(Settled::Gone) };
        self.store.reopen(unsettled.opening)?;
        let now = self.store.snapshot()?;
        let first = unsettled
            .staged
            .iter()
            .find_map(|staged| Some((staged.partition.id(), staged.batches.first()?.base_offset())));
        let is_there = match (unsettled.number, first) {
            (Some(number), _) => now.round()? == number,
            (None, Some((id, base_offset))) => now.has_batch(id, base_offset)?,
            (None, None) => false,
        };
        drop(now);
        let Some(Trouble::Unsettled(Unsettled { staged, changes, error, .. })) = self.trouble.take() else {
            return Ok(Settled::Gone);
        };
        for reply in changes {
            // Whoever asked may have gone.
            drop(reply.send(if is_there { Ok(()) } else { Err(error.clone()) }));
        }
        Ok(if is_there { Settled::There(staged) } else { Settled::Gone })
    }
}

/// What became of a round whose commit failed.
enum Settled {
    There(Vec<Staged>),
    Gone,
}

pub(super) enum Refusal {
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
#[derive(Debug)]
pub(super) struct Staged {
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
    events: &'t mut Events,
    /// Events that this round stores.
    heard: HashSet<EventId>,
    now_ms: i64,
}

impl Round<'_> {
    fn apply(&mut self, unit: Unit) -> Result<Committed, Refusal> {
        for append in &unit.appends {
            append.partition.check_exists().map_err(Refusal::Unit)?;
        }
        if let Some(once) = &unit.once
            && let Some(answered) = once::find(&mut self.tables, once)?
        {
            return Ok(Committed::Before(answered));
        }
        if let Some(event) = unit.event
            && (self.heard.contains(&event) || self.events.knows(&mut self.tables, event, self.now_ms)?)
        {
            return Ok(Committed::Before(Answered::default()));
        }
        for guard in &unit.guards {
            self.check(guard)?;
        }
        for partition in &unit.partitions {
            partition.check_exists().map_err(Refusal::Unit)?;
        }
        for row in &unit.rows {
            self.tables.put(row)?;
        }
        let partitions: Vec<PartitionId> = match unit.once {
            Some(_) => unit.appends.iter().map(|append| append.partition.id()).collect(),
            None => Vec::new(),
        };
        let mut offsets = Vec::with_capacity(unit.appends.len());
        for append in unit.appends {
            offsets.push(self.append(append)?);
        }
        if let Some(once) = unit.once {
            once::remember(&mut self.tables, once, partitions.into_iter(), &offsets)?;
        }
        self.heard.extend(unit.event);
        Ok(Committed::Now(offsets))
    }

    fn check(&mut self, guard: &Guard) -> Result<(), Refusal> {
        match guard {
            Guard::Offset { group, partition, expected } => {
                let found = self.tables.offset(group, *partition)?;
                if found == *expected {
                    return Ok(());
                }
                let stands = |offset: &Option<u64>| offset.map_or("nowhere yet".to_owned(), |at| format!("at {at}"));
                Err(Refusal::Unit(Error::conflict(
                    "offset-moved",
                    format!(
                        "group {group} stands {} in partition {}, not {}: somebody else committed; read the group's offsets again",
                        stands(&found),
                        partition.partition,
                        stands(expected)
                    ),
                )))
            }
            Guard::Times { scope, expected } => {
                if self.tables.task_times(*scope)? == *expected {
                    return Ok(());
                }
                Err(Refusal::Unit(Error::conflict(
                    "offset-moved",
                    format!(
                        "task {} of a deployment has gone on in time: its last commit went through",
                        scope.partition
                    ),
                )))
            }
            Guard::Cursor { deployment, expected } => {
                if self.tables.cursor(*deployment)? == *expected {
                    return Ok(());
                }
                Err(Refusal::Unit(Error::conflict(
                    "offset-moved",
                    "the source has gone on from this cursor: its last commit went through",
                )))
            }
            Guard::Never(error) => Err(Refusal::Unit(error.clone())),
            Guard::End { partition, expected } => {
                let staged = self.partitions.get(&partition.id()).and_then(|index| self.order.get(*index));
                let end = staged.map_or_else(|| partition.high_watermark(), |staged| staged.row.next_offset);
                if end == *expected {
                    return Ok(());
                }
                Err(Refusal::Unit(Error::conflict(
                    "offset-moved",
                    format!(
                        "partition {} of topic {} ends at {end}, not at {expected}: somebody else appended; read what came, then decide",
                        partition.id().partition,
                        partition.topic()
                    ),
                )))
            }
        }
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
                let open = staged.open.get_or_insert_with(|| {
                    BatchBuilder::with_capacity(records.len() * 128, staged.partition.config().compression)
                });
                for record in &records {
                    open.push(record);
                    staged.row.max_timestamp_ms = staged.row.max_timestamp_ms.max(record.timestamp_ms);
                }
                staged.row.next_offset += records.len() as u64;
                if open.encoded_bytes() >= BATCH_BYTES_TARGET {
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

    fn finish(mut self) -> Result<(Vec<Staged>, Heard), StoreError> {
        let heard = self.events.write(&mut self.tables, self.heard.into_iter().collect(), self.now_ms)?;
        for staged in &mut self.order {
            staged.close_open(&mut self.tables)?;
        }
        // A topic that was deleted in this round takes along what came before it in the round.
        self.order.retain(|staged| !staged.partition.is_deleted());
        Ok((self.order, heard))
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
