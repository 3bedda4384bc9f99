//! Table `producers`: who may send with sequences; table `producer_names`: which of them has a name; table `sequences`: how
//! far each got, by producer, topic and partition (`u32::MAX` where the sequence counts through the topic).
//!
//! A producer's value: epoch u16, when it was last heard of i64 (to the minute), its name. A sequence's: epoch u16, the next number u64, then
//! the last requests, oldest first: first number, records and length (varints), and the answer as table `requests` has it.

use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

use super::{Result, Tables, corrupt, requests};
use crate::limits::{PRODUCER_REQUESTS_KEPT, PRODUCERS_MAX};
use crate::model::request::{Answered, PartitionScope, ProducerId};
use crate::model::varint;

pub(super) const TABLE: TableDefinition<'_, u64, (u16, i64, &str)> = TableDefinition::new("producers");
pub(super) const NAMES: TableDefinition<'_, &str, u64> = TableDefinition::new("producer_names");
pub(super) const SEQUENCES: TableDefinition<'_, (u64, u32, u32), &[u8]> = TableDefinition::new("sequences");
/// A producer is forgotten after a week's silence (Kafka's transactional.id.expiration.ms); while there are too many, after
/// an hour's.
const KEPT_MS: i64 = 7 * 86_400_000;
const KEPT_MS_MIN: i64 = 3_600_000;
/// That a producer was heard of is written down once in so long.
const HEARD_STEP_MS: i64 = 60_000;
/// Producers that each new one has looked at, and in table `meta` where that goes on.
const LOOKED_AT: usize = 8;
const CURSOR: &str = "producer-cursor";

/// How far a producer got in one topic or partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    pub epoch: u16,
    /// The number that its next record has.
    pub next: u64,
    /// Its last requests, oldest first: the number of the first record, how many, and what it was answered.
    pub last: Vec<(u64, u64, Answered)>,
}

impl Sequence {
    /// Takes up a request that went through.
    pub fn push(&mut self, first: u64, records: u64, answered: Answered) {
        self.next = first + records;
        self.last.push((first, records, answered));
        let surplus = self.last.len().saturating_sub(PRODUCER_REQUESTS_KEPT);
        self.last.drain(..surplus);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = bytes::BytesMut::new();
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.next.to_be_bytes());
        for (first, records, answered) in &self.last {
            let answered = requests::encode(answered);
            for number in [*first, *records, answered.len() as u64] {
                varint::put(&mut out, number.cast_signed());
            }
            out.extend_from_slice(&answered);
        }
        out.to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (epoch, bytes) = bytes.split_first_chunk()?;
        let (next, mut rest) = bytes.split_first_chunk()?;
        let mut sequence =
            Self { epoch: u16::from_be_bytes(*epoch), next: u64::from_be_bytes(*next), last: Vec::new() };
        while !rest.is_empty() {
            let mut take = || varint::take(&mut rest).map(i64::cast_unsigned);
            let (first, records, length) = (take()?, take()?, take()?);
            let (answered, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = after;
            sequence.last.push((first, records, requests::decode(answered)?));
        }
        Some(sequence)
    }
}

fn key(producer: ProducerId, scope: PartitionScope) -> (u64, u32, u32) {
    match scope {
        PartitionScope::Topic(topic) => (producer.0, topic.0, u32::MAX),
        PartitionScope::Partition(id) => (producer.0, id.topic.0, id.partition),
    }
}

impl Tables<'_> {
    /// A new producer; or the one of that name, in its next epoch, which fences those that still send in an older one.
    pub fn start_producer(&mut self, name: Option<&str>, now_ms: i64) -> Result<(ProducerId, u16)> {
        let name = name.unwrap_or_default();
        let known = if name.is_empty() { None } else { self.producer_names()?.get(name)?.map(|id| id.value()) };
        if let Some(id) = known {
            let found = self.producers()?.get(id)?.map(|row| row.value().0);
            // An epoch is given once. After the last one the name goes on under a new number.
            if let Some(epoch) = found.and_then(|epoch| epoch.checked_add(1)).filter(|epoch| *epoch < 1 << 15) {
                self.producers()?.insert(id, (epoch, now_ms, name))?;
                return Ok((ProducerId(id), epoch));
            }
            self.forget_producer(id)?;
        }
        let id = u64::from(self.next_producer_id()?);
        self.producers()?.insert(id, (0, now_ms, name))?;
        if !name.is_empty() {
            self.producer_names()?.insert(name, id)?;
        }
        self.forget_silent_producers(id, now_ms)?;
        Ok((ProducerId(id), 0))
    }

    /// Looks at a few producers after the one that was looked at last, round and round, and forgets those that have been
    /// silent for long; or, while there are too many, for a while.
    pub fn forget_silent_producers(&mut self, newest: u64, now_ms: i64) -> Result<()> {
        let from = self.meta()?.get(CURSOR)?.map_or(0, |at| at.value());
        let too_many = self.producers()?.len()? > PRODUCERS_MAX;
        let kept_ms = if too_many { KEPT_MS_MIN } else { KEPT_MS };
        let mut looked_at = Vec::new();
        for entry in self.producers()?.range(from..newest)?.take(LOOKED_AT) {
            let (id, row) = entry?;
            looked_at.push((id.value(), row.value().1));
        }
        for (id, heard_ms) in &looked_at {
            if now_ms.saturating_sub(*heard_ms) >= kept_ms {
                self.forget_producer(*id)?;
            }
        }
        let next = if looked_at.len() < LOOKED_AT { 0 } else { looked_at.last().map_or(0, |(id, _)| id + 1) };
        self.meta()?.insert(CURSOR, next)?;
        Ok(())
    }

    /// How many producers there are.
    pub fn producer_count(&mut self) -> Result<u64> {
        Ok(self.producers()?.len()?)
    }

    /// The producer was heard of.
    pub fn touch_producer(&mut self, producer: ProducerId, now_ms: i64) -> Result<()> {
        let found = self.producers()?.get(producer.0)?.map(|row| {
            let (epoch, heard_ms, name) = row.value();
            (epoch, heard_ms, name.to_owned())
        });
        if let Some((epoch, heard_ms, name)) = found
            && now_ms.saturating_sub(heard_ms) >= HEARD_STEP_MS
        {
            self.producers()?.insert(producer.0, (epoch, now_ms, name.as_str()))?;
        }
        Ok(())
    }

    fn forget_producer(&mut self, id: u64) -> Result<()> {
        let name = self.producers()?.remove(id)?.map(|row| row.value().2.to_owned());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.producer_names()?.remove(name.as_str())?;
        }
        Ok(self.sequences()?.retain_in((id, 0, 0)..=(id, u32::MAX, u32::MAX), |_, _| false)?)
    }

    /// Whether there is a producer of that name.
    pub fn has_producer(&mut self, name: &str) -> Result<bool> {
        Ok(self.producer_names()?.get(name)?.is_some())
    }

    /// The epoch that the producer is in.
    pub fn producer_epoch(&mut self, producer: ProducerId) -> Result<Option<u16>> {
        Ok(self.producers()?.get(producer.0)?.map(|row| row.value().0))
    }

    pub fn sequence(&mut self, producer: ProducerId, scope: PartitionScope) -> Result<Option<Sequence>> {
        let key = key(producer, scope);
        let Some(found) = self.sequences()?.get(key)? else { return Ok(None) };
        Sequence::decode(found.value()).map(Some).ok_or_else(|| corrupt("sequences", key, "it is malformed"))
    }

    pub fn put_sequence(&mut self, producer: ProducerId, scope: PartitionScope, sequence: &Sequence) -> Result<()> {
        self.sequences()?.insert(key(producer, scope), sequence.encode().as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;
    use crate::model::topic::{PartitionId, TopicId};

    #[test]
    fn sequences_round_trip() {
        let mut sequence = Sequence { epoch: 3, ..Sequence::default() };
        for first in 0..9 {
            assert_eq!(Sequence::decode(&sequence.encode()), Some(sequence.clone()));
            let id = PartitionId { topic: TopicId(1), partition: 2 };
            let answered = Answered { parts: vec![(id, first)], runs: vec![(0, 1)], ..Answered::default() };
            sequence.push(first, 1, answered);
        }
        assert_eq!((sequence.next, sequence.last.len(), sequence.last[0].0), (9, PRODUCER_REQUESTS_KEPT, 4));
        let bytes = sequence.encode();
        assert_eq!(Sequence::decode(&bytes[..bytes.len() - 1]), None);
    }

    #[test]
    fn a_name_keeps_its_number_and_raises_its_epoch() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        let mut tables = transaction.tables();
        let mut start = |name| tables.start_producer(name, 0).unwrap();
        assert_eq!(start(None), (ProducerId(1), 0));
        assert_eq!(start(Some("a")), (ProducerId(2), 0));
        assert_eq!(start(Some("b")), (ProducerId(3), 0));
        assert_eq!(start(Some("a")), (ProducerId(2), 1));
        assert_eq!(tables.producer_epoch(ProducerId(2)).unwrap(), Some(1));
        assert_eq!(tables.producer_epoch(ProducerId(9)).unwrap(), None);
    }

    #[test]
    fn the_silent_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("db")).unwrap();
        let transaction = store.begin().unwrap();
        let mut tables = transaction.tables();
        let scope = PartitionScope::Topic(TopicId(1));
        for name in [None, Some("a"), None] {
            let (id, _) = tables.start_producer(name, 0).unwrap();
            tables.put_sequence(id, scope, &Sequence::default()).unwrap();
        }
        tables.touch_producer(ProducerId(3), KEPT_MS).unwrap();
        for _ in 0..3 {
            tables.start_producer(None, KEPT_MS).unwrap();
        }
        let epochs = [1, 2, 3].map(|id| tables.producer_epoch(ProducerId(id)).unwrap());
        assert_eq!(epochs, [None, None, Some(0)]);
        assert_eq!(tables.sequence(ProducerId(1), scope).unwrap(), None);
        assert_eq!(tables.sequence(ProducerId(3), scope).unwrap(), Some(Sequence::default()));
        assert_eq!(tables.start_producer(Some("a"), KEPT_MS).unwrap().1, 0);
    }
}
