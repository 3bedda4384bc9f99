//! One group as the coordinator has it: its state, if that is in memory, and what callers wait on.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{MutexGuard, Notify};

use crate::error::{Error, Kind, Result};
use crate::group::Group;
use crate::model::group::MemberId;
use crate::model::name::GroupName;

#[derive(Debug)]
pub(super) struct Handle {
    pub(super) name: GroupName,
    /// `None` where it is not in memory, or deleted.
    group: Mutex<Option<Box<Group>>>,
    /// Held by whoever changes who or what is in the group, from the first look to the last word.
    changing: tokio::sync::Mutex<()>,
    /// One unit of changes at a time is on its way to the disk,
    pub(super) saving: tokio::sync::Mutex<()>,
    /// and all up to this count are there.
    saved: AtomicU64,
    /// The count of topics' changes that the group knows of; 0 where it is not in memory.
    seen: AtomicU64,
    /// Nothing falls due before.
    due_ms: AtomicI64,
    members: Mutex<HashMap<MemberId, Arc<Seat>>>,
    /// An offset that was on its way has arrived, or not.
    pub(super) moved: Notify,
    /// Nothing of it is on the disk.
    new: AtomicBool,
    /// The group was taken out, for good: one of the same name has another handle.
    gone: AtomicBool,
}

/// What the calls of one member share.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// There is something to look at for its polls.
    pub(super) news: Notify,
    /// Batches are given and committed one at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Handle {
    pub(super) fn new(name: GroupName) -> Self {
        Self {
            name,
            group: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
            saving: tokio::sync::Mutex::new(()),
            saved: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            due_ms: AtomicI64::new(i64::MAX),
            members: Mutex::default(),
            moved: Notify::new(),
            new: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    /// A group that there was not.
    pub(super) fn make(group: Group) -> Self {
        let handle = Self { new: AtomicBool::new(true), ..Self::new(group.name().clone()) };
        handle.put(group);
        handle
    }

    /// Takes the turn to change the group; `None` where there is nothing left to change.
    pub(super) async fn alone(&self) -> Option<MutexGuard<'_, ()>> {
        let guard = self.changing.lock().await;
        (!self.is_gone()).then_some(guard)
    }

    /// The same, where nobody else has the turn.
    pub(super) fn try_alone(&self) -> Option<MutexGuard<'_, ()>> {
        self.changing.try_lock().ok().filter(|_| !self.is_gone())
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.group.lock().is_some()
    }

    pub(super) fn has_members(&self) -> bool {
        self.group.lock().as_ref().is_some_and(|group| group.has_members())
    }

    pub(super) fn put(&self, group: Group) {
        let due_ms = group.due_ms();
        *self.group.lock() = Some(Box::new(group));
        self.hurry(due_ms);
    }

    /// Drops the state from memory, where it has neither members nor anything that is not saved. Nobody else may have the
    /// handle.
    pub(super) fn unload(&self) {
        let mut group = self.group.lock();
        if group
            .as_ref()
            .is_some_and(|group| !group.has_members() && group.version() <= self.saved.load(Ordering::Acquire))
        {
            *group = None;
            self.seen.store(0, Ordering::Release);
            self.saved.store(0, Ordering::Release);
        }
    }

    /// Takes the state out of memory, so that nothing happens to it; refused where an offset is on its way to the disk.
    pub(super) fn take(&self) -> Result<Option<Box<Group>>> {
        let mut group = self.group.lock();
        if group.as_ref().is_some_and(|group| group.is_moving()) {
            return Err(Error::new(
                Kind::Overloaded,
                "offset-moving",
                format!("somebody is moving the offsets of group {} at this moment; try again", self.name),
            ));
        }
        self.seen.store(0, Ordering::Release);
        Ok(group.take())
    }

    /// Puts back what was taken, as it was; or nothing, where it is to be loaded anew.
    pub(super) fn put_back(&self, group: Option<Box<Group>>) {
        if group.is_none() {
            self.saved.store(0, Ordering::Release);
        }
        *self.group.lock() = group;
    }

    /// The group is deleted: whoever still has the handle finds nothing, and looks for another.
    pub(super) fn end(&self) {
        self.gone.store(true, Ordering::Release);
        self.due_ms.store(i64::MAX, Ordering::Release);
    }

    pub(super) fn has_seen(&self, version: u64) -> bool {
        self.seen.load(Ordering::Acquire) >= version
    }

    pub(super) fn saw(&self, version: u64) {
        self.seen.fetch_max(version, Ordering::AcqRel);
    }

    pub(super) fn is_due(&self, now_ms: i64) -> bool {
        self.due_ms.load(Ordering::Acquire) <= now_ms
    }

    /// Something falls due at this time.
    pub(super) fn hurry(&self, due_ms: i64) {
        self.due_ms.fetch_min(due_ms, Ordering::AcqRel);
    }

    /// Looks at the state.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Group) -> T) -> Result<T> {
        self.group.lock().as_deref().map(look).ok_or_else(|| super::unknown(&self.name))
    }

    /// Does something to the state, then wakes whom that concerns.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Group) -> T) -> Result<T> {
        let mut guard = self.group.lock();
        let group = guard.as_deref_mut().ok_or_else(|| super::unknown(&self.name))?;
        let done = act(group);
        let woken = group.take_woken();
        drop(guard);
        if !woken.is_empty() {
            let members = self.members.lock();
            for id in woken {
                if let Some(seat) = members.get(&id) {
                    seat.news.notify_one();
                }
            }
        }
        Ok(done)
    }

    pub(super) fn expire(&self, now_ms: i64) -> Vec<MemberId> {
        let expired = self.with(|group| {
            let gone = group.expire(now_ms);
            self.due_ms.store(group.due_ms(), Ordering::Release);
            gone
        });
        // A group that was deleted meanwhile has nobody.
        expired.unwrap_or_default()
    }

    pub(super) fn is_unsaved(&self) -> bool {
        self.look(Group::version).is_ok_and(|version| version > self.saved.load(Ordering::Acquire))
    }

    /// Whether the group was just made, and nothing of it was ever saved.
    pub(super) fn is_new(&self) -> bool {
        self.new.load(Ordering::Acquire)
    }

    pub(super) fn mark_saved(&self, version: u64) {
        self.new.store(false, Ordering::Release);
        self.saved.fetch_max(version, Ordering::AcqRel);
    }

    pub(super) fn seat(&self, member: MemberId) -> Result<Arc<Seat>, Error> {
        // Seats are for members only: whoever makes up ids gets none.
        self.look(|group| {
            let mut members = self.members.lock();
            if group.session_ms_of(member).is_none() {
                return members.get(&member).cloned().unwrap_or_default();
            }
            Arc::clone(members.entry(member).or_default())
        })
    }

    pub(super) fn forget(&self, gone: &[MemberId]) {
        let mut members = self.members.lock();
        for id in gone {
            if let Some(seat) = members.remove(id) {
                // All its polls learn that it is not there any more, also the one that is about to wait.
                seat.news.notify_waiters();
                seat.news.notify_one();
            }
        }
    }

    /// Forgets whoever is not a member any more.
    pub(super) fn forget_strangers(&self) {
        let gone: Vec<MemberId> = self
            .look(|group| {
                let members = self.members.lock();
                members.keys().copied().filter(|id| group.session_ms_of(*id).is_none()).collect()
            })
            .unwrap_or_default();
        self.forget(&gone);
    }
}
