//! State from a changelog: the latest value of each key, as a compacted topic has it.

use super::supervisor::Supervisor;
use crate::error::{Error, Result};
use crate::limits::{REBUILD_BYTES, REPLAY_CHUNK_BYTES};
use crate::log::{Partition, Unit, unreadable};
use crate::model::deployment::{Deployment, changelog_topic_of};
use crate::store::Row;
use crate::store::state::{Change, Scope};

impl Supervisor {
    /// A new deployment's state begins empty, and so must its changelog; or it begins as the changelog says. What is written
    /// here is the state of a number that no deployment has yet.
    pub(super) async fn begin_state(&self, row: &Deployment, restore: bool) -> Result<()> {
        let tables = &row.current().changelog;
        if restore && tables.is_empty() {
            return Err(Error::invalid(
                "no-changelog",
                "restore_state fills the tables that have a changelog, and none is asked for; add \"changelog\": true",
            ));
        }
        for table in tables {
            let name = changelog_topic_of(&row.name, table)?;
            let (has, wants) =
                (self.surroundings.log.topic(&name)?.config().partitions, self.partitions_of(row.current())?);
            if restore && has != wants {
                return Err(Error::conflict(
                    "not-co-partitioned",
                    format!(
                        "topic {name} has {has} partitions, and the inputs {wants}: its state would not be where its keys are; read inputs with {has} partitions"
                    ),
                ));
            }
            for partition in self.surroundings.log.topic(&name)?.partitions() {
                if partition.start_offset() == partition.high_watermark() {
                    continue;
                }
                if !restore {
                    return Err(Error::conflict(
                        "changelog-exists",
                        format!(
                            "topic {name} has the changes of an earlier deployment's state; begin with that state (\"restore_state\": true), or delete the topic first"
                        ),
                    ));
                }
                self.restore_partition(row, table, &partition).await?;
            }
        }
        Ok(())
    }

    async fn restore_partition(
        &self,
        row: &Deployment,
        table: &str,
        partition: &std::sync::Arc<Partition>,
    ) -> Result<()> {
        let log = &self.surroundings.log;
        let scope = Scope { deployment: row.id, partition: partition.id().partition };
        let (mut next, end) = (partition.start_offset(), partition.high_watermark());
        let mut unit = Unit::default();
        let mut bytes = 0;
        while next < end {
            let chunk = log.read(partition, next, REPLAY_CHUNK_BYTES).await?;
            for batch in &chunk.batches {
                let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
                for record in plain.records() {
                    let record = record.map_err(|error| unreadable(batch, &error))?;
                    let Some(key) = record.key.filter(|_| record.offset >= next && record.offset < end) else {
                        continue;
                    };
                    let value = record.value.map(<[u8]>::to_vec);
                    bytes += key.len() + value.as_ref().map_or(0, Vec::len);
                    let change = Change { table: table.to_owned(), key: key.to_vec(), value };
                    unit.rows.push(Row::State { scope, change });
                }
            }
            next = chunk.next_offset.max(next + 1);
            if bytes >= REBUILD_BYTES || next >= end {
                bytes = 0;
                log.commit(std::mem::take(&mut unit)).await?;
            }
        }
        Ok(())
    }

    /// Takes out the state of a deployment that did not come to be.
    pub(super) async fn forget_state(&self, row: Deployment) {
        let rows = vec![Row::DeploymentGone(Box::new(row))];
        if let Err(error) = self.surroundings.log.commit(Unit { rows, ..Unit::default() }).await {
            tracing::warn!(%error, "state that was restored for nothing stays");
        }
    }
}
