//! Producing: records to one topic, or records and offsets over several as one transaction.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Broker;
use crate::coordinator::{Moving, TransactionCommit, TransactionOffsets};
use crate::error::{Error, Result};
use crate::group::Token;
use crate::limits::{IDEMPOTENCY_RUNS_MAX, PRODUCE_RECORDS_MAX, RECORD_COST_BYTES, TRANSACTION_OFFSETS_MAX};
use crate::log::{Append, Committed, Guard, Once, Partition, Permit, Topic, Unit};
use crate::model::batch::Producer;
use crate::model::group::MemberId;
use crate::model::name::{GroupName, TopicName};
use crate::model::partitioner::partition_of_key;
use crate::model::record::Record;
use crate::model::request::{Fingerprint, PartitionScope, ProducerId, RequestName, Scope, runs};
use crate::model::topic::PartitionId;

/// A record to produce.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// `None` is the partition of the key, or the sticky one.
    pub partition: Option<u32>,
    /// `None` is the time of the append.
    pub timestamp_ms: Option<i64>,
    pub record: Record,
}

/// Where a record stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub partition: u32,
    pub offset: u64,
    pub timestamp_ms: i64,
}

/// What a request says beside its records.
#[derive(Clone, Debug, Default)]
pub struct ProduceOptions {
    /// The one partition that the request is for, where it names one.
    pub partition: Option<u32>,
    /// The offset at which that partition must end.
    pub expected_offset: Option<u64>,
    pub retry: Option<Retry>,
}

/// What makes it safe to send a request again.
#[derive(Clone, Debug)]
pub struct Retry {
    pub known_by: KnownBy,
    pub fingerprint: Fingerprint,
}

#[derive(Clone, Debug)]
pub enum KnownBy {
    Key(String),
    Sequence { producer: ProducerId, epoch: u16, first: u64 },
}

/// Where the records of a request stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// In the order of the request.
    pub receipts: Vec<Receipt>,
    /// They had been stored before.
    pub is_duplicate: bool,
}

/// The offset that a group goes on at.
#[derive(Clone, Debug)]
pub struct NewOffset {
    pub group: GroupName,
    pub topic: TopicName,
    pub partition: u32,
    /// The next one to read.
    pub offset: u64,
    /// Where the group must stand: `Some(None)` is nowhere yet.
    pub expected: Option<Option<u64>>,
}

/// The batch in a group member's hands, to be committed together with what came of it.
#[derive(Clone, Debug)]
pub struct BatchCommit {
    pub group: GroupName,
    pub member: MemberId,
    pub token: Token,
}

/// The records of a request, gathered by partition in the order in which they come.
struct Gathered {
    now_ms: i64,
    parts: Vec<(Arc<Partition>, Vec<Record>)>,
    index: HashMap<PartitionId, usize>,
    /// The part that each record went to, and its own timestamp.
    places: Vec<(usize, Option<i64>)>,
    bytes: usize,
}

impl Gathered {
    fn new(now_ms: i64, records: usize) -> Self {
        Self { now_ms, parts: Vec::new(), index: HashMap::new(), places: Vec::with_capacity(records), bytes: 0 }
    }

    fn push(&mut self, topic: &Topic, partitions: u32, sticky: u32, new: NewRecord) -> Result<()> {
        let NewRecord { partition, timestamp_ms, mut record } = new;
        record.timestamp_ms = timestamp_ms.unwrap_or(self.now_ms);
        topic.config().take_key(&mut record)?;
        record.check()?;
        self.bytes += record.bytes();
        let number = match (partition, &record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partition_of_key(key, partitions),
            (None, None) => sticky % partitions,
        };
        let id = PartitionId { topic: topic.id(), partition: number };
        let part = *match self.index.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                self.parts.push((topic.partition(number)?, Vec::new()));
                new.insert(self.parts.len() - 1)
            }
        };
        self.places.push((part, timestamp_ms));
        self.parts[part].1.push(record);
        Ok(())
    }

    fn once(&self, name: RequestName, fingerprint: Fingerprint) -> Result<Once> {
        let runs = runs(self.places.iter().map(|(part, _)| *part));
        if runs.len() > IDEMPOTENCY_RUNS_MAX {
            return Err(Error::too_large(
                "too-many-runs",
                format!(
                    "the request's records change partition {} times, over the {IDEMPOTENCY_RUNS_MAX} that are remembered of one request; send fewer records at once, or sort them by partition",
                    runs.len()
                ),
            ));
        }
        Ok(Once { name, fingerprint, at_ms: self.now_ms, runs })
    }
}

impl Broker {
    /// A producer: the next epoch of that name, or a new one.
    pub async fn start_producer(&self, name: Option<String>) -> Result<(ProducerId, u16)> {
        self.log.start_producer(name).await
    }

    /// Appends the records: all or none. Answers once they are where the host's `sync` has them.
    pub async fn produce(
        &self,
        topic: &TopicName,
        records: Vec<NewRecord>,
        options: ProduceOptions,
        mut permit: Permit,
    ) -> Result<Produced> {
        check_count(records.len())?;
        if records.is_empty() {
            return Err(Error::invalid("no-records", "the request has no records; send at least one"));
        }
        permit.try_grow(records.len() * RECORD_COST_BYTES)?;
        let topic = self.log.topic(topic)?;
        let partitions = topic.config().partitions;
        let sticky = self.sticky.fetch_add(1, Ordering::Relaxed);
        let mut gathered = Gathered::new(self.clock.now_ms(), records.len());
        for record in records {
            gathered.push(&topic, partitions, sticky, record)?;
        }
        let mut guards = Vec::new();
        if let Some(expected) = options.expected_offset {
            let number = options.partition.or((partitions == 1).then_some(0)).ok_or_else(|| {
                Error::invalid(
                    "invalid-query",
                    format!("expected_offset is for one partition, and topic {} has {partitions}; say which with partition=", topic.name()),
                )
            })?;
            guards.push(Guard::End { partition: topic.partition(number)?, expected });
        }
        let mut stamp = None;
        let once = options.retry.map(|Retry { known_by, fingerprint }| {
            let name = match known_by {
                KnownBy::Key(key) => RequestName::Key { scope: Scope::Topic(topic.id()), key },
                KnownBy::Sequence { producer, epoch, first } => {
                    let scope = match options.partition {
                        Some(partition) => {
                            stamp = Some(stamped(producer, epoch, first));
                            PartitionScope::Partition(PartitionId { topic: topic.id(), partition })
                        }
                        None => PartitionScope::Topic(topic.id()),
                    };
                    RequestName::Sequence { producer, epoch, scope, first, records: gathered.places.len() as u64 }
                }
            };
            gathered.once(name, fingerprint)
        });
        let once = once.transpose()?;
        self.commit_gathered(gathered, Unit { guards, once, permit: Some(permit), ..Unit::default() }, stamp).await
    }

    /// Appends records to any topics and moves groups' offsets: all of it, or nothing.
    pub async fn transact(
        &self,
        records: Vec<(TopicName, NewRecord)>,
        (offsets, batches): (Vec<NewOffset>, Vec<BatchCommit>),
        retry: Option<Retry>,
        mut permit: Permit,
    ) -> Result<Produced> {
        check_count(records.len())?;
        if offsets.len() + batches.len() > TRANSACTION_OFFSETS_MAX {
            return Err(Error::too_large(
                "too-many-offsets",
                format!("the transaction has more than the {TRANSACTION_OFFSETS_MAX} offsets of one call"),
            ));
        }
        if records.is_empty() && offsets.is_empty() && batches.is_empty() {
            return Err(Error::invalid(
                "no-records",
                "the transaction has neither records nor offsets nor commits; send at least one",
            ));
        }
        permit.try_grow(records.len() * RECORD_COST_BYTES)?;
        let sticky = self.sticky.fetch_add(1, Ordering::Relaxed);
        let mut gathered = Gathered::new(self.clock.now_ms(), records.len());
        for (topic, record) in records {
            let topic = self.log.topic(&topic)?;
            gathered.push(&topic, topic.config().partitions, sticky, record)?;
        }
        let mut unit = Unit { permit: Some(permit), ..Unit::default() };
        let mut by_group: BTreeMap<GroupName, Vec<(TopicName, u32, u64)>> = BTreeMap::new();
        for NewOffset { group, topic, partition, offset, expected } in offsets {
            let id = self.log.topic(&topic)?.partition(partition)?.id();
            unit.guards.extend(expected.map(|expected| Guard::Offset {
                group: group.clone(),
                partition: id,
                expected,
            }));
            by_group.entry(group).or_default().push((topic, partition, offset));
        }
        let mut moving: Vec<TransactionOffsets> = by_group
            .into_iter()
            .map(|(group, offsets)| TransactionOffsets { group, commit: TransactionCommit::Offsets(offsets) })
            .collect();
        moving.extend(batches.into_iter().map(|BatchCommit { group, member, token }| TransactionOffsets {
            group,
            commit: TransactionCommit::Batch { member, token },
        }));
        let has_records = !gathered.places.is_empty();
        let once = retry.map(|Retry { known_by, fingerprint }| {
            if !has_records && matches!(known_by, KnownBy::Sequence { .. }) {
                return Err(Error::invalid(
                    "invalid-retry",
                    "a sequence counts records, and this transaction has none; make it safe to repeat with an Idempotency-Key",
                ));
            }
            let name = match known_by {
                KnownBy::Key(key) => RequestName::Key { scope: Scope::Transactions, key },
                KnownBy::Sequence { producer, epoch, first } => RequestName::Sequence {
                    producer,
                    epoch,
                    // Transactions are counted by themselves: topic ids begin at 1.
                    scope: PartitionScope::Topic(crate::model::topic::TopicId(0)),
                    first,
                    records: gathered.places.len() as u64,
                },
            };
            gathered.once(name, fingerprint)
        });
        unit.once = once.transpose()?;
        let moving = match self.coordinator.begin(moving, &mut unit).await {
            Ok(moving) => moving,
            // One that comes a second time is answered as it was, wherever its offsets stand by now.
            Err(error) if unit.once.is_some() => {
                unit.guards.push(Guard::Never(error));
                Moving::default()
            }
            Err(error) => return Err(error),
        };
        let produced = self.commit_gathered(gathered, unit, None).await;
        // Where it had been committed before, the offsets stand where that left them.
        let is_new = produced.as_ref().is_ok_and(|produced| !produced.is_duplicate);
        self.coordinator.end(moving, is_new).await;
        produced
    }

    async fn commit_gathered(&self, gathered: Gathered, mut unit: Unit, stamp: Option<Producer>) -> Result<Produced> {
        let Gathered { now_ms, parts, places, bytes, .. } = gathered;
        let numbers: Vec<u32> = parts.iter().map(|(partition, _)| partition.id().partition).collect();
        unit.appends = parts.into_iter().filter_map(|(part, records)| Append::new(part, records, stamp)).collect();
        match self.log.commit(unit).await? {
            Committed::Now(mut next) => {
                self.metrics.produced_records.inc_by(places.len() as u64);
                self.metrics.produced_bytes.inc_by(bytes as u64);
                let receipt = |(part, timestamp_ms): (usize, Option<i64>)| {
                    let offset = next[part];
                    next[part] += 1;
                    Receipt { partition: numbers[part], offset, timestamp_ms: timestamp_ms.unwrap_or(now_ms) }
                };
                Ok(Produced { receipts: places.into_iter().map(receipt).collect(), is_duplicate: false })
            }
            Committed::Before(answered) => {
                let receipt = |((id, offset), (_, timestamp_ms)): ((PartitionId, u64), (usize, Option<i64>))| Receipt {
                    partition: id.partition,
                    offset,
                    timestamp_ms: timestamp_ms.unwrap_or(answered.at_ms),
                };
                Ok(Produced { receipts: answered.places().zip(places).map(receipt).collect(), is_duplicate: true })
            }
        }
    }
}

/// How the batch of a request says whose it is. Kafka's sequences have 31 bits, and begin again at 0.
fn stamped(producer: ProducerId, epoch: u16, first: u64) -> Producer {
    Producer {
        id: producer.0.cast_signed(),
        epoch: epoch.cast_signed(),
        base_sequence: i32::try_from(first % (1 << 31)).unwrap_or_default(),
    }
}

fn check_count(records: usize) -> Result<()> {
    if records > PRODUCE_RECORDS_MAX { Err(too_many_records()) } else { Ok(()) }
}

/// What a request with too many records is told, whoever counts them.
pub fn too_many_records() -> Error {
    Error::too_large(
        "too-many-records",
        format!("the request has more than the {PRODUCE_RECORDS_MAX} records of one call; send several"),
    )
}
