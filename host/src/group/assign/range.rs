//! Each topic by itself: its readers in order, each with a run of its partitions; the first have one more where it does not
//! come out even.

use std::collections::BTreeMap;

use super::{Assignment, Candidate, readers};
use crate::group::topics::partitions;
use crate::model::topic::TopicId;

pub(super) fn assign(topics: &BTreeMap<TopicId, u32>, candidates: &[Candidate]) -> Assignment {
    let mut assignment = Assignment::new();
    for (topic, count) in topics {
        let readers = readers(candidates, *topic);
        if readers.is_empty() {
            continue;
        }
        let (share, larger) = (*count as usize / readers.len(), *count as usize % readers.len());
        let topic = [(*topic, *count)];
        let mut all = partitions(&topic);
        for (rank, reader) in readers.into_iter().enumerate() {
            let run = all.by_ref().take(share + usize::from(rank < larger));
            assignment.extend(run.map(|id| (id, candidates[reader].id)));
        }
    }
    assignment
}
