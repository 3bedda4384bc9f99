//! The promises, against a server and a host made up of chance.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const EACH: Rules = Rules {
    mode: Mode::Each { concurrency: 3 },
    attempts_max: 4,
    backoff: Backoff { initial_ms: 10, max_ms: 100 },
    breaker: Breaker { failures: 4, cooldown_ms: 1_000 },
};
const RUNS: Rules = Rules { mode: Mode::Runs { records: 8, bytes: 1_000 }, ..EACH };

fn keyless(offsets: Range<u64>) -> Vec<Item<'static>> {
    offsets.map(|offset| Item { offset, key: None, bytes: 100 }).collect()
}

fn failed(reason: &str) -> Verdict {
    Verdict::Failed { reason: reason.to_owned(), after_ms: None }
}

/// One call that sends until nothing is to be sent, the server answering by offset.
fn call(
    rules: Rules,
    pace: &mut Pace,
    items: &[Item<'_>],
    progress: Progress,
    now_ms: i64,
    mut server: impl FnMut(&[u64]) -> Verdict,
) -> (Vec<Vec<u64>>, Finished) {
    let mut deliveries = Deliveries::new(rules, pace, items.iter().copied(), progress, now_ms);
    let mut sent = Vec::new();
    loop {
        let wave = deliveries.next_wave();
        if wave.is_empty() {
            return (sent, deliveries.finish());
        }
        let answers: Vec<_> = wave
            .into_iter()
            .map(|run| {
                let offsets: Vec<u64> = items[run.clone()].iter().map(|item| item.offset).collect();
                let verdict = server(&offsets);
                sent.push(offsets);
                (run, verdict)
            })
            .collect();
        deliveries.settle(answers);
    }
}

#[test]
fn a_record_waits_for_those_of_its_key_only() {
    let (a, b) = (Some(&b"a"[..]), Some(&b"b"[..]));
    let items: Vec<Item> =
        (0..).zip([a, a, b, None, None, a]).map(|(offset, key)| Item { offset, key, bytes: 0 }).collect();
    let mut pace = Pace::default();
    let (sent, finished) = call(EACH, &mut pace, &items, Progress::default(), 0, |offsets| {
        if offsets == [0] { failed("busy") } else { Verdict::Delivered }
    });
    assert_eq!(sent, [[0], [2], [3]], "three at once, and a failure ends the call");
    assert_eq!((finished.done, finished.hold), (0, None), "the fifth may go at once");
    let (sent, finished) = call(EACH, &mut pace, &items, finished.progress, 0, |_| Verdict::Delivered);
    assert_eq!(sent, [[4]]);
    let hold = finished.hold.unwrap();
    assert_eq!(hold.reason, "busy; 1 of 4 attempts");
    let (sent, finished) = call(EACH, &mut pace, &items, finished.progress, hold.after_ms, |_| Verdict::Delivered);
    assert_eq!(sent, [[0], [1], [5]]);
    assert_eq!(finished, Finished { done: 6, rejections: Vec::new(), hold: None, progress: Progress::default() });
}

#[test]
fn a_poisoned_record_of_a_run_is_found_and_the_others_are_delivered() {
    let items = keyless(0..20);
    let mut pace = Pace::default();
    let poison = |offsets: &[u64]| {
        if offsets.contains(&5) { Verdict::Refused("bad".to_owned()) } else { Verdict::Delivered }
    };
    let (sent, finished) = call(RUNS, &mut pace, &items, Progress::default(), 0, poison);
    assert_eq!((finished.done, finished.hold), (20, None));
    assert_eq!(finished.rejections, [(5, "bad".to_owned())]);
    assert!(sent.iter().all(|offsets| offsets.len() <= 8));
    let delivered: Vec<u64> = sent.into_iter().filter(|offsets| !offsets.contains(&5)).flatten().collect();
    assert_eq!(delivered, (0..20).filter(|offset| *offset != 5).collect::<Vec<_>>());
}

#[test]
fn a_run_has_as_many_bytes_as_it_may_and_at_least_one_record() {
    let rules = Rules { mode: Mode::Runs { records: 8, bytes: 250 }, ..RUNS };
    let mut items = keyless(0..5);
    items[2].bytes = 1_000;
    let (sent, _) = call(rules, &mut Pace::default(), &items, Progress::default(), 0, |_| Verdict::Delivered);
    assert_eq!(sent, [vec![0, 1], vec![2], vec![3, 4]]);
}

#[test]
fn a_server_that_is_away_costs_no_attempt() {
    for rules in [EACH, RUNS] {
        let items = keyless(0..10);
        let (mut pace, mut progress, mut now_ms) = (Pace::default(), Progress::default(), 0);
        let mut requests = 0;
        while now_ms < 7 * 86_400_000 {
            let unreachable = |_: &[u64]| Verdict::Unreachable("refused".to_owned());
            let (sent, finished) = call(rules, &mut pace, &items, progress, now_ms, unreachable);
            requests += sent.len();
            assert_eq!((finished.done, &finished.progress), (0, &Progress::default()));
            progress = finished.progress;
            now_ms += finished.hold.unwrap().after_ms;
        }
        assert!((1_000..700_000).contains(&requests), "about one a cooldown: {requests}");
        let (_, finished) = call(rules, &mut pace, &items, progress, now_ms, |_| Verdict::Delivered);
        assert_eq!((finished.done, finished.rejections.len()), (10, 0));
    }
}

#[test]
fn an_open_breaker_sends_nothing_and_then_one_probe() {
    let items = keyless(0..10);
    let mut pace = Pace::default();
    let down = |_: &[u64]| failed("down");
    let (_, first) = call(EACH, &mut pace, &items, Progress::default(), 0, down);
    let (_, second) = call(EACH, &mut pace, &items, first.progress, 0, down);
    let hold = second.hold.unwrap();
    assert_eq!(hold.after_ms, 1_000);
    assert_eq!(hold.reason, "6 requests failed in a row, the last because down");
    let (sent, third) = call(EACH, &mut pace, &items, second.progress, 999, down);
    assert_eq!((sent.len(), third.hold.unwrap().after_ms), (0, 1));
    let (sent, fourth) = call(EACH, &mut pace, &items, third.progress, 1_000, |_| Verdict::Delivered);
    assert_eq!((sent.len(), sent[0].as_slice()), (10, &[0][..]));
    assert_eq!(fourth.done, 10);
}

#[test]
fn when_the_server_says_when_to_come_back_nobody_comes_before() {
    let items = keyless(0..4);
    let mut pace = Pace::default();
    let busy = |_: &[u64]| Verdict::Failed { reason: "busy".to_owned(), after_ms: Some(60_000) };
    let (_, finished) = call(EACH, &mut pace, &items, Progress::default(), 0, busy);
    assert_eq!(finished.hold, Some(Hold { after_ms: 60_000, reason: "busy".to_owned() }));
}

#[test]
fn what_lies_behind_the_window_waits() {
    let items = keyless(0..2_500);
    let stuck = |offsets: &[u64]| if offsets == [0] { failed("stuck") } else { Verdict::Delivered };
    let (mut pace, mut progress) = (Pace::default(), Progress::default());
    for _ in 0..2 {
        progress = call(EACH, &mut pace, &items, progress, 0, stuck).1.progress;
    }
    assert_eq!(progress.0.len(), WINDOW_RECORDS);
    let (_, finished) = call(EACH, &mut pace, &items, progress, 1_000, |_| Verdict::Delivered);
    assert_eq!((finished.done, finished.hold), (WINDOW_RECORDS, None));
}

#[test]
fn marks_of_records_that_are_no_longer_there_are_forgotten() {
    let marks = [(1, Mark::Delivered), (4, Mark::Delivered), (9, Mark::Rejected("bad".to_owned()))];
    let items = [Item { offset: 3, key: None, bytes: 0 }, Item { offset: 5, key: None, bytes: 0 }];
    let mut pace = Pace::default();
    let mut deliveries = Deliveries::new(EACH, &mut pace, items, Progress(marks.into()), 0);
    deliveries.settle([(1..2, Verdict::Delivered)]);
    let left = [(5, Mark::Delivered), (9, Mark::Rejected("bad".to_owned()))];
    assert_eq!(deliveries.finish().progress, Progress(left.into()));
}

/// What the server makes of the next request.
fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        6 => Just(Verdict::Delivered),
        1 => Just(Verdict::Refused("bad".to_owned())),
        2 => prop::option::weighted(0.3, 1..3_000_i64)
            .prop_map(|after_ms| Verdict::Failed { reason: "busy".to_owned(), after_ms }),
        1 => Just(Verdict::Unreachable("refused".to_owned())),
    ]
}

/// How the host goes about a call: how many records it gives, how many waves it waits for, whether the instance is new.
fn step() -> impl Strategy<Value = (usize, usize, bool)> {
    (1..12_usize, 1..4_usize, prop::bool::weighted(0.2))
}

proptest! {
    #[test]
    fn whatever_happens_each_record_is_delivered_or_rejected_once_and_in_the_order_of_its_key(
        keys in prop::collection::vec(prop::option::weighted(0.8, 0..4_u8), 1..40),
        verdicts in prop::collection::vec(verdict(), 0..120),
        steps in prop::collection::vec(step(), 1..40),
        in_runs: bool,
    ) {
        let rules = if in_runs { RUNS } else { EACH };
        // Offsets have gaps.
        let log: Vec<Item<'_>> = (0..).zip(&keys)
            .map(|(index, key)| Item { offset: index * 3 / 2, key: key.as_ref().map(std::slice::from_ref), bytes: 300 })
            .collect();
        let mut verdicts = verdicts.into_iter().chain(std::iter::repeat(Verdict::Delivered));
        let mut steps = steps.into_iter().cycle();
        let (mut pace, mut row, mut now_ms, mut start) = (Pace::default(), None::<Vec<u8>>, 0, 0);
        let (mut delivered, mut refused, mut reported) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut spent = HashMap::<u64, u32>::new();
        let mut calls = 0;
        while start < log.len() {
            calls += 1;
            prop_assert!(calls < 5_000, "it does not end");
            let (count, waves, is_new) = steps.next().unwrap();
            if is_new {
                pace = Pace::default();
            }
            let batch = &log[start..log.len().min(start + count)];
            let progress = row.as_deref().map(|row| Progress::decode(row).unwrap()).unwrap_or_default();
            let mut deliveries = Deliveries::new(rules, &mut pace, batch.iter().copied(), progress, now_ms);
            for _ in 0..waves {
                let wave = deliveries.next_wave();
                let most = match rules.mode { Mode::Each { concurrency } => concurrency, Mode::Runs { .. } => 1 };
                prop_assert!(wave.len() <= most);
                let mut answers = Vec::new();
                let settled: BTreeSet<u64> = delivered.union(&refused).copied().collect();
                for run in wave {
                    prop_assert!(run.len() == 1 || in_runs && run.len() <= 3, "by bytes, three go into a run");
                    for (index, item) in log.iter().enumerate().skip(start + run.start).take(run.len()) {
                        prop_assert!(!settled.contains(&item.offset), "{} is sent again", item.offset);
                        let before = log[..index].iter().filter(|other| item.key.is_some() && other.key == item.key);
                        let in_order = before.into_iter().all(|other| {
                            settled.contains(&other.offset) || batch[run.clone()].iter().any(|o| o.offset == other.offset)
                        });
                        prop_assert!(in_order, "{} overtakes its key", item.offset);
                    }
                    let verdict = verdicts.next().unwrap();
                    let offsets = batch[run.clone()].iter().map(|item| item.offset);
                    match &verdict {
                        Verdict::Delivered => delivered.extend(offsets),
                        Verdict::Refused(_) if run.len() == 1 => refused.extend(offsets),
                        Verdict::Failed { .. } if run.len() == 1 => {
                            let spent = spent.entry(batch[run.start].offset).or_default();
                            *spent += 1;
                            if *spent == rules.attempts_max {
                                refused.extend(offsets);
                            }
                        }
                        _ => {}
                    }
                    answers.push((run, verdict));
                }
                deliveries.settle(answers);
            }
            let finished = deliveries.finish();
            for item in &batch[..finished.done] {
                prop_assert!(delivered.contains(&item.offset) || refused.contains(&item.offset));
            }
            for (offset, _) in &finished.rejections {
                prop_assert!(refused.contains(offset) && reported.insert(*offset), "{offset} is rejected once");
                prop_assert!(batch[..finished.done].iter().any(|item| item.offset == *offset));
            }
            start += finished.done;
            row = finished.progress.encode().unwrap();
            now_ms += finished.hold.map_or(1, |hold| hold.after_ms);
        }
        prop_assert_eq!(&reported, &refused);
        prop_assert!(delivered.is_disjoint(&refused));
        prop_assert_eq!(delivered.len() + refused.len(), log.len());
        prop_assert_eq!(row, None, "nothing is left to remember");
    }
}
