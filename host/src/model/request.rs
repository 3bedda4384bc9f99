//! Requests that may come twice: how one is known again, and what it was answered.

use super::topic::PartitionId;

/// What tells a request from another one under the same name.
pub type Fingerprint = [u8; 16];

/// How a request is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestName {
    /// By a key that its sender chose, within a topic or among the transactions.
    Key { scope: Scope, key: String },
    /// By its place in what a producer sends to a topic, or to one partition of it.
    Sequence { producer: ProducerId, epoch: u16, scope: PartitionScope, first: u64, records: u64 },
}

/// A producer's number; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerId(pub u64);

/// What a key is unique in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Topic(super::topic::TopicId),
    Transactions,
}

/// What a sequence counts through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionScope {
    Topic(super::topic::TopicId),
    Partition(PartitionId),
}

/// What a request was answered: where its records went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    pub fingerprint: Fingerprint,
    /// The time of the append: that of the records that came without one.
    pub at_ms: i64,
    /// Where each part of the request went: the partition and the offset of the part's first record.
    pub parts: Vec<(PartitionId, u64)>,
    /// Which part each record went to, as runs: so many records to that part.
    pub runs: Vec<(u32, u32)>,
}

impl Answered {
    /// Partition and offset of each record, in the order of the request.
    pub fn places(&self) -> impl Iterator<Item = (PartitionId, u64)> {
        let mut next: Vec<u64> = self.parts.iter().map(|(_, base)| *base).collect();
        let parts = self.runs.iter().flat_map(|(part, count)| std::iter::repeat_n(*part as usize, *count as usize));
        parts.filter_map(move |part| {
            let (partition, _) = self.parts.get(part)?;
            let offset = next.get_mut(part)?;
            *offset += 1;
            Some((*partition, *offset - 1))
        })
    }
}

/// The runs of a sequence of parts.
pub fn runs(parts: impl Iterator<Item = usize>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for part in parts {
        let part = u32::try_from(part).unwrap_or(u32::MAX);
        match runs.last_mut() {
            Some((last, count)) if *last == part => *count += 1,
            _ => runs.push((part, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::topic::TopicId;
    use super::*;

    #[test]
    fn places_follow_from_parts_and_runs() {
        let id = |partition| PartitionId { topic: TopicId(1), partition };
        let answered = Answered {
            parts: vec![(id(4), 10), (id(2), 7)],
            runs: runs([0, 0, 1, 0, 1].into_iter()),
            ..Answered::default()
        };
        assert_eq!(answered.runs, [(0, 2), (1, 1), (0, 1), (1, 1)]);
        let places: Vec<_> = answered.places().collect();
        assert_eq!(places, [(id(4), 10), (id(4), 11), (id(2), 7), (id(4), 12), (id(2), 8)]);
    }
}
