//! The tail cache: the newest batches of a partition, as readers at its end want them, without a look at the store.
//!
//! Each partition has its own; what all of them hold together is bounded by the budget, which the writer keeps: oldest
//! out first, whichever partition it belongs to.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::Partition;
use crate::limits::{TAIL_BATCH_COST_BYTES, TAIL_BYTES_MAX};
use crate::model::batch::Batch;

/// Consecutive batches that end at the high watermark.
#[derive(Debug)]
pub(super) struct Tail {
    batches: VecDeque<Batch>,
    next_offset: u64,
}

impl Tail {
    pub(super) fn new(next_offset: u64) -> Self {
        Self { batches: VecDeque::new(), next_offset }
    }

    pub(super) fn extend(&mut self, batches: &[Batch]) {
        for batch in batches {
            debug_assert_eq!(batch.base_offset(), self.next_offset, "batches follow each other");
            self.next_offset = batch.next_offset();
            self.batches.push_back(batch.clone());
        }
    }

    /// Leaves readers to the head and the segments.
    #[cfg(test)]
    pub(super) fn forget(&mut self) {
        self.batches.clear();
    }

    fn pop(&mut self) {
        self.batches.pop_front();
    }

    /// The batches from the one that holds `from` on, until `bytes_max` is passed; `None` where `from` is older than the
    /// tail.
    pub(super) fn read(&self, from: u64, bytes_max: usize) -> Option<Vec<Batch>> {
        if from >= self.next_offset {
            return Some(Vec::new());
        }
        let first = self.batches.partition_point(|batch| batch.next_offset() <= from);
        if self.batches.get(first)?.base_offset() > from {
            return None;
        }
        let mut bytes = 0;
        let mut taken = Vec::new();
        for batch in self.batches.range(first..) {
            bytes += batch.bytes().len();
            if !taken.is_empty() && bytes > bytes_max {
                break;
            }
            taken.push(batch.clone());
        }
        Some(taken)
    }
}

/// What all tails hold, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct TailBudget {
    order: VecDeque<(Weak<Partition>, usize)>,
    bytes: usize,
}

impl TailBudget {
    /// Counts batches that were just published, and takes the oldest out where they are too many.
    pub(super) fn add(&mut self, partition: &Arc<Partition>, batches: &[Batch]) {
        for batch in batches {
            let cost = batch.bytes().len() + TAIL_BATCH_COST_BYTES;
            self.bytes += cost;
            self.order.push_back((Arc::downgrade(partition), cost));
        }
        while self.bytes > TAIL_BYTES_MAX {
            let Some((partition, bytes)) = self.order.pop_front() else { break };
            self.bytes -= bytes;
            if let Some(partition) = partition.upgrade() {
                partition.tail.write().pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::{BatchBuilder, Compression};
    use crate::model::record::Record;

    fn batch(offset: u64, records: usize) -> Batch {
        BatchBuilder::encode(&vec![Record::default(); records], Compression::None, None).unwrap().at_offset(offset)
    }

    #[test]
    fn reads_what_it_has_and_says_what_it_has_not() {
        let mut tail = Tail::new(10);
        assert_eq!(tail.read(9, 100), None);
        assert_eq!(tail.read(10, 100), Some(vec![]));
        tail.extend(&[batch(10, 3), batch(13, 1), batch(14, 2)]);
        let read = |tail: &Tail, from| {
            tail.read(from, usize::MAX).map(|b| b.iter().map(Batch::base_offset).collect::<Vec<_>>())
        };
        assert_eq!(read(&tail, 12), Some(vec![10, 13, 14]));
        assert_eq!(read(&tail, 13), Some(vec![13, 14]));
        assert_eq!(tail.read(10, 1).unwrap().len(), 1);
        tail.pop();
        assert_eq!(read(&tail, 12), None);
        assert_eq!(read(&tail, 13), Some(vec![13, 14]));
        assert_eq!(read(&tail, 16), Some(vec![]));
    }
}
