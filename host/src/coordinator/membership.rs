//! Joining, being heard, leaving.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Coordinator;
use super::catalog::{Catalog, Place};
use super::handle::Handle;
use crate::error::{Error, Kind, Result};
use crate::group::{Join, Standing, heartbeat_ms};
use crate::limits::{
    MEMBERS_MAX, POLL_INTERVAL_MS_DEFAULT, POLL_INTERVAL_MS_MAX, POLL_INTERVAL_MS_MIN, SESSION_MS_DEFAULT,
    SESSION_MS_MAX, SESSION_MS_MIN, SHARE_DELIVERIES_DEFAULT, SHARE_DELIVERIES_MAX, SHARE_LOCK_MS_DEFAULT,
    SHARE_LOCK_MS_MAX, SHARE_LOCK_MS_MIN,
};
use crate::model::deployment::Start;
use crate::model::group::{Assignor, MemberId, Mode, ShareConfig};
use crate::model::name::{GroupName, InstanceId};
use crate::model::subscription::Subscription;
use crate::model::topic::PartitionId;

/// What a member says when it joins.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    pub subscription: Subscription,
    pub session_timeout_ms: Option<u64>,
    pub max_poll_interval_ms: Option<u64>,
    pub instance_id: Option<InstanceId>,
    /// Where reading begins in partitions that the group has no offset of.
    pub start: Start,
    pub assignor: Option<Assignor>,
    pub mode: Mode,
    /// In share mode.
    pub lock_ms: Option<u64>,
    pub max_deliveries: Option<u16>,
}

/// What a member is told.
#[derive(Clone, Debug)]
pub struct Joined {
    pub member_id: MemberId,
    pub epoch: u64,
    pub assignment: Vec<Place>,
    /// How often the member is to be heard.
    pub heartbeat_ms: u64,
}

impl JoinRequest {
    fn into_join(self) -> Result<Join> {
        let within = |what: &str, given: Option<u64>, default: u64, min: u64, max: u64| match given {
            None => Ok(default),
            Some(given) if (min..=max).contains(&given) => Ok(given),
            Some(given) => {
                Err(Error::invalid("invalid-member", format!("{what} {given} is not between {min} and {max}")))
            }
        };
        if self.mode != Mode::Share && (self.lock_ms.is_some() || self.max_deliveries.is_some()) {
            return Err(Error::invalid(
                "invalid-member",
                "lock_ms and max_deliveries are for share groups; say \"mode\": \"share\" as well, or leave them out",
            ));
        }
        let lock_ms = within("lock_ms", self.lock_ms, SHARE_LOCK_MS_DEFAULT, SHARE_LOCK_MS_MIN, SHARE_LOCK_MS_MAX)?;
        let deliveries = self.max_deliveries.map(u64::from);
        let deliveries =
            within("max_deliveries", deliveries, SHARE_DELIVERIES_DEFAULT.into(), 1, SHARE_DELIVERIES_MAX.into())?;
        let share = (self.lock_ms.is_some() || self.max_deliveries.is_some()).then_some(ShareConfig {
            lock_ms,
            deliveries_max: u16::try_from(deliveries).unwrap_or(SHARE_DELIVERIES_MAX),
        });
        Ok(Join {
            mode: self.mode,
            subscription: self.subscription,
            session_ms: within(
                "session_timeout_ms",
                self.session_timeout_ms,
                SESSION_MS_DEFAULT,
                SESSION_MS_MIN,
                SESSION_MS_MAX,
            )?,
            poll_interval_ms: within(
                "max_poll_interval_ms",
                self.max_poll_interval_ms,
                POLL_INTERVAL_MS_DEFAULT,
                POLL_INTERVAL_MS_MIN,
                POLL_INTERVAL_MS_MAX,
            )?,
            instance: self.instance_id,
            assignor: self.assignor,
            share,
        })
    }
}

impl Coordinator {
    /// A new member of a group, which is made where there is none.
    pub async fn join(self: &Arc<Self>, name: &GroupName, request: JoinRequest) -> Result<Joined> {
        let start = request.start;
        let join = request.into_join()?;
        if self.members.load(Ordering::Relaxed) >= MEMBERS_MAX {
            return Err(Error::new(
                Kind::Overloaded,
                "too-many-members",
                format!(
                    "the host has {MEMBERS_MAX} members of all groups together; use fewer, each with more partitions"
                ),
            ));
        }
        let session_ms = join.session_ms;
        let (handle, id, replaced) = self.admit(name, join, start).await?;
        if replaced {
            handle.forget_strangers();
        } else {
            self.count_members(1);
        }
        self.save(&handle).await?;
        let Standing { epoch, assignment } = handle.look(|group| group.standing_of(id))?;
        tracing::info!(group = %name, member = %id, "a member joined");
        Ok(Joined {
            member_id: id,
            epoch,
            assignment: self.catalog().places(&assignment),
            heartbeat_ms: heartbeat_ms(session_ms),
        })
    }

    /// Puts the member into the group; says whether it took the place of another.
    async fn admit(
        self: &Arc<Self>,
        name: &GroupName,
        join: Join,
        start: Start,
    ) -> Result<(Arc<Handle>, MemberId, bool)> {
        let id = self.next_member_id();
        let mut starts: BTreeMap<PartitionId, u64> = BTreeMap::new();
        loop {
            let handle = self.get_or_make(name, join.mode).await?;
            let catalog = self.catalog();
            let lacking = |starts: &BTreeMap<PartitionId, u64>| {
                handle.look(|group| {
                    let mut lacking = group.lacking(&group.resolve(&join.subscription, &catalog.topics));
                    lacking.retain(|id| !starts.contains_key(id));
                    lacking
                })
            };
            // A look at the log may take its time, and nobody waits for it.
            let Ok(wanted) = lacking(&starts) else { continue };
            starts.extend(self.starts(&catalog, wanted, start).await?);
            let Some(alone) = handle.alone().await else { continue };
            self.catch_up(&handle)?;
            let has_changed = self.catalog().version != catalog.version;
            if has_changed || !lacking(&starts)?.is_empty() {
                continue;
            }
            let known: Vec<(PartitionId, u64)> = starts.iter().map(|(id, next)| (*id, *next)).collect();
            let now_ms = self.clock.now_ms();
            let joined = handle.with(|group| {
                let before = group.member_count();
                let joined = group.join(id, join.clone(), &catalog.topics, &known, now_ms);
                handle.hurry(group.due_ms());
                joined.map(|()| group.member_count() == before)
            })?;
            drop(alone);
            return match joined {
                Ok(replaced) => Ok((handle, id, replaced)),
                Err(refusal) => {
                    self.unmake(&handle);
                    Err(self.refused(refusal, &handle, None))
                }
            };
        }
    }

    async fn starts(
        &self,
        catalog: &Catalog,
        lacking: Vec<PartitionId>,
        start: Start,
    ) -> Result<Vec<(PartitionId, u64)>> {
        let mut starts = Vec::with_capacity(lacking.len());
        for id in lacking {
            let Some(partition) = catalog.partition(id) else { continue };
            let next = match start {
                Start::Earliest => partition.start_offset(),
                Start::Latest => partition.high_watermark(),
                Start::TimeMs(time_ms) => self.log.offset_at_time(&partition, time_ms).await?,
            };
            starts.push((id, next));
        }
        Ok(starts)
    }

    /// `SplitMix64` over a counter that begins where no other host's does.
    pub(super) fn next_member_id(&self) -> MemberId {
        let state = self.ids.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        MemberId(mixed ^ (mixed >> 31))
    }

    /// The member is there, and busy.
    pub async fn heartbeat(self: &Arc<Self>, name: &GroupName, member: MemberId) -> Result<(u64, Vec<Place>)> {
        let handle = self.get(name).await?;
        let now_ms = self.clock.now_ms();
        handle
            .with(|group| group.heartbeat(member, now_ms))?
            .map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
        self.save(&handle).await?;
        self.standing(&handle, member)
    }

    pub async fn leave(self: &Arc<Self>, name: &GroupName, member: MemberId) -> Result<()> {
        let handle = self.get(name).await?;
        {
            let Some(_alone) = handle.alone().await else { return Err(super::unknown(name)) };
            let now_ms = self.clock.now_ms();
            handle
                .with(|group| group.leave(member, now_ms))?
                .map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
            self.forget_members(&handle, &[member]);
        }
        tracing::info!(group = %name, member = %member, "a member left");
        self.save(&handle).await
    }

    /// What a member has, by name.
    pub(super) fn standing(&self, handle: &Handle, member: MemberId) -> Result<(u64, Vec<Place>)> {
        let Standing { epoch, assignment } = handle.look(|group| group.standing_of(member))?;
        Ok((epoch, self.catalog().places(&assignment)))
    }
}
