//! Moving a group to other offsets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::Coordinator;
use super::commit::By;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::log::{Partition, Unit};
use crate::model::group::Mode;
use crate::model::name::{GroupName, TopicName};
use crate::model::topic::PartitionId;
use crate::store::Row;

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetTo {
    Earliest,
    Latest,
    /// The first record of this time or later.
    TimeMs(i64),
    Offset(u64),
    /// So many on, or back.
    By(i64),
}

#[derive(Clone, Debug)]
pub struct ResetRequest {
    pub to: ResetTo,
    /// Only this topic; else all that the group has offsets of.
    pub topic: Option<TopicName>,
    /// Only says what would be done.
    pub dry_run: bool,
    /// Although there are members: what they hold is taken from them.
    pub force: bool,
}

/// One partition of a reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetPartition {
    #[schema(value_type = String)]
    pub topic: TopicName,
    pub partition: u32,
    /// Where the group stands, if anywhere.
    pub from: Option<u64>,
    /// Where it stands afterwards: within what the log has.
    pub to: u64,
}

impl Coordinator {
    pub async fn reset(self: &Arc<Self>, name: &GroupName, request: ResetRequest) -> Result<Vec<ResetPartition>> {
        let handle = self.get(name).await?;
        let catalog = self.catalog();
        let offsets: BTreeMap<_, _> =
            handle.look(|group| group.offsets().iter().map(|(id, offset)| (*id, offset.next)).collect())?;
        let partitions: Vec<Arc<Partition>> = match &request.topic {
            Some(topic) => self.log.topic(topic)?.partitions(),
            None => offsets.keys().filter_map(|id| catalog.partition(*id)).collect(),
        };
        let mut plan = Vec::with_capacity(partitions.len());
        let mut wanted = Vec::with_capacity(partitions.len());
        // A look at the log may take its time, and nobody waits for it.
        for partition in &partitions {
            let from = offsets.get(&partition.id()).copied();
            let to = self.target(partition, from, request.to).await?;
            wanted.push((partition.id(), to));
            let topic = partition.topic().clone();
            plan.push(ResetPartition { topic, partition: partition.id().partition, from, to });
        }
        plan.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        if request.dry_run || wanted.is_empty() {
            return Ok(plan);
        }
        let Some(_alone) = handle.alone().await else { return Err(super::unknown(name)) };
        if !request.force && handle.has_members() {
            return Err(Error::conflict(
                "group-active",
                format!(
                    "group {name} has members, who would go on where they do not expect it; stop them first, or say \"force\": true, and what they hold is taken from them"
                ),
            ));
        }
        match handle.look(Group::mode)? {
            Mode::Consumer => self.move_to(&handle, &wanted).await?,
            Mode::Share => self.move_shared(&handle, &wanted, partitions).await?,
        }
        tracing::info!(group = %name, partitions = plan.len(), to = ?request.to, "a group was reset");
        Ok(plan)
    }

    async fn target(&self, partition: &Arc<Partition>, from: Option<u64>, to: ResetTo) -> Result<u64> {
        let (start, end) = (partition.start_offset(), partition.high_watermark());
        let to = match to {
            ResetTo::Earliest => start,
            ResetTo::Latest => end,
            ResetTo::TimeMs(time_ms) => self.log.offset_at_time(partition, time_ms).await?,
            ResetTo::Offset(offset) => offset,
            ResetTo::By(by) => from.unwrap_or(start).saturating_add_signed(by),
        };
        Ok(to.clamp(start, end))
    }

    async fn move_to(self: &Arc<Self>, handle: &Arc<Handle>, wanted: &[(PartitionId, u64)]) -> Result<()> {
        let begin = || handle.with(|group| group.begin_move(wanted));
        let moves = self.once_free(handle, begin).await?.map_err(|refusal| self.refused(refusal, handle, None))?;
        self.land(handle, By::Operator, moves).await
    }

    /// A share group's rows are written by nobody but whoever saves it: for as long as this has that turn, what members
    /// acknowledge waits, and is passed by.
    async fn move_shared(
        self: &Arc<Self>,
        handle: &Arc<Handle>,
        wanted: &[(PartitionId, u64)],
        partitions: Vec<Arc<Partition>>,
    ) -> Result<()> {
        let turn = handle.saving.lock().await;
        let at_ms = self.clock.now_ms();
        let mut unit = Unit { partitions, ..Unit::default() };
        for (partition, next) in wanted {
            let group = || handle.name.clone();
            unit.rows.push(Row::Offset { group: group(), partition: *partition, next: *next, at_ms });
            unit.rows.push(Row::Share { group: group(), partition: *partition, window: Vec::new() });
        }
        self.log.commit(unit).await?;
        handle.with(|group| group.reset_windows(wanted, at_ms))?;
        drop(turn);
        self.save(handle).await
    }
}
