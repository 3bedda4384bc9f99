//! Groups that go: on request, or after too long without members.

use std::sync::Arc;

use super::handle::Handle;
use super::{Coordinator, unknown};
use crate::error::{Error, Result};
use crate::log::Unit;
use crate::model::name::GroupName;
use crate::store::Row;

impl Coordinator {
    /// Takes the group out, with its offsets. Its dead letters stay.
    pub async fn delete(self: &Arc<Self>, name: &GroupName) -> Result<()> {
        let handle = self.get(name).await?;
        self.take_out(&handle).await
    }

    async fn take_out(self: &Arc<Self>, handle: &Arc<Handle>) -> Result<()> {
        let name = &handle.name;
        let Some(_alone) = handle.alone().await else { return Err(unknown(name)) };
        if handle.has_members() {
            return Err(Error::conflict(
                "group-active",
                format!(
                    "group {name} has members; stop them first: their sessions end when they leave, or fall silent"
                ),
            ));
        }
        // What is on its way to the disk is there before the end of it, and nothing comes after.
        let _saved = handle.saving.lock().await;
        let group = handle.take()?;
        let gone = self.log.commit(Unit { rows: vec![Row::GroupGone(name.clone())], ..Unit::default() }).await;
        if let Err(error) = gone {
            // Where nobody knows whether it is gone, what the disk has is loaded anew.
            handle.put_back(group.filter(|_| error.code != "outcome-unknown"));
            return Err(error);
        }
        let mut groups = self.groups.write();
        groups.remove(name);
        handle.end();
        self.count_groups(&groups);
        Ok(())
    }

    /// Takes out the groups that have been without members for too long, and drops from memory those that rest.
    pub(super) async fn retire(self: &Arc<Self>) {
        let all: Vec<_> = self.groups.read().keys().cloned().collect();
        for name in all {
            if self.working.has_begun() {
                return;
            }
            let Some(handle) = self.find(&name) else { continue };
            if handle.has_members() {
                continue;
            }
            let idle_ms = match self.last_used_ms(&name).await {
                Ok(last_ms) => self.clock.now_ms().saturating_sub(last_ms.unwrap_or(i64::MAX)),
                Err(error) => {
                    tracing::warn!(group = %name, %error, "a group cannot be looked at");
                    continue;
                }
            };
            if idle_ms >= self.retention_ms.cast_signed() {
                match self.take_out(&handle).await {
                    Ok(()) => tracing::info!(group = %name, idle_ms, "a group without members was taken out"),
                    Err(error) => tracing::warn!(group = %name, %error, "a group is taken out later"),
                }
                continue;
            }
            drop(handle);
            // Nobody can get it while the map is held; who has it already keeps it.
            let groups = self.groups.write();
            if let Some(handle) = groups.get(&name).filter(|handle| Arc::strong_count(handle) == 1) {
                handle.unload();
            }
        }
    }

    /// When a group without members was used last: left, or committed to. `None` where the disk has members of it.
    async fn last_used_ms(&self, name: &GroupName) -> Result<Option<i64>> {
        let kept = self.kept(name).await?;
        if !kept.members.is_empty() {
            return Ok(None);
        }
        // Where nobody knows when, the time runs from the host's start.
        let known = |at_ms: i64| if at_ms == 0 { self.started_ms } else { at_ms };
        let committed = kept.offsets.iter().map(|(_, offset)| known(offset.at_ms)).max();
        Ok(Some(committed.max(kept.row.emptied_ms).unwrap_or(self.started_ms)))
    }
}
