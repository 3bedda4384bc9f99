//! Polling: a batch of what is the member's, under a lease; or a wait until there is one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Coordinator;
use super::catalog::{Catalog, Place};
use super::handle::Handle;
use crate::error::{Error, Kind, Result};
use crate::group::{Found, Lease, Offer, Part, Range, Token};
use crate::limits::{BATCH_AGAIN_BYTES_MAX, LEASE_PARTITIONS_MAX, POLL_CHUNK_BYTES};
use crate::log::{Partition, unreadable};
use crate::model::batch::PlainBatch;
use crate::model::group::{MemberId, Mode};
use crate::model::name::GroupName;
use crate::model::record::StoredRecord;
use crate::model::topic::PartitionId;

#[derive(Clone, Debug)]
pub struct PollRequest {
    /// Of the batch that the member holds, or held last.
    pub token: Option<Token>,
    pub records_max: usize,
    pub bytes_max: usize,
    pub wait: Duration,
}

/// What a member that polls is given.
#[derive(Debug)]
pub struct Polled {
    pub token: Token,
    pub parts: Vec<Delivered>,
    pub epoch: u64,
    pub assignment: Vec<Place>,
}

/// Records of one partition.
#[derive(Debug)]
pub struct Delivered {
    partition: Arc<Partition>,
    part: Part,
    batches: Vec<PlainBatch>,
}

impl Delivered {
    pub fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// Each record, and in share mode how often it has been handed out.
    pub fn records(&self) -> impl Iterator<Item = Result<(StoredRecord<'_>, Option<u16>)>> {
        let Range { from, next, .. } = self.part.range;
        let wanted = move |offset: u64| match &self.part.only {
            None => Some(None),
            Some(only) => only.binary_search_by_key(&offset, |(at, _)| *at).ok().map(|found| Some(only[found].1)),
        };
        self.batches.iter().flat_map(move |batch| {
            batch.records().filter_map(move |record| match record {
                Ok(record) if (from..next).contains(&record.offset) => {
                    wanted(record.offset).map(|deliveries| Ok((record, deliveries)))
                }
                Ok(_) => None,
                Err(error) => Some(Err(unreadable(batch.batch(), &error))),
            })
        })
    }
}

/// How much more a poll may bring.
struct Budget {
    records: usize,
    bytes: usize,
}

/// What was read of one partition.
struct Read {
    partition: Arc<Partition>,
    batches: Vec<PlainBatch>,
    found: Found,
}

/// A poll that is under way. However it ends, the member was there until then.
struct Polling<'a> {
    coordinator: &'a Coordinator,
    handle: &'a Handle,
    member: MemberId,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let now_ms = self.coordinator.clock.now_ms();
        // A group that was deleted has nothing to end.
        let _ = self.handle.with(|group| {
            group.end_poll(self.member, now_ms);
            if let Some(due_ms) = group.due_ms_of(self.member) {
                self.handle.hurry(due_ms);
            }
        });
    }
}

impl Coordinator {
    /// The batch that the member holds; else a new one; else, once the time is over or what it has has changed, nothing.
    pub async fn poll(self: &Arc<Self>, name: &GroupName, member: MemberId, request: PollRequest) -> Result<Polled> {
        let handle = self.get(name).await?;
        let refused = |refusal| self.refused(refusal, &handle, Some(member));
        let token = request.token.as_ref().filter(|token| self.check_token(token, &handle, member).is_ok());
        let now_ms = self.clock.now_ms();
        handle.with(|group| group.begin_poll(member, now_ms))?.map_err(refused)?;
        let _polling = Polling { coordinator: self, handle: &handle, member };
        self.metrics.group_polls.inc();
        let seat = handle.seat(member)?;
        let begun = handle.look(|group| group.assignments_of(member))?;
        let over = tokio::time::Instant::now() + request.wait;
        loop {
            // What happens from here on is news.
            let news = seat.news.notified();
            self.save(&handle).await?;
            let turn = seat.turn.lock().await;
            let (mode, offer) = handle.with(|group| (group.mode(), group.offer(member, token)))?;
            let offer = offer.map_err(refused)?;
            let catalog = self.catalog();
            let fresh = match offer {
                Offer::Again(lease) => {
                    let (token, parts) = self.read_again(&catalog, &handle, member, lease).await?;
                    return self.answer(&handle, member, token, parts).await;
                }
                Offer::Fresh(fresh) => fresh,
            };
            let mut reads = self.read_fresh(&catalog, &fresh, &request).await?;
            if mode == Mode::Consumer {
                // Where there is nothing to hand out, as where all was deleted, the group goes on behind it.
                let empty: Vec<Range> =
                    reads.iter().filter(|read| read.found.offsets.is_empty()).map(|read| read.found.range).collect();
                if !empty.is_empty() {
                    self.skip(&handle, member, empty).await?;
                    reads.retain(|read| !read.found.offsets.is_empty());
                    if reads.is_empty() {
                        continue;
                    }
                }
            }
            if !reads.is_empty() {
                let lease = self.take(&handle, member, mode, &reads)?;
                if let Some(Lease { token, parts }) = lease {
                    let mut delivered = Vec::with_capacity(parts.len());
                    for part in parts {
                        let at = reads.iter().position(|read| read.found.range.partition == part.range.partition);
                        let Some(read) = at.map(|at| reads.swap_remove(at)) else { continue };
                        delivered.push(Delivered { partition: read.partition, part, batches: read.batches });
                    }
                    return self.answer(&handle, member, token, delivered).await;
                }
                // Somebody was faster, or what was to be had has changed hands.
                drop(turn);
                tokio::task::yield_now().await;
                continue;
            }
            drop(turn);
            let changed = handle.look(|group| group.assignments_of(member))? != begun;
            if changed || request.wait.is_zero() || tokio::time::Instant::now() >= over || self.serving.has_begun() {
                let token = handle.with(|group| group.nothing(member))?.map_err(refused)?;
                return self.answer(&handle, member, token, Vec::new()).await;
            }
            let mut records: FuturesUnordered<_> = fresh
                .iter()
                .filter_map(|(id, from)| Some((catalog.partition(*id)?, *from)))
                .map(|(partition, from)| async move { drop(partition.wait(from).await) })
                .collect();
            tokio::select! {
                () = news => {}
                Some(()) = records.next() => {}
                () = tokio::time::sleep_until(over) => {}
                () = self.serving.begun() => {}
            }
        }
    }

    /// Returns once the member has no batch in hand. As long as somebody waits for that, the member is heard.
    pub async fn empty_handed(self: &Arc<Self>, name: &GroupName, member: MemberId) -> Result<()> {
        let handle = self.get(name).await?;
        let seat = handle.seat(member)?;
        loop {
            let news = seat.news.notified();
            let now_ms = self.clock.now_ms();
            let heard = handle.with(|group| group.heartbeat(member, now_ms))?;
            heard.map_err(|refusal| self.refused(refusal, &handle, Some(member)))?;
            if !handle.look(|group| group.holds_any(member))? {
                return Ok(());
            }
            let session_ms = handle.look(|group| group.session_ms_of(member))?.unwrap_or(0);
            let again = Duration::from_millis(crate::group::heartbeat_ms(session_ms).max(1));
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep(again) => {}
                () = self.serving.begun() => return Err(Error::shutting_down()),
            }
        }
    }

    fn take(&self, handle: &Handle, member: MemberId, mode: Mode, reads: &[Read]) -> Result<Option<Lease>> {
        let now_ms = self.clock.now_ms();
        handle.with(|group| match mode {
            Mode::Consumer => group.lease(member, reads.iter().map(|read| read.found.range).collect()),
            Mode::Share => {
                let found: Vec<Found> = reads.iter().map(|read| read.found.clone()).collect();
                handle.hurry(now_ms.saturating_add_unsigned(group.lock_ms()));
                group.acquire(member, &found, now_ms)
            }
        })
    }

    async fn answer(
        self: &Arc<Self>,
        handle: &Arc<Handle>,
        member: MemberId,
        token: Token,
        parts: Vec<Delivered>,
    ) -> Result<Polled> {
        self.save(handle).await?;
        let (epoch, assignment) = self.standing(handle, member)?;
        Ok(Polled { token, parts, epoch, assignment })
    }

    /// Something of the partitions that have records, in their order, within the request's bounds.
    async fn read_fresh(
        &self,
        catalog: &Catalog,
        fresh: &[(PartitionId, u64)],
        request: &PollRequest,
    ) -> Result<Vec<Read>> {
        let with_records: Vec<_> = fresh
            .iter()
            .filter_map(|(id, from)| Some((catalog.partition(*id)?, *from)))
            .filter(|(partition, from)| *from < partition.high_watermark())
            .collect();
        let chunk_max = if with_records.len() > 1 { POLL_CHUNK_BYTES } else { request.bytes_max };
        let mut budget = Budget { records: request.records_max, bytes: request.bytes_max };
        let mut reads = Vec::new();
        for (partition, from) in with_records {
            if budget.records == 0 || budget.bytes == 0 || reads.len() == LEASE_PARTITIONS_MAX {
                break;
            }
            match self.read(partition, from, chunk_max, &mut budget).await {
                Ok(read) => reads.push(read),
                // The topic was deleted, and the group learns of it in a moment; or the oldest records were, just now.
                Err(error) if matches!(error.kind, Kind::NotFound | Kind::OutOfRange) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(reads)
    }

    async fn read(&self, partition: Arc<Partition>, from: u64, bytes_max: usize, budget: &mut Budget) -> Result<Read> {
        let start = partition.start_offset();
        if from < start {
            tracing::warn!(topic = %partition.topic(), partition = partition.id().partition, from, start, "records were deleted before a group read them");
        }
        let at = from.max(start);
        let chunk = self.log.read(&partition, at, bytes_max.min(budget.bytes)).await?;
        let mut batches = Vec::new();
        let mut offsets = Vec::new();
        let mut next = chunk.next_offset.max(at);
        'chunk: for batch in &chunk.batches {
            let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
            for record in plain.records() {
                let record = record.map_err(|error| unreadable(batch, &error))?;
                if record.offset < at {
                    continue;
                }
                // In plain bytes: what is compressed may unfold to very much more than was read.
                if budget.records == 0 || budget.bytes == 0 {
                    next = record.offset;
                    batches.push(plain);
                    break 'chunk;
                }
                let length = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
                budget.records -= 1;
                budget.bytes = budget.bytes.saturating_sub(length.max(1));
                offsets.push(record.offset);
            }
            batches.push(plain);
        }
        let range = Range { partition: partition.id(), from, next };
        Ok(Read { partition, batches, found: Found { range, offsets } })
    }

    /// The records of a batch that was handed out before. Of what was deleted since there is nothing. A batch that is larger
    /// than any that is handed out, as one that a token made up, is cut.
    async fn read_again(
        &self,
        catalog: &Catalog,
        handle: &Handle,
        member: MemberId,
        lease: Lease,
    ) -> Result<(Token, Vec<Delivered>)> {
        let Lease { mut token, parts } = lease;
        let mut delivered: Vec<Delivered> = Vec::with_capacity(parts.len());
        let mut bytes = 0;
        for mut part in parts {
            let Some(partition) = catalog.partition(part.range.partition) else { continue };
            let mut batches = Vec::new();
            let mut at = part.range.from.max(partition.start_offset());
            while at < part.range.next.min(partition.high_watermark()) && bytes < BATCH_AGAIN_BYTES_MAX {
                let chunk = match self.log.read(&partition, at, POLL_CHUNK_BYTES).await {
                    Ok(chunk) => chunk,
                    Err(error) if error.kind == Kind::OutOfRange => {
                        at = partition.start_offset();
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                for batch in chunk.batches.iter().filter(|batch| batch.base_offset() < part.range.next) {
                    let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
                    bytes += plain.bytes();
                    batches.push(plain);
                }
                at = chunk.next_offset.max(at + 1);
            }
            if bytes >= BATCH_AGAIN_BYTES_MAX {
                part.range.next = part.range.next.min(at);
            }
            delivered.push(Delivered { partition, part, batches });
        }
        if bytes >= BATCH_AGAIN_BYTES_MAX {
            let ends: Vec<_> = delivered.iter().map(|d| (d.part.range.partition, d.part.range.next)).collect();
            token = handle.with(|group| group.shorten(member, &ends))?.unwrap_or(token);
        }
        Ok((token, delivered))
    }
}
