//! Consumer mode, one story at a time.

use super::*;
use crate::model::name::InstanceId;

fn group() -> Group {
    Group::new(named("g"), Mode::Consumer, 0)
}

fn consumer(names: &[u32]) -> Join {
    join(Mode::Consumer, names)
}

#[test]
fn a_batch_is_repeated_until_it_is_committed() {
    let (mut group, topics) = (group(), topics(&[2]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let first = poll(&mut group, a, None, 10).unwrap();
    assert_eq!(first.parts.len(), 2);
    // Its answer was lost: with or without the token, it is the same batch.
    assert_eq!(poll(&mut group, a, None, 99).unwrap(), first);
    assert_eq!(poll(&mut group, a, Some(&first.token), 99).unwrap(), first);
    assert!(matches!(commit(&mut group, a, first.token.clone(), 1), Ok(Begun::Moves(_))));
    // The answer to the commit was lost.
    assert_eq!(commit(&mut group, a, first.token.clone(), 1), Ok(Begun::Done));
    let second = poll(&mut group, a, Some(&first.token), 10).unwrap();
    assert!(second.parts.iter().all(|part| part.range.from == 10));
    assert_ne!(second.token, first.token);
}

#[test]
fn a_part_of_a_batch_is_committed_by_offsets() {
    let (mut group, topics) = (group(), topics(&[1]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    for next in [3, 4] {
        let begun = group.begin_commit(a, Commit::Offsets(vec![(id(0, 0), next)]), 1).unwrap();
        assert!(matches!(begun, Begun::Moves(_)));
        group.end_commit(a, &[(id(0, 0), Some(next))], 1);
    }
    let rest = poll(&mut group, a, None, 99).unwrap();
    assert_eq!((rest.token == lease.token, rest.parts[0].range.from, rest.parts[0].range.next), (true, 4, 10));
    assert!(commit(&mut group, a, lease.token, 1).is_ok());
    assert_eq!(group.offsets()[&id(0, 0)].next, 10);
}

#[test]
fn a_partition_changes_hands_once_its_batch_is_committed() {
    let (mut group, topics) = (group(), topics(&[2]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    let b = admit(&mut group, 2, consumer(&[0]), &topics, 0);
    assert_eq!(group.state(), GroupState::Reconciling);
    assert_eq!((poll(&mut group, b, None, 10), group.standing_of(b).assignment.len()), (None, 0));
    assert!(commit(&mut group, a, lease.token, 1).is_ok());
    assert_eq!(group.state(), GroupState::Stable);
    let (a_has, b_has) = (group.standing_of(a), group.standing_of(b));
    assert_eq!((a_has.assignment.len(), b_has.assignment.len(), a_has.epoch), (1, 1, b_has.epoch));
    assert_eq!(poll(&mut group, b, None, 10).unwrap().parts[0].range.from, 10);
}

#[test]
fn whoever_is_silent_for_too_long_commits_nothing() {
    let (mut group, topics) = (group(), topics(&[2]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    let b = admit(&mut group, 2, consumer(&[0]), &topics, 90);
    assert_eq!(group.expire(99), []);
    assert_eq!(group.due_ms(), 100);
    assert_eq!(group.expire(100), [a]);
    assert_eq!(group.standing_of(b).assignment.len(), 2);
    let refused = commit(&mut group, a, lease.token, 100).unwrap_err();
    assert_eq!(refused, Refusal::UnknownMember { epoch: group.row().epoch });
    assert_eq!(poll(&mut group, b, None, 10).unwrap().parts[0].range.from, 0);
}

#[test]
fn whoever_is_heard_and_does_not_poll_loses_what_it_has_until_it_does() {
    let (mut group, topics) = (group(), topics(&[2]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    let b = admit(&mut group, 2, consumer(&[0]), &topics, 0);
    for now_ms in (0..=1_000).step_by(50) {
        group.heartbeat(a, now_ms).unwrap();
        group.begin_poll(b, now_ms).unwrap();
        group.end_poll(b, now_ms);
        assert_eq!(group.expire(now_ms), []);
    }
    assert_eq!((group.standing_of(a).assignment.len(), group.standing_of(b).assignment.len()), (0, 2));
    let Refusal::LeaseEnded(standing) = commit(&mut group, a, lease.token, 1_000).unwrap_err() else { panic!() };
    assert_eq!(standing.assignment, []);
    group.begin_poll(a, 1_001).unwrap();
    group.end_poll(a, 1_001);
    assert_eq!(group.standing_of(a).assignment.len(), 1);
}

#[test]
fn a_static_member_that_starts_anew_has_what_it_had() {
    let (mut group, topics) = (group(), topics(&[6]));
    let named = |name: &str| Join { instance: Some(InstanceId::parse(name).unwrap()), ..consumer(&[0]) };
    let a = admit(&mut group, 1, named("a"), &topics, 0);
    let b = admit(&mut group, 2, named("b"), &topics, 0);
    let (a_had, b_had) = (group.standing_of(a), group.standing_of(b));
    let lease = poll(&mut group, a, None, 10).unwrap();
    let again = admit(&mut group, 3, named("a"), &topics, 50);
    assert_eq!((group.standing_of(again), group.standing_of(b)), (a_had, b_had));
    assert_eq!(group.heartbeat(a, 50), Err(Refusal::Replaced { instance: InstanceId::parse("a").unwrap() }));
    assert!(commit(&mut group, a, lease.token.clone(), 50).is_err());
    // The old process's batch is nobody's any more, also to the new one.
    assert!(matches!(commit(&mut group, again, lease.token, 50), Err(Refusal::LeaseEnded(_))));
    assert_eq!(poll(&mut group, again, None, 10).unwrap().parts.len(), 3);
}

#[test]
fn after_a_restart_of_the_host_a_member_has_its_batch_again() {
    let (mut group, topics) = (group(), topics(&[2]));
    let mut disk = Disk::default();
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    disk.save(&mut group);

    let mut again = restarted(&group, disk.kept(), &topics, 5);
    let b = admit(&mut again, 2, consumer(&[0]), &topics, 5);
    assert_eq!(again.standing_of(b).assignment, [], "what may be in hand stays where it is");
    assert_eq!(poll(&mut again, a, Some(&lease.token), 99).unwrap(), lease);
    assert!(commit(&mut again, a, lease.token.clone(), 6).is_ok());
    assert_eq!(again.standing_of(b).assignment.len(), 1);

    // The commit alone does as well; and one that had gone through is known.
    let mut again = restarted(&group, disk.kept(), &topics, 5);
    assert!(matches!(commit(&mut again, a, lease.token.clone(), 6), Ok(Begun::Moves(_))));
    for part in &lease.parts {
        disk.offsets.insert(part.range.partition, Offset { next: 10, at_ms: 6 });
    }
    let mut again = restarted(&group, disk.kept(), &topics, 7);
    assert_eq!(commit(&mut again, a, lease.token, 8), Ok(Begun::Done));
}

#[test]
fn new_partitions_and_topics_are_picked_up() {
    let mut group = group();
    let pattern = crate::model::subscription::Pattern::parse("t.*|g\\..*").unwrap();
    let wanting = Join { subscription: Subscription::Pattern(pattern), ..consumer(&[0]) };
    let a = admit(&mut group, 1, wanting, &topics(&[1]), 0);
    assert_eq!(group.standing_of(a).assignment, [id(0, 0)]);
    let more = topics(&[2, 1]);
    let starts: Vec<_> = group.lacking_any(&more).into_iter().map(|id| (id, 7)).collect();
    group.topics_changed(&more, &starts, 1);
    assert_eq!(group.standing_of(a).assignment, [id(0, 0), id(0, 1), id(1, 0)]);
    assert_eq!(group.offsets()[&id(0, 1)].next, 7);
    // A topic that goes takes along what was held of it.
    let lease = poll(&mut group, a, None, 5).unwrap();
    group.topics_changed(&topics(&[2]), &[], 2);
    assert_eq!(group.standing_of(a).assignment, [id(0, 0), id(0, 1)]);
    assert_eq!(poll(&mut group, a, Some(&lease.token), 5).unwrap().parts.len(), 2);
    // A group's own dead letters are nothing that a pattern means.
    let own = [(TopicName::parse("g.dead-letters").unwrap(), TopicId(9), 1)].into_iter().collect();
    group.topics_changed(&own, &[], 3);
    assert_eq!(group.standing_of(a).assignment, []);
}

#[test]
fn a_reset_ends_the_batches_that_it_passes() {
    let (mut group, topics) = (group(), topics(&[2]));
    let a = admit(&mut group, 1, consumer(&[0]), &topics, 0);
    let lease = poll(&mut group, a, None, 10).unwrap();
    let moves = group.begin_move(&[(id(0, 0), 100)]).unwrap();
    assert_eq!(moves, [Move { partition: id(0, 0), expected: Some(0), next: 100 }]);
    assert_eq!(
        group.begin_commit(a, Commit::Token(lease.token.clone()), 1),
        Err(Refusal::Busy(id(0, 0))),
        "one at a time"
    );
    group.end_move(&[(id(0, 0), Some(100))], 1);
    let Begun::Moves(left) = commit(&mut group, a, lease.token, 1).unwrap() else { panic!() };
    assert_eq!(left.iter().map(|moved| moved.partition).collect::<Vec<_>>(), [id(0, 1)]);
    let ranges: Vec<_> = poll(&mut group, a, None, 1).unwrap().parts;
    assert_eq!(ranges.iter().map(|part| part.range.from).sum::<u64>(), 110);
}

#[test]
fn a_hundred_members_over_a_thousand_partitions() {
    let (mut group, topics) = (group(), topics(&[1_000]));
    let members: Vec<_> = (0..100).map(|number| admit(&mut group, number, consumer(&[0]), &topics, 0)).collect();
    let owners = |group: &Group| -> Vec<_> { (0..1_000).map(|number| group.holder_of(id(0, number))).collect() };
    let before = owners(&group);
    group.leave(members[41], 1).unwrap();
    let after = owners(&group);
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(moved, 10, "only what the one who left had");
    admit(&mut group, 200, consumer(&[0]), &topics, 2);
    let moved = after.iter().zip(owners(&group)).filter(|(before, after)| *before != after).count();
    assert_eq!(moved, 10, "only what the one who came gets");
}
