//! Assignors: who should read which partition. Pure functions of the members, their topics, and who has what now.

mod range;
mod round_robin;
mod sticky;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::group::{Assignor, MemberId};
use crate::model::topic::{PartitionId, TopicId};

/// A member that can be given partitions.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: MemberId,
    /// The number of its join: the order of candidates.
    pub(super) serial: u32,
    /// The topics that it reads.
    pub(super) topics: BTreeSet<TopicId>,
}

pub(super) type Assignment = BTreeMap<PartitionId, MemberId>;

/// Gives each partition of the topics, which have so many each, to one candidate that reads it, if there is one.
pub(super) fn assign(
    assignor: Assignor,
    topics: &BTreeMap<TopicId, u32>,
    mut candidates: Vec<Candidate>,
    current: &Assignment,
) -> Assignment {
    candidates.sort_unstable_by_key(|candidate| (candidate.serial, candidate.id));
    match assignor {
        Assignor::Sticky => sticky::assign(topics, &candidates, current),
        Assignor::Range => range::assign(topics, &candidates),
        Assignor::RoundRobin => round_robin::assign(topics, &candidates),
    }
}

/// Which candidates, by their place in the list, read a topic.
fn readers(candidates: &[Candidate], topic: TopicId) -> Vec<usize> {
    (0..candidates.len()).filter(|index| candidates[*index].topics.contains(&topic)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, btree_set, vec};
    use proptest::prelude::*;

    use super::*;
    use crate::group::topics;

    const ALL: [Assignor; 3] = [Assignor::Sticky, Assignor::Range, Assignor::RoundRobin];

    fn candidate(number: u32, topics: impl IntoIterator<Item = u32>) -> Candidate {
        let topics = topics.into_iter().map(TopicId).collect();
        Candidate { id: MemberId(u64::from(number) * 7 % 100), serial: number, topics }
    }

    fn counts(candidates: &[Candidate], assignment: &Assignment) -> Vec<usize> {
        candidates.iter().map(|c| assignment.values().filter(|id| **id == c.id).count()).collect()
    }

    fn counted(counts: &[u32]) -> BTreeMap<TopicId, u32> {
        (0..).map(TopicId).zip(counts.iter().copied()).collect()
    }

    proptest! {
        /// Whatever there was before, every partition that somebody reads is given to one who reads it, and no other.
        #[test]
        fn every_partition_has_a_reader(
            topics in btree_map((0_u32..4).prop_map(TopicId), 1_u32..9, 0..4),
            reads in vec(btree_set(0_u32..4, 0..4), 0..6),
            stale in btree_map((0_u32..5, 0_u32..10), 0_u64..100, 0..20),
        ) {
            let candidates: Vec<_> = (0..).zip(reads).map(|(number, reads)| candidate(number, reads)).collect();
            let current = stale
                .into_iter()
                .map(|((topic, partition), id)| (PartitionId { topic: TopicId(topic), partition }, MemberId(id)))
                .collect();
            for assignor in ALL {
                let assignment = assign(assignor, &topics, candidates.clone(), &current);
                for (topic, count) in &topics {
                    let is_read = candidates.iter().any(|candidate| candidate.topics.contains(topic));
                    for id in topics::partitions(&[(*topic, *count)]) {
                        prop_assert_eq!(assignment.contains_key(&id), is_read, "{:?} {:?}", assignor, id);
                    }
                }
                for (id, member) in &assignment {
                    let reader = candidates.iter().find(|candidate| candidate.id == *member).unwrap();
                    prop_assert!(reader.topics.contains(&id.topic));
                    prop_assert!(id.partition < topics[&id.topic]);
                }
                prop_assert_eq!(&assign(assignor, &topics, candidates.clone(), &current), &assignment);
            }
        }

        /// Where all read the same, nobody has two more than another, and of a balanced assignment nothing moves.
        #[test]
        fn sticky_is_balanced_and_moves_only_what_it_must(
            counts_before in vec(1_u32..40, 1..4),
            members in 1_u32..12,
            gone in btree_set(0_u32..12, 0..6),
            came in 0_u32..6,
        ) {
            let topics = counted(&counts_before);
            let partitions: usize = counts_before.iter().map(|count| *count as usize).sum();
            let all = || 0..u32::try_from(counts_before.len()).unwrap();
            let before: Vec<_> = (0..members).map(|number| candidate(number, all())).collect();
            let first = assign(Assignor::Sticky, &topics, before.clone(), &Assignment::new());
            let balanced = |candidates: &[Candidate], assignment: &Assignment| {
                let counts = counts(candidates, assignment);
                counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1
            };
            prop_assert!(balanced(&before, &first));
            prop_assert_eq!(&assign(Assignor::Sticky, &topics, before.clone(), &first), &first);

            let mut after: Vec<_> = before.iter().filter(|c| !gone.contains(&c.serial)).cloned().collect();
            after.extend((members..members + came).map(|number| candidate(number, all())));
            if after.is_empty() {
                return Ok(());
            }
            let second = assign(Assignor::Sticky, &topics, after.clone(), &first);
            prop_assert!(balanced(&after, &second));
            let moved = second.iter().filter(|(id, member)| first[id] != **member).count();
            // What the best possible keeps: of each old member what it may have, the largest shares to who has most.
            let mut kept: Vec<usize> = after.iter().map(|c| first.values().filter(|id| **id == c.id).count()).collect();
            kept.sort_unstable_by(|a, b| b.cmp(a));
            let (share, larger) = (partitions / after.len(), partitions % after.len());
            let stays: usize =
                kept.iter().enumerate().map(|(rank, had)| (*had).min(share + usize::from(rank < larger))).sum();
            prop_assert_eq!(moved, partitions - stays);
        }
    }

    #[test]
    fn range_keeps_partitions_of_one_number_together() {
        let candidates: Vec<_> = (0..2).map(|number| candidate(number, [0, 1])).collect();
        let assignment = assign(Assignor::Range, &counted(&[5, 5]), candidates.clone(), &Assignment::new());
        for partition in 0..5 {
            let of = |topic| assignment[&PartitionId { topic: TopicId(topic), partition }];
            assert_eq!(of(0), of(1));
            assert_eq!(of(0), candidates[usize::from(partition > 2)].id);
        }
    }

    #[test]
    fn round_robin_takes_turns_over_topics() {
        let candidates: Vec<_> = (0..2).map(|number| candidate(number, [0, 1])).collect();
        let assignment = assign(Assignor::RoundRobin, &counted(&[3, 3]), candidates.clone(), &Assignment::new());
        assert_eq!(counts(&candidates, &assignment), [3, 3]);
        let narrow = vec![candidate(0, [0]), candidate(1, [0, 1])];
        let assignment = assign(Assignor::RoundRobin, &counted(&[2, 2]), narrow.clone(), &Assignment::new());
        assert_eq!(counts(&narrow, &assignment), [1, 3]);
    }

    #[test]
    fn sticky_evens_out_where_not_all_read_the_same() {
        let candidates = vec![candidate(0, [0, 1]), candidate(1, [1]), candidate(2, [0])];
        let lopsided: Assignment = [0, 1]
            .into_iter()
            .flat_map(|topic| topics::partitions(&[(TopicId(topic), 6)]).collect::<Vec<_>>())
            .map(|id| (id, candidates[0].id))
            .collect();
        let assignment = assign(Assignor::Sticky, &counted(&[6, 6]), candidates.clone(), &lopsided);
        assert_eq!(counts(&candidates, &assignment), [4, 4, 4]);
    }
}
