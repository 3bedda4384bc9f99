//! Saving what changed in a group: one unit at a time, with the dead letters that it makes.

use std::sync::Arc;

use super::Coordinator;
use super::handle::Handle;
use crate::error::{Error, Result};
use crate::group::{Buried, Changes};
use crate::log::{Append, Topic, Unit, unreadable};
use crate::model::dead_letter::dead_letter;
use crate::model::group::dead_letter_topic_of;
use crate::model::record::Record;
use crate::model::topic::TopicConfig;

impl Coordinator {
    /// Returns once all that has changed so far is saved. Runs to its end, though whoever waits for it goes.
    pub(super) async fn save(self: &Arc<Self>, handle: &Arc<Handle>) -> Result<()> {
        if !handle.is_unsaved() {
            return Ok(());
        }
        let (done, answer) = tokio::sync::oneshot::channel();
        let (coordinator, handle) = (Arc::clone(self), Arc::clone(handle));
        self.working.spawn(async move {
            let _ = done.send(coordinator.save_changes(&handle).await);
        });
        answer.await.map_err(|_| Error::shutting_down())?
    }

    async fn save_changes(&self, handle: &Handle) -> Result<()> {
        let _one_at_a_time = handle.saving.lock().await;
        if !handle.is_unsaved() {
            return Ok(());
        }
        let (version, changes) = handle.with(|group| (group.version(), group.take_changes()))?;
        let Some(changes) = changes else {
            // What had changed is gone again, as with a topic.
            handle.mark_saved(version);
            return Ok(());
        };
        match self.write(handle, &changes).await {
            Ok(()) => {
                handle.mark_saved(version);
                Ok(())
            }
            Err(error) => {
                handle.with(|group| group.put_back(changes))?;
                Err(error)
            }
        }
    }

    async fn write(&self, handle: &Handle, changes: &Changes) -> Result<()> {
        let appends = if changes.buried.is_empty() { Vec::new() } else { self.bury(handle, &changes.buried).await? };
        let unit = Unit { rows: changes.rows.clone(), appends, ..Unit::default() };
        self.log.commit(unit).await?;
        self.metrics.group_dead_letters.inc_by(changes.buried.len() as u64);
        Ok(())
    }

    /// Copies of the records, for the group's dead-letter topic.
    async fn bury(&self, handle: &Handle, buried: &[Buried]) -> Result<Vec<Append>> {
        let name = dead_letter_topic_of(&handle.name);
        let (letters, _) = self.log.create_topic(&name, &TopicConfig::default()).await?;
        let partitions = letters.config().partitions;
        let mut by_partition: Vec<Vec<Record>> = vec![Vec::new(); partitions as usize];
        for buried in buried {
            if let Some(letter) = self.letter(buried, &letters).await? {
                by_partition[(buried.partition.partition % partitions) as usize].push(letter);
            }
        }
        let mut appends = Vec::new();
        for (number, records) in (0..).zip(by_partition) {
            appends.extend(Append::new(letters.partition(number)?, records, None));
        }
        Ok(appends)
    }

    /// `None` where the log does not have the record any more.
    async fn letter(&self, buried: &Buried, letters: &Topic) -> Result<Option<Record>> {
        let Some(partition) = self.catalog().partition(buried.partition) else { return Ok(None) };
        if buried.offset < partition.start_offset() {
            return Ok(None);
        }
        let chunk = self.log.read(&partition, buried.offset, 1).await?;
        for batch in &chunk.batches {
            let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
            for record in plain.records() {
                let record = record.map_err(|error| unreadable(batch, &error))?;
                if record.offset == buried.offset {
                    let more = [("dead-letter-deliveries", buried.deliveries.to_string())];
                    let number = partition.id().partition;
                    let mut letter = dead_letter(&record, partition.topic().as_str(), number, &buried.reason, more);
                    letters.config().take_key(&mut letter)?;
                    return Ok(Some(letter));
                }
            }
        }
        Ok(None)
    }
}
