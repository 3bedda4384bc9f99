//! A topic's past: what all its partitions hold from some time up to where they end now, a stretch of one partition at a time.
//! Several stretches are read at once, ahead of whoever takes them.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use crate::error::{Error, Result};
use crate::limits::{QUERY_AHEAD_BYTES, QUERY_STRETCH_BYTES_MAX, QUERY_STRETCH_OFFSETS, QUERY_STRETCHES_AHEAD};
use crate::log::{Log, Partition, Topic, unreadable};
use crate::model::batch::Batch;
use crate::model::deployment::Start;
use crate::model::record::KeptRecord;
use crate::plugin::Narrowing;

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
    /// No record behind this stretch lies before it, in the order of time that the partitions keep; none where one has not been
    /// taken from yet.
    pub(super) watermark_ms: Option<i64>,
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
}

/// What was read of a range of offsets.
#[derive(Debug)]
struct Read {
    records: Vec<KeptRecord>,
    greatest_ms: Option<i64>,
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
            readers.push(Reader { partition, left: begin..end.max(begin), reading: VecDeque::new(), seen_ms: None });
        }
        let ahead = QUERY_STRETCHES_AHEAD.div_ceil(readers.len().max(1));
        let bytes = (QUERY_AHEAD_BYTES / (ahead * readers.len().max(1))).min(QUERY_STRETCH_BYTES_MAX);
        Ok(Self { readers, source: Source { log, until_ms, narrowing, bytes }, ahead })
    }

    /// The next stretch, which may be of no records; `None` at the end. It is of the partition that has come least far in time:
    /// so records of about the same time come together.
    pub(super) async fn next(&mut self) -> Result<Option<Stretch>> {
        for reader in &mut self.readers {
            reader.read_ahead(&self.source, self.ahead);
        }
        let unread = self.readers.iter_mut().filter(|reader| !reader.has_ended());
        let Some(reader) = unread.min_by_key(|reader| reader.seen_ms) else { return Ok(None) };
        let records = reader.take(&self.source).await?;
        let partition = reader.partition.id().partition;
        let unread = self.readers.iter().filter(|reader| !reader.has_ended());
        let watermark_ms = unread.map(|reader| reader.seen_ms).min().unwrap_or(Some(i64::MAX));
        Ok(Some(Stretch { partition, records, watermark_ms }))
    }
}

impl Reader {
    fn has_ended(&self) -> bool {
        self.left.is_empty() && self.reading.is_empty()
    }

    fn read_ahead(&mut self, source: &Source, count: usize) {
        while self.reading.len() < count && !self.left.is_empty() {
            let until = self.left.end.min(self.left.start + QUERY_STRETCH_OFFSETS);
            self.reading.push_back(source.spawn(&self.partition, self.left.start..until));
            self.left.start = until;
        }
    }

    async fn take(&mut self, source: &Source) -> Result<Vec<KeptRecord>> {
        let Some(first) = self.reading.pop_front() else { return Ok(Vec::new()) };
        let Read { records, greatest_ms, rest } = first.await.map_err(|error| Error::internal(error.to_string()))??;
        if !rest.is_empty() {
            self.reading.push_front(source.spawn(&self.partition, rest));
        }
        self.seen_ms = self.seen_ms.max(greatest_ms);
        Ok(records)
    }
}

/// Where records come from, and which are wanted.
#[derive(Clone, Debug)]
struct Source {
    log: Arc<Log>,
    /// Those before this time.
    until_ms: Option<i64>,
    narrowing: Arc<Narrowing>,
    /// What is read at once, and what a stretch may have.
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
        let mut read = Read { records: Vec::new(), greatest_ms: None, rest: offsets };
        let mut bytes = 0;
        while !read.rest.is_empty() && bytes < self.bytes {
            let chunk = self.log.read(partition, read.rest.start, self.bytes).await?;
            for batch in &chunk.batches {
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
    fn lay_open(&self, batch: &Batch, read: &mut Read) -> Result<usize> {
        let plain = batch.plain().map_err(|error| unreadable(batch, &error))?;
        let mut bytes = 0;
        for record in plain.records() {
            let record = record.map_err(|error| unreadable(batch, &error))?;
            if !read.rest.contains(&record.offset) {
                continue;
            }
            read.greatest_ms = read.greatest_ms.max(Some(record.timestamp_ms));
            let is_in_time = self.until_ms.is_none_or(|until_ms| record.timestamp_ms < until_ms);
            if is_in_time && !record.value.is_some_and(|value| self.narrowing.leaves_out(value)) {
                let record = KeptRecord::from(&record);
                bytes += record.cost();
                read.records.push(record);
            }
        }
        Ok(bytes)
    }
}
