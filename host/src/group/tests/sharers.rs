//! Share mode, one story at a time.

use super::*;
use crate::model::group::ShareConfig;

fn sharer(names: &[u32]) -> Join {
    Join { share: Some(ShareConfig { lock_ms: 50, deliveries_max: 2 }), ..join(Mode::Share, names) }
}

/// Polls once: what it holds, or up to `count` records of each partition.
fn take(group: &mut Group, member: MemberId, count: u64, now_ms: i64) -> Vec<(u64, u16)> {
    let lease = match group.offer(member, None).unwrap() {
        Offer::Again(lease) => Some(lease),
        Offer::Fresh(fresh) => {
            let found: Vec<_> = fresh
                .into_iter()
                .map(|(partition, from)| Found {
                    range: Range { partition, from, next: from + count },
                    offsets: (from..from + count).collect(),
                })
                .collect();
            group.acquire(member, &found, now_ms)
        }
    };
    lease.map_or_else(Vec::new, |lease| lease.parts.into_iter().flat_map(|part| part.only.unwrap()).collect())
}

fn acks(offsets: &[u64], ack: Ack) -> Vec<Acknowledgement> {
    offsets.iter().map(|offset| Acknowledgement { partition: id(0, 0), offset: *offset, ack }).collect()
}

#[test]
fn many_read_one_partition_and_each_record_is_in_one_pair_of_hands() {
    let (mut group, topics) = (Group::new(named("g"), Mode::Share, 0), topics(&[1]));
    let a = admit(&mut group, 1, sharer(&[0]), &topics, 0);
    let b = admit(&mut group, 2, sharer(&[0]), &topics, 0);
    assert_eq!(take(&mut group, a, 2, 0), [(0, 1), (1, 1)]);
    assert_eq!(take(&mut group, b, 2, 0), [(2, 1), (3, 1)]);
    assert_eq!(take(&mut group, a, 2, 0), [(0, 1), (1, 1)], "what it holds, until it is acknowledged");
    let refused = group.acknowledge(b, &acks(&[2, 1], Ack::Accept), 1);
    assert_eq!(refused, Err(Refusal::NotAcquired(id(0, 0), 1)), "all or nothing");
    group.acknowledge(b, &acks(&[2], Ack::Accept), 1).unwrap();
    assert_eq!(group.offsets()[&id(0, 0)].next, 0, "what comes before is not done");
    group.acknowledge(a, &acks(&[0, 1], Ack::Accept), 1).unwrap();
    assert_eq!(group.offsets()[&id(0, 0)].next, 3);
    assert_eq!(take(&mut group, b, 9, 1), [(3, 1)]);
}

#[test]
fn what_comes_back_is_handed_out_again_and_is_a_dead_letter_at_last() {
    let (mut group, topics) = (Group::new(named("g"), Mode::Share, 0), topics(&[1]));
    let a = admit(&mut group, 1, sharer(&[0]), &topics, 0);
    assert_eq!(take(&mut group, a, 3, 0), [(0, 1), (1, 1), (2, 1)]);
    group.acknowledge(a, &acks(&[0], Ack::Release), 1).unwrap();
    group.acknowledge(a, &acks(&[1], Ack::Reject), 1).unwrap();
    group.acknowledge(a, &acks(&[2], Ack::Renew), 20).unwrap();
    // The renewed one stays longer.
    group.heartbeat(a, 60).unwrap();
    group.expire(60);
    assert_eq!(take(&mut group, a, 3, 60), [(2, 1)]);
    group.expire(70);
    assert_eq!(take(&mut group, a, 3, 70), [(0, 2), (2, 2)]);
    group.heartbeat(a, 120).unwrap();
    group.expire(120);
    let changes = group.take_changes().unwrap();
    let buried: Vec<_> = changes.buried.iter().map(|buried| (buried.offset, buried.deliveries)).collect();
    assert_eq!(buried, [(1, 1), (0, 2), (2, 2)]);
    assert_eq!(group.offsets()[&id(0, 0)].next, 3);
    // What could not be saved is saved later.
    group.put_back(changes);
    assert_eq!(group.take_changes().unwrap().buried.len(), 3);
    assert!(group.take_changes().is_none());
}

#[test]
fn a_member_that_goes_gives_back_what_it_has() {
    let (mut group, topics) = (Group::new(named("g"), Mode::Share, 0), topics(&[1]));
    let a = admit(&mut group, 1, sharer(&[0]), &topics, 0);
    let b = admit(&mut group, 2, sharer(&[0]), &topics, 0);
    take(&mut group, a, 2, 0);
    group.leave(a, 1).unwrap();
    assert_eq!(take(&mut group, b, 2, 1), [(0, 2), (1, 2)]);
}

#[test]
fn the_modes_do_not_mix() {
    let topics = topics(&[1]);
    let mut group = Group::new(named("g"), Mode::Share, 0);
    let a = admit(&mut group, 1, sharer(&[0]), &topics, 0);
    assert_eq!(group.join(MemberId(2), join(Mode::Consumer, &[0]), &topics, &[], 0), Err(Refusal::Mode(Mode::Share)));
    assert!(matches!(group.begin_commit(a, Commit::Offsets(vec![]), 0), Err(Refusal::Mode(Mode::Share))));
    let mut group = Group::new(named("g"), Mode::Consumer, 0);
    let a = admit(&mut group, 1, join(Mode::Consumer, &[0]), &topics, 0);
    assert_eq!(group.acknowledge(a, &[], 0), Err(Refusal::Mode(Mode::Consumer)));
}
