//! A group, its clients and its disk in virtual time: a seed says who joins, leaves, pauses, crashes, is slow, loses an
//! answer, when topics grow, offsets are reset, and the host dies. Clients do what real ones do; the model beside them knows
//! by its own rules which batches are live and where each partition must stand. The same seed gives the same trace.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::model::group::Assignor;
use crate::model::name::InstanceId;

const SEEDS: u64 = 1_000;
const CHAOS_MS: i64 = 6_000;
const QUIET_MS: i64 = 30_000;
const SESSION_MS: u64 = 100;
const INTERVAL_MS: u64 = 400;
const CLIENTS: usize = 5;

#[derive(Debug, Default)]
struct Client {
    instance: Option<u64>,
    member: Option<MemberId>,
    /// The last token that it has seen.
    token: Option<Token>,
    /// The batch that it works on, as far as it is not committed.
    batch: Option<Lease>,
    /// When its handler is done.
    done_ms: i64,
    /// It hears nothing and does nothing until then.
    paused_until_ms: i64,
    /// Its handler takes so long that it commits nothing in time, or it sends no heartbeats meanwhile.
    is_mute: bool,
    heard_ms: i64,
}

/// A commit between its begin and its end.
#[derive(Debug)]
struct Flight {
    client: usize,
    member: Option<MemberId>,
    moves: Vec<Move>,
    ends_ms: i64,
    lands: bool,
    /// What the client commits by: its batch's end, or an offset within it.
    is_whole: bool,
}

/// What the model knows of a member: by these rules, and no other, its batches are live.
#[derive(Clone, Copy, Debug)]
struct Known {
    heard_ms: i64,
    worked_ms: i64,
    is_gone: bool,
}

struct World {
    chance: Chance,
    now_ms: i64,
    counts: Vec<u32>,
    /// The high watermark of each partition.
    ends: BTreeMap<PartitionId, u64>,
    group: Group,
    disk: Disk,
    clients: Vec<Client>,
    flights: Vec<Flight>,
    known: BTreeMap<MemberId, Known>,
    /// The batch that is out of each partition, and since when.
    out: BTreeMap<PartitionId, (MemberId, i64)>,
    reset_ms: BTreeMap<PartitionId, i64>,
    /// Where each partition must stand, and who brought it there.
    stands: BTreeMap<PartitionId, u64>,
    members: u64,
    trace: DefaultHasher,
    commits: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let counts = vec![1 + u32::try_from(chance.below(6)).unwrap(), 1 + u32::try_from(chance.below(3)).unwrap()];
        let mut world = Self {
            chance,
            now_ms: 1_000,
            counts,
            ends: BTreeMap::new(),
            group: Group::new(named("g"), Mode::Consumer, 0),
            disk: Disk::default(),
            clients: (0..CLIENTS).map(|_| Client::default()).collect(),
            flights: Vec::new(),
            known: BTreeMap::new(),
            out: BTreeMap::new(),
            reset_ms: BTreeMap::new(),
            stands: BTreeMap::new(),
            members: 0,
            trace: DefaultHasher::new(),
            commits: 0,
        };
        world.save();
        world
    }

    fn topics(&self) -> Topics {
        topics(&self.counts)
    }

    fn log(&mut self, what: impl Hash) {
        (self.now_ms, what).hash(&mut self.trace);
    }

    /// What every answer waits for.
    fn save(&mut self) {
        self.disk.save(&mut self.group);
        for (id, offset) in &self.disk.offsets {
            self.stands.entry(*id).or_insert(offset.next);
        }
    }

    fn heard(&mut self, client: usize, member: MemberId, is_work: bool) {
        self.clients[client].heard_ms = self.now_ms;
        if let Some(known) = self.known.get_mut(&member) {
            known.heard_ms = self.now_ms;
            if is_work {
                known.worked_ms = self.now_ms;
            }
        }
    }

    /// Whether a batch that the member was given at that time may still be worked on, by the rules that it was told.
    fn is_live(&self, member: MemberId, id: PartitionId, since_ms: i64) -> bool {
        let Some(known) = self.known.get(&member) else { return false };
        let commits = self.flights.iter().any(|flight| flight.member == Some(member));
        let is_there = commits
            || (self.now_ms - known.heard_ms < SESSION_MS.cast_signed()
                && self.now_ms - known.worked_ms < INTERVAL_MS.cast_signed());
        !known.is_gone && is_there && self.reset_ms.get(&id).is_none_or(|reset_ms| *reset_ms < since_ms)
    }

    fn act(&mut self, index: usize, is_quiet: bool) {
        if self.now_ms < self.clients[index].paused_until_ms {
            return;
        }
        if self.flights.iter().any(|flight| flight.client == index) {
            return;
        }
        let Some(member) = self.clients[index].member else {
            if is_quiet || self.chance.one_in(4) {
                self.join(index);
            }
            return;
        };
        if self.clients[index].batch.is_none() {
            return self.poll(index, member, is_quiet);
        }
        if self.now_ms < self.clients[index].done_ms {
            let is_due = self.now_ms - self.clients[index].heard_ms >= SESSION_MS.cast_signed() / 3;
            if is_due && !self.clients[index].is_mute {
                match self.group.heartbeat(member, self.now_ms) {
                    Ok(()) => self.heard(index, member, false),
                    Err(_) => self.forget(index),
                }
            }
            return;
        }
        self.commit(index, member, is_quiet);
    }

    fn forget(&mut self, index: usize) {
        let instance = self.clients[index].instance;
        self.clients[index] = Client { instance, heard_ms: self.now_ms, ..Client::default() };
    }

    fn join(&mut self, index: usize) {
        if self.chance.one_in(3) {
            self.clients[index].instance = Some(index as u64);
        }
        let instance = self.clients[index].instance.map(|number| InstanceId::parse(&format!("i{number}")).unwrap());
        let replaced = self.group.members().into_iter().find(|m| instance.is_some() && m.instance == instance);
        let names: &[u32] = if self.chance.one_in(4) { &[0] } else { &[0, 1] };
        let assignor = self.chance.one_in(10).then(|| {
            [Assignor::Sticky, Assignor::Range, Assignor::RoundRobin][usize::try_from(self.chance.below(3)).unwrap()]
        });
        let join = Join {
            session_ms: SESSION_MS,
            poll_interval_ms: INTERVAL_MS,
            instance,
            assignor,
            ..join(Mode::Consumer, names)
        };
        self.members += 1;
        let topics = self.topics();
        let member = admit(&mut self.group, self.members, join, &topics, self.now_ms);
        self.save();
        if let Some(replaced) = replaced {
            self.known.entry(replaced.id).and_modify(|known| known.is_gone = true);
        }
        let known = Known { heard_ms: self.now_ms, worked_ms: self.now_ms, is_gone: false };
        self.known.insert(member, known);
        self.log(("joins", index));
        let is_lost = self.chance.one_in(10);
        self.clients[index].heard_ms = self.now_ms;
        self.clients[index].member = (!is_lost).then_some(member);
    }

    fn poll(&mut self, index: usize, member: MemberId, is_quiet: bool) {
        if self.group.begin_poll(member, self.now_ms).is_err() {
            return self.forget(index);
        }
        self.heard(index, member, true);
        self.save();
        let token = self.clients[index].token.clone();
        let lease = match self.group.offer(member, token.as_ref()).unwrap() {
            Offer::Again(lease) => Some(lease),
            Offer::Fresh(fresh) => {
                let count = 1 + self.chance.below(8);
                let ranges = fresh.into_iter().filter_map(|(partition, from)| {
                    let next = self.ends.get(&partition).copied().unwrap_or(0).min(from + count);
                    (from < next).then_some(Range { partition, from, next })
                });
                self.group.lease(member, ranges.collect())
            }
        };
        self.save();
        self.group.end_poll(member, self.now_ms);
        // It works on nothing, so what it is not given now it does not have.
        self.out.retain(|_, (holder, _)| *holder != member);
        let Some(lease) = lease else { return };
        for part in &lease.parts {
            let id = part.range.partition;
            assert_eq!(self.stands[&id], part.range.from, "a batch begins where the group stands");
            if let Some((holder, since_ms)) = self.out.get(&id).copied().filter(|(holder, _)| *holder != member) {
                assert!(
                    !self.is_live(holder, id, since_ms),
                    "{} ms: two live batches of {id:?}: of {holder} since {since_ms} and of {member}",
                    self.now_ms
                );
            }
            self.out.insert(id, (member, self.now_ms));
        }
        self.log(("polls", index, lease.token.to_string()));
        if !is_quiet && self.chance.one_in(12) {
            // The answer is lost: it asks again.
            return;
        }
        let slow = !is_quiet && self.chance.one_in(15);
        let work_ms = if slow { self.chance.below(900) } else { self.chance.below(30) };
        let is_mute = slow && self.chance.one_in(2);
        let client = &mut self.clients[index];
        client.done_ms = self.now_ms + work_ms.cast_signed();
        client.is_mute = is_mute;
        client.token = Some(lease.token.clone());
        client.batch = Some(lease);
    }

    fn commit(&mut self, index: usize, member: MemberId, is_quiet: bool) {
        let lease = self.clients[index].batch.clone().unwrap();
        let partial = self.chance.one_in(6) && lease.parts[0].range.next - lease.parts[0].range.from > 1;
        let what = if partial {
            Commit::Offsets(vec![(lease.parts[0].range.partition, lease.parts[0].range.from + 1)])
        } else {
            Commit::Token(lease.token.clone())
        };
        match self.group.begin_commit(member, what, self.now_ms) {
            Ok(Begun::Done) => {
                self.heard(index, member, true);
                self.log(("knows", index));
                self.clients[index].batch = None;
            }
            Ok(Begun::Moves(moves)) => {
                self.heard(index, member, true);
                let ends_ms = self.now_ms
                    + self.chance.below(if self.chance.0.is_multiple_of(9) { 150 } else { 10 }).cast_signed();
                let lands = is_quiet || !self.chance.one_in(30);
                let is_whole = !partial;
                self.flights.push(Flight { client: index, member: Some(member), moves, ends_ms, lands, is_whole });
            }
            Err(Refusal::Busy(_)) => {}
            Err(Refusal::LeaseEnded(_) | Refusal::NotAssigned(..)) => {
                let since = self.out.get(&lease.parts[0].range.partition).copied();
                let was_live = lease.parts.iter().all(|part| {
                    since.is_some_and(|(holder, since_ms)| {
                        holder == member && self.is_live(member, part.range.partition, since_ms)
                    })
                });
                let is_reset = lease.parts.iter().any(|part| self.reset_ms.contains_key(&part.range.partition));
                assert!(!was_live || is_reset, "{} ms: a live batch of {member} is refused", self.now_ms);
                self.log(("refused", index));
                self.clients[index].batch = None;
                self.clients[index].token = None;
            }
            Err(_) => self.forget(index),
        }
    }

    /// Ends the commits whose time has come.
    fn land(&mut self) {
        let (over, under_way) = std::mem::take(&mut self.flights).into_iter().partition(|f| f.ends_ms <= self.now_ms);
        self.flights = under_way;
        for flight in over {
            if flight.lands {
                self.write(&flight);
            }
            let stands: Vec<_> = flight
                .moves
                .iter()
                .map(|moved| (moved.partition, self.disk.offsets.get(&moved.partition).map(|offset| offset.next)))
                .collect();
            let Some(member) = flight.member else {
                self.group.take_back(flight.moves.iter().map(|moved| moved.partition));
                self.group.end_move(&stands, self.now_ms);
                self.save();
                continue;
            };
            self.group.end_commit(member, &stands, self.now_ms);
            self.save();
            if let Some(known) = self.known.get_mut(&member) {
                (known.heard_ms, known.worked_ms) = (self.now_ms, self.now_ms);
            }
            let is_lost = self.chance.one_in(12);
            if self.clients[flight.client].member != Some(member) || is_lost || !flight.lands {
                continue;
            }
            if flight.is_whole {
                self.clients[flight.client].batch = None;
            } else if let Some(batch) = &mut self.clients[flight.client].batch {
                batch.parts[0].range.from = flight.moves[0].next;
            }
        }
    }

    /// The commit's transaction: its guards hold, and its offsets are on the disk.
    fn write(&mut self, flight: &Flight) {
        for Move { partition, expected, next } in &flight.moves {
            assert_eq!(self.disk.offsets.get(partition).map(|offset| offset.next), *expected, "the guard holds");
            assert_eq!(self.stands.get(partition).copied(), *expected, "an owner goes on where the last one ended");
            self.disk.offsets.insert(*partition, Offset { next: *next, at_ms: self.now_ms });
            self.stands.insert(*partition, *next);
            if flight.is_whole {
                self.out.remove(partition);
            }
            if flight.member.is_none() {
                self.reset_ms.insert(*partition, self.now_ms);
            }
            self.log(("commits", flight.client, partition.partition, *next));
            self.commits += 1;
        }
    }

    fn chaos(&mut self) {
        let index = usize::try_from(self.chance.below(CLIENTS as u64)).unwrap();
        match self.chance.below(60) {
            0 => {
                self.log(("crashes", index));
                self.forget(index);
            }
            1 => self.clients[index].paused_until_ms = self.now_ms + self.chance.below(400).cast_signed(),
            2 => {
                if let Some(member) = self.clients[index].member {
                    let _ = self.group.leave(member, self.now_ms);
                    self.save();
                    self.known.entry(member).and_modify(|known| known.is_gone = true);
                    self.log(("leaves", index));
                    self.flights.iter_mut().filter(|f| f.client == index).for_each(|f| f.client = CLIENTS);
                    self.clients.push(Client::default());
                    self.clients.truncate(CLIENTS + 1);
                    self.forget(index);
                }
            }
            3 if self.chance.one_in(3) => {
                let topic = usize::try_from(self.chance.below(2)).unwrap();
                self.counts[topic] += 1;
                let topics = self.topics();
                let starts: Vec<_> = self.group.lacking_any(&topics).into_iter().map(|id| (id, 0)).collect();
                self.group.topics_changed(&topics, &starts, self.now_ms);
                self.save();
            }
            4 if self.chance.one_in(2) => self.reset(),
            5 if self.chance.one_in(3) => self.restart(),
            _ => {}
        }
    }

    /// Moves an offset, members or no members.
    fn reset(&mut self) {
        let Some(id) = self.stands.keys().nth(usize::try_from(self.chance.below(4)).unwrap()).copied() else { return };
        let to = self.chance.below(self.ends.get(&id).copied().unwrap_or(0) + 1);
        let Ok(moves) = self.group.begin_move(&[(id, to)]) else { return };
        self.clients.resize_with(CLIENTS + 1, Client::default);
        let ends_ms = self.now_ms + self.chance.below(20).cast_signed();
        self.flights.push(Flight { client: CLIENTS, member: None, moves, ends_ms, lands: true, is_whole: false });
    }

    /// `kill -9`: what was not on the disk is not; a commit under way is, or is not.
    fn restart(&mut self) {
        for flight in std::mem::take(&mut self.flights) {
            if self.chance.one_in(2) {
                self.write(&flight);
            }
        }
        let over: Vec<_> = self.out.iter().filter(|(id, (who, since))| !self.is_live(*who, **id, *since)).collect();
        let over: Vec<PartitionId> = over.into_iter().map(|(id, _)| *id).collect();
        self.out.retain(|id, _| !over.contains(id));
        let topics = self.topics();
        self.group = restarted(&self.group, self.disk.kept(), &topics, self.now_ms);
        self.save();
        for known in self.known.values_mut() {
            (known.heard_ms, known.worked_ms) = (self.now_ms, self.now_ms);
        }
        self.log("restarts");
    }

    fn step(&mut self, is_quiet: bool) {
        self.now_ms += 1 + self.chance.below(12).cast_signed();
        for id in topics::partitions(&[(TopicId(0), self.counts[0]), (TopicId(1), self.counts[1])]) {
            let more = self.chance.below(3);
            *self.ends.entry(id).or_default() += if is_quiet { 0 } else { more };
        }
        self.land();
        self.group.expire(self.now_ms);
        self.save();
        for index in 0..CLIENTS {
            self.act(index, is_quiet);
        }
        if !is_quiet {
            self.chaos();
        }
        self.check();
    }

    /// What holds between any two events.
    fn check(&mut self) {
        for (id, next) in &self.stands {
            assert_eq!(self.disk.offsets[id].next, *next);
        }
        let kept: Vec<_> = self.disk.members.values().flat_map(|member| member.assignment.iter()).collect();
        let mut once = kept.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), kept.len(), "a partition is one member's");
    }

    fn run(mut self) -> (u64, u64) {
        let end_ms = self.now_ms + CHAOS_MS;
        while self.now_ms < end_ms {
            self.step(false);
        }
        // All are well again; whoever is not there any more is found out.
        self.now_ms += 10;
        for client in &mut self.clients {
            client.paused_until_ms = 0;
            client.done_ms = client.done_ms.min(self.now_ms + 30);
        }
        let settle_ms = self.now_ms + 4 * INTERVAL_MS.cast_signed();
        while self.now_ms < settle_ms {
            self.step(true);
        }
        assert_eq!(self.group.state(), GroupState::Stable, "a quiet group converges");
        let epoch = self.group.row().epoch;
        assert!(self.group.members().iter().all(|member| member.epoch == epoch), "and all know it");
        let end_ms = self.now_ms + QUIET_MS;
        while self.now_ms < end_ms && self.ends.iter().any(|(id, end)| self.stands.get(id) < Some(end)) {
            self.step(true);
        }
        let wants_both = self.group.members().iter().any(|member| member.subscription.matches(&topic(1)));
        for (id, end) in self.ends.iter().filter(|(id, _)| wants_both || id.topic == TopicId(0)) {
            assert_eq!(self.stands.get(id), Some(end), "nobody starves: {id:?}");
        }
        assert!(self.commits > 0);
        (self.trace.finish(), self.commits)
    }
}

#[test]
fn consumers_of_a_thousand_seeds() {
    let mut commits = 0;
    for seed in 0..SEEDS {
        let run = std::panic::catch_unwind(|| World::new(seed).run());
        let Ok((trace, count)) = run else { panic!("seed {seed} fails") };
        commits += count;
        if seed % 20 == 0 {
            assert_eq!(World::new(seed).run().0, trace, "seed {seed} gives the same trace");
        }
    }
    eprintln!("{SEEDS} seeds, {commits} offsets committed");
}
