//! A topic's past: what all its partitions hold from some time up to where they end now, a stretch of one partition at a time.
//! Several stretches are read at once, ahead of whoever takes them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::timeline::Moment;
use crate::error::{Error, Kind, Result};
use crate::limits::{
    QUERY_AHEAD_BYTES, QUERY_STRETCH_BYTES_MAX, QUERY_STRETCH_OFFSETS, QUERY_STRETCH_OFFSETS_SHARED,
    QUERY_STRETCHES_AHEAD,
};
use crate::log::{Log, Partition, Topic, unreadable};
use crate::model::batch::Batch;
use crate::model::deployment::Start;
use crate::model::record::{KeptRecord, StoredRecord};
use crate::plugin::Narrowing;

/// After all.
pub(super) const END: Moment = (i64::MAX, u32::MAX);

#[derive(Debug)]
pub(super) struct Past {
    readers: Vec<Reader>,
    source: Source,
    /// Stretches of each partition that are read ahead.
    ahead: usize,
}

/// Consecutive records of a partition, without those that nobody wants.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) partition: u32,
    pub(super) records: Vec<KeptRecord>,
    /// Where each of them stands in the order of time.
    pub(super) moments_ms: Vec<i64>,
    /// Nothing behind this stretch stands before it; none where a partition has not been taken from yet.
    pub(super) frontier: Option<Moment>,
}

/// One partition, read from one offset to another.
#[derive(Debug)]
struct Reader {
    partition: Arc<Partition>,
    /// What nobody reads yet.
    left: Range<u64>,
    /// What is being read, in the order of offsets.
    reading: VecDeque<AbortOnDropHandle<Result<Read>>>,
    /// The greatest time up to where it has been taken.
    seen_ms: Option<i64>,
    /// The record of that time, where it was left out.
    raised: Option<KeptRecord>,
}

/// What was read of a range of offsets.
#[derive(Debug)]
struct Read {
    records: Vec<KeptRecord>,
    /// The greatest time up to each, within the range.
    moments_ms: Vec<i64>,
    greatest_ms: Option<i64>,
    /// The record of that time, where it was left out.
    raised: Option<KeptRecord>,
    /// What was too much for now.
    rest: Range<u64>,
}

impl Past {
    pub(super) async fn open(
        log: Arc<Log>,
        topic: &Topic,
        from: Start,
        until_ms: Option<i64>,
        narrowing: Arc<Narrowing>,
    ) -> Result<Self> {
        let mut readers = Vec::new();
        for partition in topic.partitions() {
            let end = partition.high_watermark();
            let begin = match from {
                Start::Earliest => partition.start_offset(),
                Start::Latest => end,
                Start::TimeMs(time_ms) => log.offset_at_time(&partition, time_ms).await?,
            };
            readers.push(Reader {
                partition,
                left: begin..end.max(begin),
                reading: VecDeque::new(),
                seen_ms: None,
                raised: None,
            });
        }
        let ahead = QUERY_STRETCHES_AHEAD.div_ceil(readers.len().max(1));
        let bytes = (QUERY_AHEAD_BYTES / (ahead * readers.len().max(1))).min(QUERY_STRETCH_BYTES_MAX);
        let offsets = if readers.len() == 1 { QUERY_STRETCH_OFFSETS } else { QUERY_STRETCH_OFFSETS_SHARED };
        Ok(Self { readers, source: Source { log, until_ms, narrowing, offsets, bytes }, ahead })
    }

    /// Whether nothing has to wait for anything: there is one partition.
    pub(super) fn is_in_order(&self) -> bool {
        self.readers.len() == 1
    }

    /// The next stretch, which may be of no records; `None` at the end. It is of the partition that has come least far in time:
    /// so records of about the same time come together.
    pub(super) async fn next(&mut self) -> Result<Option<Stretch>> {
        for reader in &mut self.readers {
            reader.read_ahead(&self.source, self.ahead);
        }
        let unread = self.readers.iter_mut().filter(|reader| !reader.has_ended());
        let Some(reader) = unread.min_by_key(|reader| reader.seen_ms) else { return Ok(None) };
        let (records, moments_ms) = reader.take(&self.source).await?;
        let partition = reader.number();
        let unread = self.readers.iter().filter(|reader| !reader.has_ended());
        let next = unread.min_by_key(|reader| reader.seen_ms);
        let frontier = next.map_or(Some(END), |reader| Some((reader.seen_ms?, reader.number())));
        Ok(Some(Stretch { partition, records, moments_ms, frontier }))
    }
}

impl Reader {
    fn has_ended(&self) -> bool {
        self.left.is_empty() && self.reading.is_empty()
    }

    fn read_ahead(&mut self, source: &Source, count: usize) {
        while self.reading.len() < count && !self.left.is_empty() {
            let until = self.left.end.min(self.left.start + source.offsets);
            self.reading.push_back(source.spawn(&self.partition, self.left.start..until));
            self.left.start = until;
        }
    }

    fn number(&self) -> u32 {
        self.partition.id().partition
    }

    async fn take(&mut self, source: &Source) -> Result<(Vec<KeptRecord>, Vec<i64>)> {
        let Some(first) = self.reading.pop_front() else { return Ok((Vec::new(), Vec::new())) };
        let read = first.await.map_err(|error| Error::internal(error.to_string()))??;
        let Read { mut records, mut moments_ms, greatest_ms, raised, rest } = read;
        if !rest.is_empty() {
            self.reading.push_front(source.spawn(&self.partition, rest));
        }
        let seen_ms = self.seen_ms.unwrap_or(i64::MIN);
        for moment_ms in &mut moments_ms {
            *moment_ms = seen_ms.max(*moment_ms);
        }
        if records.first().is_some_and(|record| record.timestamp_ms < seen_ms)
            && let Some(raised) = self.raised.take()
        {
            records.insert(0, raised);
            moments_ms.insert(0, seen_ms);
        }
        if greatest_ms > self.seen_ms {
            self.seen_ms = greatest_ms;
            self.raised = raised;
        }
        Ok((records, moments_ms))
    }
}

/// Where records come from, and which are wanted.
#[derive(Clone, Debug)]
struct Source {
    log: Arc<Log>,
    /// Those before this time.
    until_ms: Option<i64>,
    narrowing: Arc<Narrowing>,
    /// What a stretch may have.
    offsets: u64,
    bytes: usize,
}

impl Source {
    fn spawn(&self, partition: &Arc<Partition>, offsets: Range<u64>) -> AbortOnDropHandle<Result<Read>> {
        let (source, partition) = (self.clone(), Arc::clone(partition));
        #[expect(clippy::disallowed_methods, reason = "it ends with the query, and changes nothing")]
        AbortOnDropHandle::new(tokio::spawn(async move { source.read(&partition, offsets).await }))
    }

    /// Reads a range of offsets, or as much of it as has room.
    async fn read(&self, partition: &Arc<Partition>, offsets: Range<u64>) -> Result<Read> {
        let (records, moments_ms) = (Vec::new(), Vec::new());
        let mut read = Read { records, moments_ms, greatest_ms: None, raised: None, rest: offsets };
        let mut bytes = 0;
        while !read.rest.is_empty() && bytes < self.bytes {
            let chunk = match self.log.read(partition, read.rest.start, self.bytes).await {
                // Retention took what stood there since the query began.
                Err(error) if error.kind == Kind::OutOfRange && partition.start_offset() > read.rest.start => {
                    read.rest.start = partition.start_offset().min(read.rest.end);
                    continue;
                }
                chunk => chunk?,
            };
            let end = read.rest.end;
            for batch in chunk.batches.iter().take_while(|batch| batch.base_offset() < end) {
                bytes += self.lay_open(batch, &mut read)?;
            }
            // What compaction took out, and the end, stand in no batch.
            read.rest.start = chunk.next_offset.max(read.rest.start + 1).min(read.rest.end);
            // A call that never waits would keep the thread from everybody else.
            tokio::task::yield_now().await;
        }
        Ok(read)
    }

    /// Adds what is wanted of a batch that begins before the range, or ends behind it, perhaps; answers what that takes up.
    ///
    /// Whoever gets records of a partition tells their order from their times. So where one is older than another that was left
    /// out, that one goes along.
    fn lay_open(&self, batch: &Batch, read: &mut Read) -> Result<usize> {
        let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
        let mut bytes = 0;
        let mut raised: Option<StoredRecord<'_>> = None;
        for record in plain.records() {
            let record = record.map_err(|error| unreadable(batch, &error))?;
            if record.offset >= read.rest.end {
                break;
            }
            let is_in_time = self.until_ms.is_none_or(|until_ms| record.timestamp_ms < until_ms);
            if !read.rest.contains(&record.offset) || !is_in_time {
                continue;
            }
            let is_newest = Some(record.timestamp_ms) > read.greatest_ms;
            let moment_ms = read.greatest_ms.map_or(record.timestamp_ms, |seen_ms| seen_ms.max(record.timestamp_ms));
            read.greatest_ms = Some(moment_ms);
            if record.value.is_some_and(|value| self.narrowing.leaves_out(value)) {
                if is_newest {
                    (raised, read.raised) = (Some(record), None);
                }
                continue;
            }
            let before = raised.take().map(|record| KeptRecord::from(&record)).or_else(|| read.raised.take());
            for record in before.filter(|_| !is_newest).into_iter().chain([KeptRecord::from(&record)]) {
                bytes += record.cost();
                read.records.push(record);
                read.moments_ms.push(moment_ms);
            }
        }
        if let Some(record) = raised {
            read.raised = Some(KeptRecord::from(&record));
        }
        Ok(bytes)
    }
}
