//! The coordinator: where log and groups meet. It gives members batches of what is theirs, commits what they commit, and
//! says who is behind.
//!
//! ```text
//! poll:   offer (group) --> read (log) --> lease (group) --> answer       nothing is written
//! commit: begin (group) --> one unit, guarded by where the offset must stand --> end (group)
//! join, leave, expiry, acknowledge: group --> save: the rows of what changed, one unit at a time
//! ```
//!
//! An answer leaves once all that it rests on is saved. A group's state lies in memory under one short lock; what is not
//! there is loaded when somebody asks for it, and groups without members are dropped from memory again.
//!
//! Knows nothing of HTTP, nor of deployments: their groups are reserved names here.

mod acknowledge;
mod catalog;
mod commit;
mod handle;
mod lag;
mod membership;
mod poll;
mod reset;
mod retire;
mod save;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

pub use acknowledge::AckRequest;
pub use catalog::Place;
pub use commit::{CommitRequest, Moving, TransactionCommit, TransactionOffsets};
pub use membership::{JoinRequest, Joined};
pub use poll::{Delivered, PollRequest, Polled};
pub use reset::{ResetPartition, ResetRequest, ResetTo};
pub use status::{GroupStatus, GroupSummary, MemberStatus, PartitionStatus};

use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::group::{Group, Kept, Refusal, Standing};
use crate::limits::{GROUP_RETENTION_CHECK_MS, GROUP_TICK_MS, GROUPS_MAX};
use crate::log::Log;
use crate::model::group::{GroupRow, MemberId, Mode};
use crate::model::name::GroupName;
use crate::shutdown::Shutdown;
use crate::store::Store;
use crate::telemetry::Metrics;
use catalog::Catalog;
use handle::Handle;

/// What a coordinator stands on.
#[derive(Debug)]
pub struct Coordinator {
    log: Arc<Log>,
    store: Arc<Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    /// Changes run to their end in here.
    working: Shutdown,
    /// Begins first, and wakes whoever waits for records.
    serving: Shutdown,
    groups: RwLock<BTreeMap<GroupName, Arc<Handle>>>,
    /// Groups of deployments: nobody else moves them.
    reserved: RwLock<BTreeMap<GroupName, Reservation>>,
    catalog: RwLock<Arc<Catalog>>,
    /// What member ids are made of.
    ids: AtomicU64,
    members: AtomicUsize,
    retention_ms: u64,
    started_ms: i64,
}

/// A name that is kept for a deployment.
#[derive(Debug, Default)]
struct Reservation {
    /// Calls that are about to make it.
    pending: u32,
    is_deployment: bool,
}

/// What a coordinator is told.
#[derive(Debug)]
pub struct CoordinatorOptions {
    /// How long a group without members is kept.
    pub retention_ms: u64,
    /// A number that no other host has.
    pub random: u64,
    /// The groups of deployments.
    pub reserved: BTreeSet<GroupName>,
}

impl Coordinator {
    /// Takes up the groups there are, and looks after them until the shutdown.
    pub fn start(
        log: Arc<Log>,
        store: Arc<Store>,
        options: CoordinatorOptions,
        clock: Clock,
        metrics: Arc<Metrics>,
        (working, serving): (Shutdown, Shutdown),
    ) -> Result<Arc<Self>> {
        let CoordinatorOptions { retention_ms, random, reserved } = options;
        let snapshot = store.snapshot()?;
        let mut names: BTreeSet<GroupName> = snapshot.group_names()?.into_iter().collect();
        names.extend(snapshot.groups_with_offsets()?);
        let groups = names.difference(&reserved).map(|name| (name.clone(), Arc::new(Handle::new(name.clone()))));
        let groups: BTreeMap<_, _> = groups.collect();
        // Sessions run from now on, so these are taken up at once.
        let with_members = snapshot.groups_with_members()?;
        drop(snapshot);
        let coordinator = Arc::new(Self {
            catalog: RwLock::new(Arc::new(Catalog::read(&log))),
            log,
            store,
            started_ms: clock.now_ms(),
            clock,
            metrics,
            working: working.clone(),
            serving,
            groups: RwLock::new(groups),
            reserved: RwLock::new(
                reserved.into_iter().map(|name| (name, Reservation { pending: 0, is_deployment: true })).collect(),
            ),
            ids: AtomicU64::new(random),
            members: AtomicUsize::new(0),
            retention_ms,
        });
        coordinator.count_groups(&coordinator.groups.read());
        working.spawn(Arc::clone(&coordinator).take_up(with_members));
        working.spawn(Arc::clone(&coordinator).tick());
        working.spawn(Arc::clone(&coordinator).follow_topics());
        working.spawn(Arc::clone(&coordinator).retire_idle());
        Ok(coordinator)
    }

    async fn take_up(self: Arc<Self>, names: Vec<GroupName>) {
        for name in names {
            let Some(handle) = self.find(&name) else { continue };
            if let Err(error) = self.bring_up(&handle).await.map(drop) {
                tracing::error!(group = %name, %error, "a group cannot be taken up");
            }
        }
    }

    /// Ends sessions and leases whose time is over.
    async fn tick(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(GROUP_TICK_MS)) => {}
                () = self.working.begun() => return,
            }
            let now_ms = self.clock.now_ms();
            let due: Vec<_> = self.groups.read().values().filter(|handle| handle.is_due(now_ms)).cloned().collect();
            for handle in due {
                let gone = handle.expire(now_ms);
                if !gone.is_empty() {
                    self.metrics.group_sessions_expired.inc_by(gone.len() as u64);
                    self.forget_members(&handle, &gone);
                    tracing::info!(group = %handle.name, members = ?gone.iter().map(ToString::to_string).collect::<Vec<_>>(), "sessions ended");
                }
                if handle.is_unsaved() {
                    // Whoever is told of it waits; nobody waits here, where other groups are due.
                    let coordinator = Arc::clone(&self);
                    self.working.spawn(async move {
                        if let Err(error) = coordinator.save(&handle).await {
                            tracing::warn!(group = %handle.name, %error, "what changed in a group is saved later");
                        }
                    });
                }
            }
        }
    }

    /// Tells groups of new topics and partitions.
    async fn follow_topics(self: Arc<Self>) {
        let mut changes = self.log.topic_changes();
        loop {
            tokio::select! {
                seen = changes.changed() => if seen.is_err() { return },
                () = self.working.begun() => return,
            }
            let loaded: Vec<_> = self.groups.read().values().filter(|handle| handle.has_members()).cloned().collect();
            for handle in loaded {
                // Each by itself: one that is being changed holds up no other.
                let coordinator = Arc::clone(&self);
                self.working.spawn(async move {
                    let Some(_alone) = handle.alone().await else { return };
                    if let Err(error) = coordinator.catch_up(&handle) {
                        tracing::warn!(group = %handle.name, %error, "a group learns of new topics later");
                    }
                });
            }
        }
    }

    async fn retire_idle(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(GROUP_RETENTION_CHECK_MS.min(self.retention_ms))) => {}
                () = self.working.begun() => return,
            }
            self.retire().await;
        }
    }

    /// Loads the group where it is not in memory, and tells it of topics that it has not heard of. Where somebody is at it
    /// already, a group in memory does as it is: a member is heard, whatever takes its time. `false` where the group is gone.
    async fn bring_up(self: &Arc<Self>, handle: &Arc<Handle>) -> Result<bool> {
        if handle.has_seen(self.catalog().version) {
            return Ok(!handle.is_gone());
        }
        if handle.is_loaded() {
            if let Some(_alone) = handle.try_alone() {
                self.catch_up(handle)?;
            }
            return Ok(!handle.is_gone());
        }
        let Some(_alone) = handle.alone().await else { return Ok(false) };
        if !handle.is_loaded() {
            let kept = self.kept(&handle.name).await?;
            let (catalog, now_ms) = (self.catalog(), self.clock.now_ms());
            let first_lease = u32::try_from(self.next_member_id().0 >> 33).unwrap_or(0);
            let mut group = Group::load(handle.name.clone(), kept, &catalog.topics, first_lease, now_ms);
            group.resume(&catalog.beginnings(&group.lacking_any(&catalog.topics)), now_ms);
            self.count_members(group.member_count());
            handle.put(group);
            handle.saw(catalog.version);
        }
        self.catch_up(handle)?;
        Ok(true)
    }

    /// Tells a group in memory of topics that it has not heard of. Whoever calls has the turn to change it.
    fn catch_up(&self, handle: &Handle) -> Result<()> {
        let catalog = self.catalog();
        if !handle.has_seen(catalog.version) {
            let now_ms = self.clock.now_ms();
            let starts = handle.look(|group| catalog.beginnings(&group.lacking_any(&catalog.topics)))?;
            handle.with(|group| group.topics_changed(&catalog.topics, &starts, now_ms))?;
            handle.saw(catalog.version);
        }
        Ok(())
    }

    async fn kept(&self, name: &GroupName) -> Result<Kept> {
        let (store, name, now_ms) = (Arc::clone(&self.store), name.clone(), self.clock.now_ms());
        let reading = tokio::task::spawn_blocking(move || {
            let snapshot = store.snapshot()?;
            let row = snapshot.group(&name)?;
            Ok::<_, crate::store::StoreError>(Kept {
                // Format 1 knew of groups by their offsets alone.
                row: row.unwrap_or_else(|| GroupRow { emptied_ms: None, ..GroupRow::new(Mode::Consumer, now_ms) }),
                members: snapshot.members(&name)?,
                offsets: snapshot.offsets(&name)?,
                shares: snapshot.shares(&name)?,
            })
        });
        Ok(reading.await.map_err(|error| Error::internal(error.to_string()))??)
    }

    /// The topics there are, as of now.
    fn catalog(&self) -> Arc<Catalog> {
        let version = *self.log.topic_changes().borrow();
        let known = Arc::clone(&self.catalog.read());
        if known.version == version {
            return known;
        }
        let now = Arc::new(Catalog::read(&self.log));
        let mut shown = self.catalog.write();
        if shown.version < now.version {
            *shown = Arc::clone(&now);
        }
        now
    }

    fn find(&self, name: &GroupName) -> Option<Arc<Handle>> {
        self.groups.read().get(name).cloned()
    }

    /// The group, in memory and up to date.
    async fn get(self: &Arc<Self>, name: &GroupName) -> Result<Arc<Handle>> {
        self.check_free(name)?;
        loop {
            let handle = self.find(name).ok_or_else(|| unknown(name))?;
            if self.bring_up(&handle).await? {
                return Ok(handle);
            }
        }
    }

    /// The group, made where there is none.
    async fn get_or_make(self: &Arc<Self>, name: &GroupName, mode: Mode) -> Result<Arc<Handle>> {
        loop {
            let handle = self.find_or_make(name, mode)?;
            if self.bring_up(&handle).await? {
                return Ok(handle);
            }
        }
    }

    fn find_or_make(&self, name: &GroupName, mode: Mode) -> Result<Arc<Handle>> {
        let reserved = self.reserved.read();
        if reserved.contains_key(name) {
            return Err(in_use(name));
        }
        if let Some(handle) = self.find(name) {
            return Ok(handle);
        }
        let mut groups = self.groups.write();
        if groups.len() >= GROUPS_MAX {
            return Err(Error::new(
                Kind::Overloaded,
                "too-many-groups",
                format!("the host keeps {GROUPS_MAX} groups; delete some with DELETE /v1/groups/<group>"),
            ));
        }
        let make = || Arc::new(Handle::make(Group::new(name.clone(), mode, self.clock.now_ms())));
        let handle = Arc::clone(groups.entry(name.clone()).or_insert_with(make));
        self.count_groups(&groups);
        Ok(handle)
    }

    /// A group that was made for something that came to nothing.
    fn unmake(&self, handle: &Arc<Handle>) {
        let mut groups = self.groups.write();
        // The map and whoever calls have it; who else does may be about to use it, and nobody gets it while the map is held.
        if Arc::strong_count(handle) > 2 || !handle.is_new() {
            return;
        }
        if handle.look(|group| !group.has_members() && group.offsets().is_empty()).unwrap_or(false) {
            groups.remove(&handle.name);
            handle.end();
            self.count_groups(&groups);
        }
    }

    fn count_groups(&self, groups: &BTreeMap<GroupName, Arc<Handle>>) {
        self.metrics.groups.set(i64::try_from(groups.len()).unwrap_or(i64::MAX));
    }

    fn check_free(&self, name: &GroupName) -> Result<()> {
        if self.reserved.read().contains_key(name) { Err(in_use(name)) } else { Ok(()) }
    }

    /// Keeps a name for a deployment that is about to be: a group of members or offsets of its own cannot become one's.
    /// [`Coordinator::settle`] says what has come of it.
    pub fn reserve(&self, name: &GroupName) -> Result<()> {
        let mut reserved = self.reserved.write();
        if self.groups.read().contains_key(name) {
            return Err(Error::conflict(
                "group-exists",
                format!(
                    "there is a consumer group {name}, and a deployment keeps its progress in the group of its own name; choose another name, or delete the group with DELETE /v1/groups/{name}"
                ),
            ));
        }
        reserved.entry(name.clone()).or_default().pending += 1;
        Ok(())
    }

    /// The name stays kept for as long as there is a deployment of it, or somebody is about to make one.
    pub fn settle(&self, name: &GroupName, was_reserved: bool, exists: impl FnOnce() -> bool) {
        let mut reserved = self.reserved.write();
        let reservation = reserved.entry(name.clone()).or_default();
        reservation.pending -= u32::from(was_reserved);
        reservation.is_deployment = exists();
        if reservation.pending == 0 && !reservation.is_deployment {
            reserved.remove(name);
        }
    }

    fn count_members(&self, more: usize) {
        self.members.fetch_add(more, Ordering::Relaxed);
        self.show_members();
    }

    /// What the coordinator keeps of members that are not there any more.
    fn forget_members(&self, handle: &Handle, gone: &[MemberId]) {
        handle.forget(gone);
        self.members.fetch_sub(gone.len(), Ordering::Relaxed);
        self.show_members();
    }

    fn show_members(&self) {
        let count = self.members.load(Ordering::Relaxed);
        self.metrics.group_members.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A refusal as the member is told of it.
    fn refused(&self, refusal: Refusal, handle: &Handle, member: Option<MemberId>) -> Error {
        let catalog = self.catalog();
        let standing = refusal.standing();
        let mut error = refusal.into_error(&handle.name, member, |id| catalog.name(id));
        if let Some(Standing { epoch, assignment }) = standing {
            let mut more = serde_json::Map::new();
            more.insert("epoch".into(), epoch.into());
            let places = serde_json::to_value(catalog.places(&assignment)).unwrap_or_default();
            more.insert("assignment".into(), places);
            error.more = Some(Box::new(more));
        }
        error
    }
}

fn unknown(name: &GroupName) -> Error {
    Error::not_found(
        "unknown-group",
        format!("there is no group {name}; whoever joins one makes it: POST /v1/groups/{name}/members"),
    )
}

fn in_use(name: &GroupName) -> Error {
    Error::conflict(
        "group-in-use",
        format!(
            "group {name} belongs to the deployment of that name, which moves its offsets together with its state; choose another group, or deploy under another name to read anew"
        ),
    )
}
