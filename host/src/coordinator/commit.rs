//! Committing: offsets move in one unit, guarded by where they must stand; until it has ended, nobody else moves them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Coordinator;
use super::catalog::Place;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::group::{Begun, Commit, Group, Move, Range, Refusal, Token};
use crate::limits::{COMMIT_OFFSETS_MAX, HEAL_MS, MOVE_LOOK_MS, MOVE_WAIT_MS_MAX};
use crate::log::{Guard, Unit};
use crate::model::group::{MemberId, Mode};
use crate::model::name::{GroupName, TopicName};
use crate::model::topic::PartitionId;
use crate::store::Row;

/// What a member commits.
#[derive(Clone, Debug)]
pub enum CommitRequest {
    /// The batch of this token.
    Token(Token),
    /// The next offset to read of each.
    Offsets(Vec<(TopicName, u32, u64)>),
}

/// Offsets that move together with the records of a transaction.
#[derive(Clone, Debug)]
pub struct TransactionOffsets {
    pub group: GroupName,
    pub commit: TransactionCommit,
}

#[derive(Clone, Debug)]
pub enum TransactionCommit {
    /// The batch in a member's hands.
    Batch { member: MemberId, token: Token },
    /// Offsets, whoever says so.
    Offsets(Vec<(TopicName, u32, u64)>),
}

/// Offsets on their way to the disk, of one group or several. [`Coordinator::end`] must hear how it went.
#[derive(Debug, Default)]
pub struct Moving(Vec<MovingGroup>);

#[derive(Debug)]
struct MovingGroup {
    handle: Arc<Handle>,
    by: By,
    moves: Vec<Move>,
}

/// Who moves offsets.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Member(MemberId),
    /// A transaction that names offsets, or the coordinator itself.
    Anyone,
    /// A reset: what members hold is taken from them.
    Operator,
}

impl Coordinator {
    /// Commits a batch, or offsets of what the member has; answers what it has now.
    pub async fn commit(
        self: &Arc<Self>,
        name: &GroupName,
        member: MemberId,
        request: CommitRequest,
    ) -> Result<(u64, Vec<Place>)> {
        let handle = self.get(name).await?;
        if let CommitRequest::Token(token) = &request
            && handle.look(Group::mode)? == Mode::Share
        {
            return self.accept_all(&handle, member, token).await;
        }
        let commit = match request {
            CommitRequest::Token(token) => {
                self.check_token(&token, &handle, member)?;
                Commit::Token(token)
            }
            CommitRequest::Offsets(offsets) => Commit::Offsets(self.named_offsets(&offsets)?),
        };
        let seat = handle.seat(member)?;
        let _turn = seat.turn.lock().await;
        // Where the group begins is on the disk before it moves on from there.
        self.save(&handle).await?;
        let attempt = || handle.with(|group| group.begin_commit(member, commit.clone(), self.clock.now_ms()));
        let begun = self.once_free(&handle, attempt).await?;
        let begun = begun.map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
        if let Begun::Moves(moves) = begun {
            self.land(&handle, By::Member(member), moves).await?;
        }
        self.save(&handle).await?;
        self.standing(&handle, member)
    }

    /// Moves the group past ranges without records, of what the member may be given.
    pub(super) async fn skip(
        self: &Arc<Self>,
        handle: &Arc<Handle>,
        member: MemberId,
        ranges: Vec<Range>,
    ) -> Result<()> {
        let (coordinator, handle) = (Arc::clone(self), Arc::clone(handle));
        let skipping = async move {
            let moves = handle.with(|group| group.begin_skip(member, &ranges)).unwrap_or_default();
            // Where there are none, what was the member's has changed hands.
            if moves.is_empty() { Ok(()) } else { coordinator.land(&handle, By::Anyone, moves).await }
        };
        // Whoever polls may go in the middle of it.
        self.working.whole(skipping).await.ok_or_else(Error::shutting_down)?
    }

    /// Commits moves that have begun, by themselves, and ends them.
    pub(super) async fn land(self: &Arc<Self>, handle: &Arc<Handle>, by: By, moves: Vec<Move>) -> Result<()> {
        let group = MovingGroup { handle: Arc::clone(handle), by, moves };
        let mut unit = Unit::default();
        self.stage(&group, &mut unit);
        let committed = self.log.commit(unit).await.map(drop);
        self.end(Moving(vec![group]), committed.is_ok()).await;
        committed
    }

    /// Refuses a token whose batch the log does not have: what it says may never have been, or not be any more, since a crash
    /// of a host that syncs at intervals loses what came last.
    pub(super) fn check_token(&self, token: &Token, handle: &Handle, member: MemberId) -> Result<()> {
        let catalog = self.catalog();
        let is_there = |range: &Range| {
            catalog.partition(range.partition).is_none_or(|partition| range.next <= partition.high_watermark())
        };
        if token.ranges().iter().all(is_there) {
            return Ok(());
        }
        let standing = handle.look(|group| group.standing_of(member))?;
        Err(self.refused(Refusal::LeaseEnded(standing), handle, Some(member)))
    }

    /// Puts the offsets of a transaction into its unit.
    pub async fn begin(self: &Arc<Self>, all: Vec<TransactionOffsets>, unit: &mut Unit) -> Result<Moving> {
        self.check_once(&all)?;
        let over = tokio::time::Instant::now() + Duration::from_millis(MOVE_WAIT_MS_MAX);
        let guards = unit.guards.len();
        loop {
            let mut moving = Moving::default();
            let mut begun = Ok(());
            for TransactionOffsets { group, commit } in &all {
                match self.begin_group(group, commit, unit).await {
                    Ok(group) => moving.0.extend(group),
                    Err(error) => {
                        begun = Err((group, error));
                        break;
                    }
                }
            }
            let Err((group, error)) = begun else {
                for group in &moving.0 {
                    self.stage(group, unit);
                }
                return Ok(moving);
            };
            // Two that wait for each other with something in hand would wait for ever.
            self.end(moving, false).await;
            unit.guards.truncate(guards);
            let handle = self.find(group).filter(|_| error.code == MOVING && tokio::time::Instant::now() < over);
            let Some(handle) = handle else { return Err(error) };
            wait_for_move(&handle).await;
        }
    }

    /// Refuses a transaction that moves one offset twice.
    fn check_once(&self, all: &[TransactionOffsets]) -> Result<()> {
        let mut named = BTreeSet::new();
        for TransactionOffsets { group, commit } in all {
            let partitions: Vec<PartitionId> = match commit {
                TransactionCommit::Batch { token, .. } => token.ranges().iter().map(|range| range.partition).collect(),
                TransactionCommit::Offsets(offsets) => {
                    self.named_offsets(offsets)?.into_iter().map(|(partition, _)| partition).collect()
                }
            };
            for partition in partitions {
                if !named.insert((group, partition)) {
                    let name = self.catalog().name(partition);
                    return Err(Error::invalid(
                        "invalid-offsets",
                        format!("the transaction moves group {group} twice in {name}; name each partition once"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Begins to move offsets once nobody else does: whoever is first is seen by the next.
    pub(super) async fn once_free<T>(
        &self,
        handle: &Handle,
        attempt: impl Fn() -> Result<Result<T, Refusal>>,
    ) -> Result<Result<T, Refusal>> {
        let over = tokio::time::Instant::now() + Duration::from_millis(MOVE_WAIT_MS_MAX);
        loop {
            match attempt()? {
                Err(Refusal::Busy(_)) if tokio::time::Instant::now() < over => wait_for_move(handle).await,
                begun => return Ok(begun),
            }
        }
    }

    /// `None` where there is nothing to end: what is committed already can only be found to be.
    async fn begin_group(
        self: &Arc<Self>,
        name: &GroupName,
        commit: &TransactionCommit,
        unit: &mut Unit,
    ) -> Result<Option<MovingGroup>> {
        let now_ms = self.clock.now_ms();
        let (handle, by, begun) = match commit {
            TransactionCommit::Batch { member, token } => {
                let handle = self.get(name).await?;
                let member = *member;
                self.save(&handle).await?;
                self.check_token(token, &handle, member)?;
                let begun = handle.with(|group| group.begin_commit(member, Commit::Token(token.clone()), now_ms))?;
                let begun = begun.map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
                if begun == Begun::Done {
                    // The records would be stored a second time. Guards are looked at after the request's key.
                    if !token.ranges().is_empty() {
                        unit.guards.push(Guard::Never(Error::conflict(
                            "already-committed",
                            format!(
                                "the batch of this token is committed already, and nothing was written; poll for the next one of group {name}, and send an Idempotency-Key to be answered twice"
                            ),
                        )));
                    }
                    return Ok(None);
                }
                if let Begun::Moves(moves) = &begun
                    && !is_whole(token, moves)
                {
                    // Somebody moved the group within the batch: of what comes of all of it, a part is not to be written.
                    let stands: Vec<_> = moves.iter().map(|moved| (moved.partition, moved.expected)).collect();
                    handle.with(|group| {
                        group.end_commit(member, &stands, now_ms);
                        // What is left of it is a batch of its own, that the next poll answers.
                        group.retoken(member);
                    })?;
                    handle.moved.notify_waiters();
                    let standing = handle.look(|group| group.standing_of(member))?;
                    return Err(self.refused(Refusal::LeaseEnded(standing), &handle, Some(member)));
                }
                (handle, By::Member(member), begun)
            }
            TransactionCommit::Offsets(offsets) => {
                let wanted = self.named_offsets(offsets)?;
                let (handle, begun) = loop {
                    let handle = self.get_or_make(name, Mode::Consumer).await?;
                    // Where the group begins is on the disk before it moves on from there.
                    if !handle.is_new() {
                        self.save(&handle).await?;
                    }
                    let begun = handle.with(|group| match group.mode() {
                        Mode::Share => Err(Refusal::Mode(Mode::Share)),
                        Mode::Consumer => group.begin_move(&wanted),
                    });
                    // Else the group is being deleted in this moment, and is made anew after it.
                    if let Ok(begun) = begun {
                        break (handle, begun);
                    }
                };
                let moves = begun.map_err(|refusal| self.refused(refusal, &handle, None))?;
                (handle, By::Anyone, Begun::Moves(moves))
            }
        };
        let Begun::Moves(moves) = begun else { return Ok(None) };
        Ok(Some(MovingGroup { handle, by, moves }))
    }

    fn stage(&self, group: &MovingGroup, unit: &mut Unit) {
        let catalog = self.catalog();
        let at_ms = self.clock.now_ms();
        for Move { partition, expected, next } in &group.moves {
            let name = || group.handle.name.clone();
            match catalog.partition(*partition) {
                Some(partition) => unit.partitions.push(partition),
                None => unit.guards.push(Guard::Never(Error::not_found(
                    "unknown-topic",
                    format!("{} has no offsets any more; nothing was committed", catalog.name(*partition)),
                ))),
            }
            unit.guards.push(Guard::Offset { group: name(), partition: *partition, expected: *expected });
            unit.rows.push(Row::Offset { group: name(), partition: *partition, next: *next, at_ms });
        }
    }

    /// Tells the groups how it went: the store has the last word where it went wrong.
    pub async fn end(self: &Arc<Self>, moving: Moving, is_committed: bool) {
        for MovingGroup { handle, by, moves } in moving.0 {
            let stands: Vec<(PartitionId, Option<u64>)> = if is_committed {
                moves.iter().map(|moved| (moved.partition, Some(moved.next))).collect()
            } else {
                self.stands(&handle.name, &moves).await
            };
            let now_ms = self.clock.now_ms();
            // A group that was deleted meanwhile has nothing to end.
            let _ = handle.with(|group| match by {
                By::Member(member) => group.end_commit(member, &stands, now_ms),
                By::Anyone => group.end_move(&stands, now_ms),
                By::Operator => {
                    if is_committed {
                        group.take_back(stands.iter().map(|(id, _)| *id));
                    }
                    group.end_move(&stands, now_ms);
                }
            });
            handle.hurry(now_ms);
            handle.moved.notify_waiters();
            if is_committed && matches!(by, By::Member(_)) {
                self.metrics.group_commits.inc();
            }
            // A group that came with a transaction has a row from now on, or goes with it.
            if !is_committed {
                self.unmake(&handle);
            }
            if !handle.is_gone()
                && let Err(error) = self.save(&handle).await
            {
                tracing::warn!(group = %handle.name, %error, "what changed in a group is saved later");
            }
        }
    }

    /// Where the store has the offsets. It is asked until it answers: nobody else can know.
    async fn stands(&self, name: &GroupName, moves: &[Move]) -> Vec<(PartitionId, Option<u64>)> {
        loop {
            let read = || -> crate::store::Result<Vec<_>> {
                let snapshot = self.store.snapshot()?;
                moves.iter().map(|moved| Ok((moved.partition, snapshot.offset(name, moved.partition)?))).collect()
            };
            match read() {
                Ok(stands) => return stands,
                Err(error) if self.working.has_begun() => {
                    tracing::warn!(group = %name, %error, "where a group stands is not known; the next start finds out");
                    return moves.iter().map(|moved| (moved.partition, moved.expected)).collect();
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(HEAL_MS)).await,
            }
        }
    }

    /// Offsets by partition, each once, and none beyond the end.
    fn named_offsets(&self, offsets: &[(TopicName, u32, u64)]) -> Result<Vec<(PartitionId, u64)>> {
        if offsets.is_empty() || offsets.len() > COMMIT_OFFSETS_MAX {
            return Err(Error::invalid(
                "invalid-offsets",
                format!("{} offsets are named, and a commit has 1 to {COMMIT_OFFSETS_MAX}", offsets.len()),
            ));
        }
        let mut named = BTreeMap::new();
        for (topic, number, offset) in offsets {
            let partition = self.log.topic(topic)?.partition(*number)?;
            if *offset > partition.high_watermark() {
                partition.check_offset(*offset)?;
            }
            if named.insert(partition.id(), *offset).is_some() {
                return Err(Error::invalid(
                    "invalid-offsets",
                    format!("partition {number} of topic {topic} is named twice; name each once"),
                ));
            }
        }
        Ok(named.into_iter().collect())
    }
}

/// Whether a commit is of all that the token's batch had.
fn is_whole(token: &Token, moves: &[Move]) -> bool {
    let is_moved = |range: &Range| {
        let of_it = |moved: &&Move| moved.partition == range.partition;
        moves.iter().find(of_it).is_some_and(|moved| (moved.expected, moved.next) == (Some(range.from), range.next))
    };
    token.ranges().iter().all(is_moved)
}

/// The code of an error that another try ends.
const MOVING: &str = "offset-moving";

/// Returns once an offset of the group that was on its way has ended, or it is worth another look.
async fn wait_for_move(handle: &Handle) {
    let _ = tokio::time::timeout(Duration::from_millis(MOVE_LOOK_MS), handle.moved.notified()).await;
}
