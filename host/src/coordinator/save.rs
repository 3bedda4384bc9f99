//! Saving what changed in a group: one unit at a time, with the dead letters that it makes.

use std::sync::Arc;

use super::Coordinator;
use super::handle::Handle;
use crate::error::{Error, Kind, Result};
use crate::group::{Buried, Changes};
use crate::log::{Append, Topic, Unit, unreadable};
use crate::model::batch::PlainBatch;
use crate::model::dead_letter::dead_letter;
use crate::model::group::dead_letter_topic_of;
use crate::model::record::Record;
use crate::model::topic::{PartitionId, TopicConfig};

impl Coordinator {
    /// Returns once all that has changed so far is saved. Runs to its end, though whoever waits for it goes.
    pub(super) async fn save(self: &Arc<Self>, handle: &Arc<Handle>) -> Result<()> {
        if !handle.is_unsaved() {
            return Ok(());
        }
        let (coordinator, handle) = (Arc::clone(self), Arc::clone(handle));
        let saving = async move { coordinator.save_changes(&handle).await };
        self.working.whole(saving).await.ok_or_else(Error::shutting_down)?
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

    /// Copies of the records, for the group's dead-letter topic. What cannot be copied at all is told of, and holds nothing up.
    async fn bury(&self, handle: &Handle, buried: &[Buried]) -> Result<Vec<Append>> {
        let name = dead_letter_topic_of(&handle.name);
        let letters = match self.log.create_topic(&name, &TopicConfig::default()).await {
            Ok((letters, _)) => letters,
            Err(error) if passes(&error) => return Err(error),
            Err(error) => {
                tracing::error!(group = %handle.name, records = buried.len(), %error, "dead letters have nowhere to go, and are lost");
                return Ok(Vec::new());
            }
        };
        let mut sorted: Vec<&Buried> = buried.iter().collect();
        sorted.sort_by_key(|buried| (buried.partition, buried.offset));
        let partitions = letters.config().partitions;
        let mut by_partition: Vec<Vec<Record>> = vec![Vec::new(); partitions as usize];
        let mut page = Page::default();
        for buried in sorted {
            match self.letter(buried, &letters, &mut page).await {
                Ok(Some(letter)) => by_partition[(buried.partition.partition % partitions) as usize].push(letter),
                // The log does not have the record any more.
                Ok(None) => {}
                Err(error) if passes(&error) => return Err(error),
                Err(error) => {
                    tracing::error!(group = %handle.name, offset = buried.offset, %error, "a dead letter cannot be written, and is lost");
                }
            }
        }
        let mut appends = Vec::new();
        for (number, records) in (0..).zip(by_partition) {
            appends.extend(Append::new(letters.partition(number)?, records, None));
        }
        Ok(appends)
    }

    async fn letter(&self, buried: &Buried, letters: &Topic, page: &mut Page) -> Result<Option<Record>> {
        let Some(partition) = self.catalog().partition(buried.partition) else { return Ok(None) };
        if buried.offset < partition.start_offset() {
            return Ok(None);
        }
        if !page.has(buried) {
            let chunk = self.log.read(&partition, buried.offset, 1).await?;
            let plain = chunk.batches.iter().map(|batch| batch.plain().map_err(|error| unreadable(batch, &error)));
            *page = Page { partition: Some(buried.partition), batches: plain.collect::<Result<_>>()? };
        }
        for batch in &page.batches {
            for record in batch.records() {
                let record = record.map_err(|error| unreadable(batch.batch(), &error))?;
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

/// The batches that were read last: dead letters come in runs.
#[derive(Default)]
struct Page {
    partition: Option<PartitionId>,
    batches: Vec<PlainBatch>,
}

impl Page {
    fn has(&self, buried: &Buried) -> bool {
        let holds =
            |batch: &PlainBatch| (batch.batch().base_offset()..batch.batch().next_offset()).contains(&buried.offset);
        self.partition == Some(buried.partition) && self.batches.iter().any(holds)
    }
}

/// Whether the same may go well later.
fn passes(error: &Error) -> bool {
    matches!(error.kind, Kind::Overloaded | Kind::Unavailable | Kind::StorageFull)
}
