//! Who has a partition keeps it. What nobody has goes to who has least; then partitions move from those who have most to
//! those who have least, one by one, for as long as that evens something out. Where all read the same topics no balanced
//! assignment moves fewer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assignment, Candidate, readers};
use crate::group::topics::partitions;
use crate::model::group::MemberId;
use crate::model::topic::{PartitionId, TopicId};

/// The candidates' loads. A candidate is its place in the list.
struct Loads {
    owned: Vec<BTreeMap<TopicId, BTreeSet<PartitionId>>>,
    load: Vec<usize>,
    /// Topics with the same readers are of one class.
    class_of: BTreeMap<TopicId, usize>,
    /// The readers of each class, the least loaded first.
    classes: Vec<BTreeSet<(usize, usize)>>,
    /// The classes that each candidate reads.
    reads: Vec<Vec<usize>>,
    /// All, the most loaded last.
    all: BTreeSet<(usize, usize)>,
}

impl Loads {
    fn new(topics: &BTreeMap<TopicId, u32>, candidates: &[Candidate]) -> Self {
        let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let mut class_of = BTreeMap::new();
        for topic in topics.keys() {
            let next = known.len();
            class_of.insert(*topic, *known.entry(readers(candidates, *topic)).or_insert(next));
        }
        let mut classes = vec![BTreeSet::new(); known.len()];
        let mut reads = vec![Vec::new(); candidates.len()];
        for (readers, class) in known {
            for reader in readers {
                classes[class].insert((0, reader));
                reads[reader].push(class);
            }
        }
        Self {
            owned: vec![BTreeMap::new(); candidates.len()],
            load: vec![0; candidates.len()],
            class_of,
            classes,
            reads,
            all: (0..candidates.len()).map(|reader| (0, reader)).collect(),
        }
    }

    fn set_load(&mut self, reader: usize, load: usize) {
        let before = std::mem::replace(&mut self.load[reader], load);
        let classes = self.reads[reader].iter().copied();
        for class in classes {
            self.classes[class].remove(&(before, reader));
            self.classes[class].insert((load, reader));
        }
        self.all.remove(&(before, reader));
        self.all.insert((load, reader));
    }

    fn give(&mut self, reader: usize, id: PartitionId) {
        self.owned[reader].entry(id.topic).or_default().insert(id);
        self.set_load(reader, self.load[reader] + 1);
    }

    /// The one of a topic's readers that has least.
    fn least(&self, topic: TopicId) -> Option<(usize, usize)> {
        self.readers(topic)?.first().copied()
    }

    fn readers(&self, topic: TopicId) -> Option<&BTreeSet<(usize, usize)>> {
        self.classes.get(*self.class_of.get(&topic)?)
    }

    /// Moves one partition of the most loaded candidate that can be relieved; `false` where nobody can.
    fn even_out(&mut self) -> bool {
        for (load, from) in self.all.iter().rev().copied() {
            let relief = self.owned[from].iter().filter_map(|(topic, owned)| {
                let (least, to) = self.least(*topic)?;
                // The last of them: partitions of low numbers stay longest.
                (least + 2 <= load).then_some((least, to, *owned.last()?))
            });
            let Some((_, to, id)) = relief.min() else { continue };
            if let Some(owned) = self.owned[from].get_mut(&id.topic) {
                owned.remove(&id);
            }
            self.set_load(from, load - 1);
            self.give(to, id);
            return true;
        }
        false
    }
}

pub(super) fn assign(topics: &BTreeMap<TopicId, u32>, candidates: &[Candidate], current: &Assignment) -> Assignment {
    let places: BTreeMap<MemberId, usize> = candidates.iter().map(|candidate| candidate.id).zip(0..).collect();
    let mut loads = Loads::new(topics, candidates);
    let mut free = Vec::new();
    for (topic, count) in topics {
        for id in partitions(&[(*topic, *count)]) {
            let owner = current.get(&id).and_then(|member| places.get(member)).copied();
            match owner.filter(|owner| candidates[*owner].topics.contains(topic)) {
                Some(owner) => loads.give(owner, id),
                None => free.push(id),
            }
        }
    }
    // Those that few can read first, so that those few are not loaded with what others could have read.
    free.sort_by_key(|id| loads.readers(id.topic).map_or(0, BTreeSet::len));
    for id in free {
        if let Some((_, reader)) = loads.least(id.topic) {
            loads.give(reader, id);
        }
    }
    while loads.even_out() {}
    let owned = loads.owned.into_iter().zip(candidates);
    owned.flat_map(|(owned, candidate)| owned.into_values().flatten().map(|id| (id, candidate.id))).collect()
}
