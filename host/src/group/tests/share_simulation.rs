//! A share group, its clients and its disk in virtual time: a seed says who joins, crashes, accepts, gives back, refuses or lets
//! lie, and when the host dies. No record is in two pairs of hands, and each is accepted or a dead letter, once.

use super::*;
use crate::model::group::ShareConfig;

const SEEDS: u64 = 250;
const SESSION_MS: u64 = 100;
const LOCK_MS: i64 = 50;

/// Share mode: one partition, records from 0 on.
struct Sharing {
    chance: Chance,
    now_ms: i64,
    end: u64,
    group: Group,
    disk: Disk,
    /// Each client's member, and what it has, with when its time is over.
    clients: Vec<(Option<MemberId>, BTreeMap<u64, i64>)>,
    heard_ms: BTreeMap<MemberId, i64>,
    /// Until when a delivery is its member's.
    until_ms: BTreeMap<(MemberId, u64, u16), i64>,
    accepted: BTreeMap<u64, u64>,
    buried: BTreeMap<u64, u64>,
    members: u64,
}

impl Sharing {
    fn save(&mut self) {
        for buried in self.disk.save(&mut self.group) {
            *self.buried.entry(buried.offset).or_default() += 1;
        }
    }

    fn join(&mut self, index: usize) {
        let share = Some(ShareConfig { lock_ms: LOCK_MS.cast_unsigned(), deliveries_max: 4 });
        let join = Join { session_ms: SESSION_MS, share, ..join(Mode::Share, &[0]) };
        self.members += 1;
        let member = admit(&mut self.group, self.members, join, &topics(&[1]), self.now_ms);
        self.heard_ms.insert(member, self.now_ms);
        self.clients[index] = (Some(member), BTreeMap::new());
        self.save();
    }

    fn poll(&mut self, index: usize, member: MemberId) {
        if self.group.begin_poll(member, self.now_ms).is_err() {
            self.clients[index] = (None, BTreeMap::new());
            return;
        }
        self.heard_ms.insert(member, self.now_ms);
        let lease = match self.group.offer(member, None).unwrap() {
            Offer::Again(lease) => Some(lease),
            Offer::Fresh(fresh) => {
                let found: Vec<_> = fresh
                    .into_iter()
                    .map(|(partition, from)| {
                        let next = self.end.min(from + 1 + self.chance.below(10)).max(from);
                        // The log has holes: every seventh offset.
                        let offsets = (from..next).filter(|offset| offset % 7 != 6).collect();
                        Found { range: Range { partition, from, next }, offsets }
                    })
                    .collect();
                self.group.acquire(member, &found, self.now_ms)
            }
        };
        self.save();
        self.group.end_poll(member, self.now_ms);
        for (offset, deliveries) in lease.into_iter().flat_map(|lease| lease.parts).flat_map(|part| part.only.unwrap())
        {
            assert!(deliveries <= 4);
            assert!(!self.accepted.contains_key(&offset), "{offset} was accepted, and is handed out again");
            assert!(!self.buried.contains_key(&offset), "{offset} is a dead letter, and is handed out again");
            for (other, (whose, has)) in self.clients.iter().enumerate() {
                let is_live = has.get(&offset).is_some_and(|until_ms| *until_ms > self.now_ms)
                    && whose.is_some_and(|id| self.now_ms - self.heard_ms[&id] < SESSION_MS.cast_signed());
                assert!(other == index || !is_live, "{offset} is in two pairs of hands");
            }
            let until_ms = *self.until_ms.entry((member, offset, deliveries)).or_insert(self.now_ms + LOCK_MS);
            self.clients[index].1.insert(offset, until_ms);
        }
    }

    fn act(&mut self, index: usize, is_quiet: bool) {
        let Some(member) = self.clients[index].0 else {
            if is_quiet || self.chance.one_in(3) {
                self.join(index);
            }
            return;
        };
        let Some((offset, _)) = self.clients[index].1.pop_first() else {
            return self.poll(index, member);
        };
        let ack = match self.chance.below(if is_quiet { 6 } else { 9 }) {
            6 => Ack::Release,
            7 => Ack::Reject,
            8 => return,
            _ => Ack::Accept,
        };
        let what = [Acknowledgement { partition: id(0, 0), offset, ack }];
        match self.group.acknowledge(member, &what, self.now_ms) {
            Ok(()) => {
                self.heard_ms.insert(member, self.now_ms);
                self.save();
                if ack == Ack::Accept {
                    *self.accepted.entry(offset).or_default() += 1;
                }
            }
            Err(Refusal::NotAcquired(..)) => {}
            Err(_) => self.clients[index] = (None, BTreeMap::new()),
        }
    }

    fn run(mut self) {
        for step in 0..1_500 {
            let is_quiet = step > 1_000;
            self.now_ms += 1 + self.chance.below(8).cast_signed();
            self.end += if is_quiet { 0 } else { self.chance.below(4) };
            self.group.expire(self.now_ms);
            self.save();
            for index in 0..self.clients.len() {
                self.act(index, is_quiet);
            }
            if is_quiet {
                continue;
            }
            let index = usize::try_from(self.chance.below(self.clients.len() as u64)).unwrap();
            match self.chance.below(60) {
                0 => self.clients[index] = (None, BTreeMap::new()),
                1 => {
                    self.group = restarted(&self.group, self.disk.kept(), &topics(&[1]), self.now_ms);
                    self.save();
                    self.heard_ms.values_mut().for_each(|heard_ms| *heard_ms = self.now_ms);
                    self.clients.iter_mut().for_each(|(_, has)| has.clear());
                    self.until_ms.clear();
                }
                _ => {}
            }
        }
        for offset in (0..self.end).filter(|offset| offset % 7 != 6) {
            let times = self.accepted.get(&offset).unwrap_or(&0) + self.buried.get(&offset).unwrap_or(&0);
            assert_eq!(times, 1, "{offset} is accepted, or a dead letter, once");
        }
        assert_eq!(self.group.offsets()[&id(0, 0)].next, self.end);
    }
}

#[test]
fn sharers_of_many_seeds() {
    for seed in 0..SEEDS {
        let world = Sharing {
            chance: Chance(seed),
            now_ms: 1_000,
            end: 0,
            group: Group::new(named("g"), Mode::Share, 0),
            disk: Disk::default(),
            clients: vec![(None, BTreeMap::new()); 4],
            heard_ms: BTreeMap::new(),
            until_ms: BTreeMap::new(),
            accepted: BTreeMap::new(),
            buried: BTreeMap::new(),
            members: 0,
        };
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
        assert!(run.is_ok(), "seed {seed} fails");
    }
}
