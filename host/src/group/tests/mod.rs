//! The group against time and chance.

mod consumers;
mod share_simulation;
mod sharers;
mod simulation;

use super::*;
use crate::model::name::GroupName;
use crate::model::subscription::Subscription;
use crate::model::topic::TopicId;

/// Numbers that follow from a seed (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

fn topic(number: u32) -> TopicName {
    TopicName::parse(&format!("t{number}")).unwrap()
}

fn topics(counts: &[u32]) -> Topics {
    (0..).zip(counts).map(|(number, count)| (topic(number), TopicId(number), *count)).collect()
}

fn id(topic: u32, partition: u32) -> PartitionId {
    PartitionId { topic: TopicId(topic), partition }
}

fn join(mode: Mode, names: &[u32]) -> Join {
    Join {
        mode,
        subscription: Subscription::topics(names.iter().map(|number| topic(*number)).collect()).unwrap(),
        session_ms: 100,
        poll_interval_ms: 1_000,
        instance: None,
        assignor: None,
        share: None,
    }
}

/// Joins with all offsets at the beginning.
fn admit(group: &mut Group, number: u64, join: Join, topics: &Topics, now_ms: i64) -> MemberId {
    let member = MemberId(number);
    let starts: Vec<_> =
        group.lacking(&group.resolve(&join.subscription, topics)).into_iter().map(|id| (id, 0)).collect();
    group.join(member, join, topics, &starts, now_ms).unwrap();
    member
}

fn named(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

/// Polls once: what it holds, or up to `count` records of each of its partitions, all of which go on for ever.
fn poll(group: &mut Group, member: MemberId, token: Option<&Token>, count: u64) -> Option<Lease> {
    match group.offer(member, token).unwrap() {
        Offer::Again(lease) => Some(lease),
        Offer::Fresh(fresh) => {
            let ranges = fresh.into_iter().map(|(partition, from)| Range { partition, from, next: from + count });
            group.lease(member, ranges.collect())
        }
    }
}

fn commit(group: &mut Group, member: MemberId, token: Token, now_ms: i64) -> Result<Begun, Refusal> {
    let begun = group.begin_commit(member, Commit::Token(token), now_ms)?;
    if let Begun::Moves(moves) = &begun {
        let stands: Vec<_> = moves.iter().map(|moved| (moved.partition, Some(moved.next))).collect();
        group.end_commit(member, &stands, now_ms);
    }
    Ok(begun)
}

/// The group as it is after a restart of the host.
fn restarted(group: &Group, kept: Kept, topics: &Topics, now_ms: i64) -> Group {
    let mut again = Group::load(group.name().clone(), kept, topics, 1_000_000, now_ms);
    let starts: Vec<_> = again.lacking_any(topics).into_iter().map(|id| (id, 0)).collect();
    again.resume(&starts, now_ms);
    again
}

/// The rows that are on the disk.
#[derive(Clone, Debug, Default)]
struct Disk {
    row: Option<GroupRow>,
    members: BTreeMap<MemberId, MemberRow>,
    offsets: BTreeMap<PartitionId, Offset>,
    shares: BTreeMap<PartitionId, Vec<ShareCell>>,
}

impl Disk {
    fn write(&mut self, rows: Vec<crate::store::Row>) {
        use crate::store::Row;
        for row in rows {
            match row {
                Row::Group { row, .. } => self.row = Some(row),
                Row::Member { id, row, .. } => drop(self.members.insert(id, row)),
                Row::MemberGone { id, .. } => drop(self.members.remove(&id)),
                Row::Offset { partition, next, at_ms, .. } => {
                    self.offsets.insert(partition, Offset { next, at_ms });
                }
                Row::Beginning { partition, next, at_ms, .. } => {
                    self.offsets.entry(partition).or_insert(Offset { next, at_ms });
                }
                Row::Share { partition, window, .. } => drop(self.shares.insert(partition, window)),
                other => panic!("a group has no row {other:?}"),
            }
        }
    }

    fn save(&mut self, group: &mut Group) -> Vec<Buried> {
        let Some(changes) = group.take_changes() else { return Vec::new() };
        self.write(changes.rows);
        changes.buried
    }

    fn kept(&self) -> Kept {
        Kept {
            row: self.row.clone().unwrap(),
            members: self.members.clone().into_iter().collect(),
            offsets: self.offsets.clone().into_iter().collect(),
            shares: self.shares.clone().into_iter().collect(),
        }
    }
}
