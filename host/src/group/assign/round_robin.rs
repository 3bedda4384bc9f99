//! All partitions in order, all candidates in turn; who does not read a topic is passed over.

use std::collections::BTreeMap;

use super::{Assignment, Candidate};
use crate::group::topics::partitions;
use crate::model::topic::TopicId;

pub(super) fn assign(topics: &BTreeMap<TopicId, u32>, candidates: &[Candidate]) -> Assignment {
    let mut assignment = Assignment::new();
    let mut turn = 0;
    for (topic, count) in topics {
        for id in partitions(&[(*topic, *count)]) {
            let mut in_turn = (0..candidates.len()).map(|step| (turn + step) % candidates.len());
            if let Some(reader) = in_turn.find(|index| candidates[*index].topics.contains(topic)) {
                assignment.insert(id, candidates[reader].id);
                turn = reader + 1;
            }
        }
    }
    assignment
}
