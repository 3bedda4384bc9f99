//! Committing: offsets move in one unit, guarded by where they must stand; until it has ended, nobody else moves them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Coordinator;
use super::catalog::Place;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::group::{Begun, Commit, Move, Token};
use crate::limits::{COMMIT_OFFSETS_MAX, HEAL_MS};
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
    member: Option<MemberId>,
    moves: Vec<Move>,
    /// The group came with this transaction, and goes where it fails.
    is_made: bool,
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
            && handle.look(|group| group.mode())? == Mode::Share
        {
            return self.accept_all(&handle, member, token).await;
        }
        let commit = match request {
            CommitRequest::Token(token) => Commit::Token(token),
            CommitRequest::Offsets(offsets) => Commit::Offsets(self.named_offsets(&offsets)?),
        };
        let seat = handle.seat(member)?;
        let _turn = seat.turn.lock().await;
        let now_ms = self.clock.now_ms();
        let begun = handle
            .with(|group| group.begin_commit(member, commit, now_ms))?
            .map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
        if let Begun::Moves(moves) = begun {
            let mut unit = Unit::default();
            let group = MovingGroup { handle: Arc::clone(&handle), member: Some(member), moves, is_made: false };
            self.stage(&group, &mut unit);
            let committed = self.log.commit(unit).await.map(drop);
            self.end(Moving(vec![group]), committed.is_ok()).await;
            committed?;
            self.metrics.group_commits.inc();
        }
        self.save(&handle).await?;
        self.standing(&handle, member)
    }

    /// Puts the offsets of a transaction into its unit.
    pub async fn begin(self: &Arc<Self>, all: Vec<TransactionOffsets>, unit: &mut Unit) -> Result<Moving> {
        let mut moving = Moving::default();
        for TransactionOffsets { group, commit } in all {
            match self.begin_group(&group, commit, unit).await {
                Ok(begun) => moving.0.extend(begun),
                Err(error) => {
                    self.end(moving, false).await;
                    return Err(error);
                }
            }
        }
        for group in &moving.0 {
            self.stage(group, unit);
        }
        Ok(moving)
    }

    /// `None` where there is nothing to end: what is committed already can only be found to be.
    async fn begin_group(
        self: &Arc<Self>,
        name: &GroupName,
        commit: TransactionCommit,
        unit: &mut Unit,
    ) -> Result<Option<MovingGroup>> {
        let now_ms = self.clock.now_ms();
        let (handle, is_made, member, begun) = match commit {
            TransactionCommit::Batch { member, token } => {
                let handle = self.get(name).await?;
                let begun = handle.with(|group| group.begin_commit(member, Commit::Token(token.clone()), now_ms))?;
                let begun = begun.map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
                if begun == Begun::Done {
                    // The records would be stored a second time. A request that is known by its key is answered before this
                    // is looked at.
                    for range in token.ranges() {
                        let (group, partition) = (name.clone(), range.partition);
                        unit.guards.push(Guard::Offset { group, partition, expected: Some(range.from) });
                    }
                    return Ok(None);
                }
                (handle, false, Some(member), begun)
            }
            TransactionCommit::Offsets(offsets) => {
                let wanted = self.named_offsets(&offsets)?;
                let is_made = self.find(name).is_none();
                let handle = self.get_or_make(name, Mode::Consumer).await?;
                if handle.look(|group| group.mode())? == Mode::Share {
                    return Err(self.refused(crate::group::Refusal::Mode(Mode::Share), &handle, None));
                }
                let begun = handle.with(|group| group.begin_move(&wanted))?;
                let moves = begun.map_err(|refusal| self.refused(refusal, &handle, None))?;
                (handle, is_made, None, Begun::Moves(moves))
            }
        };
        let Begun::Moves(moves) = begun else { return Ok(None) };
        Ok(Some(MovingGroup { handle, member, moves, is_made }))
    }

    fn stage(&self, group: &MovingGroup, unit: &mut Unit) {
        let catalog = self.catalog();
        let at_ms = self.clock.now_ms();
        for Move { partition, expected, next } in &group.moves {
            let name = || group.handle.name.clone();
            unit.partitions.extend(catalog.partition(*partition));
            unit.guards.push(Guard::Offset { group: name(), partition: *partition, expected: *expected });
            unit.rows.push(Row::Offset { group: name(), partition: *partition, next: *next, at_ms });
        }
    }

    /// Tells the groups how it went: the store has the last word where it went wrong.
    pub async fn end(self: &Arc<Self>, moving: Moving, is_committed: bool) {
        for MovingGroup { handle, member, moves, is_made } in moving.0 {
            let stands: Vec<(PartitionId, Option<u64>)> = if is_committed {
                moves.iter().map(|moved| (moved.partition, Some(moved.next))).collect()
            } else {
                self.stands(&handle.name, &moves).await
            };
            let now_ms = self.clock.now_ms();
            // A group that was deleted meanwhile has nothing to end.
            let _ = handle.with(|group| match member {
                Some(member) => group.end_commit(member, &stands, now_ms),
                None => group.end_move(&stands, now_ms),
            });
            handle.hurry(now_ms);
            if is_made && !is_committed && stands.iter().all(|(_, stands)| stands.is_none()) {
                self.unmake(&handle);
            } else if is_made && let Err(error) = self.save(&handle).await {
                tracing::warn!(group = %handle.name, %error, "a group's row is saved later");
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

    /// A group that was made for something that came to nothing.
    fn unmake(&self, handle: &Arc<Handle>) {
        let mut groups = self.groups.write();
        let is_empty = handle.look(|group| !group.has_members() && group.offsets().is_empty()).unwrap_or(false);
        // The map and this call have it; whoever else does may be about to use it.
        if is_empty && Arc::strong_count(handle) <= 2 {
            groups.remove(&handle.name);
        }
    }
}

/// Offsets of one group, moved by an operator.
pub(super) fn of_group(handle: &Arc<Handle>, moves: Vec<Move>) -> Moving {
    Moving(vec![MovingGroup { handle: Arc::clone(handle), member: None, moves, is_made: false }])
}
