//! Queries: what a script makes of a topic's past. It runs in a sandbox of its own, over all partitions up to where they end
//! now; nothing that it does is kept.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::supervisor::Supervisor;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::{
    QUERY_CALL_MS, QUERY_CALL_RECORDS_FIRST, QUERY_CALL_RECORDS_MAX, QUERY_CHUNK_BYTES, QUERY_PARTITIONS_MAX,
};
use crate::log::{Log, Partition, unreadable};
use crate::model::batch::PlainBatch;
use crate::model::deployment::{DeploymentId, Start};
use crate::model::name::{PluginName, TopicName};
use crate::model::record::{Record, StoredRecord};
use crate::model::secret::Secrets;
use crate::plugin::{CallError, Context, Emitted, Input, Instance, Outcome, Rejection, StateBase, check_settings};
use crate::store::state::Scope;

/// The plugin that runs steps.
const SCRIPT_PLUGIN: &str = "script";
/// What the script is told that it works for.
const NAME: &str = "query";

/// What is to be made, and of which records.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryRequest {
    pub topic: TopicName,
    pub from: Start,
    /// Records of this time or later are left out.
    pub until_ms: Option<i64>,
    /// Those of the script plugin.
    pub settings: serde_json::Value,
}

/// A record that came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it would go by a branch.
    pub topic: Option<String>,
    /// The partition and the offset of the record that it comes of; none where it comes of many.
    pub origin: Option<(u32, u64)>,
    pub record: Record,
}

#[derive(Debug)]
pub struct Query {
    log: Arc<Log>,
    topic: TopicName,
    instance: Instance,
    readers: Vec<Reader>,
    until_ms: Option<i64>,
    /// A call gets so many offsets, so that it takes about as long as it should.
    call_records: u64,
    /// What ends it, once what came before it has been told.
    failure: Option<Error>,
    has_ended: bool,
}

impl Supervisor {
    /// Prepares a query: the script is checked, and opened.
    pub async fn query(&self, request: QueryRequest) -> Result<Query> {
        let QueryRequest { topic, from, until_ms, settings } = request;
        let log = Arc::clone(&self.surroundings.log);
        let found = log.topic(&topic)?;
        let partitions = found.partitions();
        if partitions.len() > QUERY_PARTITIONS_MAX {
            return Err(Error::unprocessable(
                "too-many-partitions",
                format!(
                    "topic {topic} has {} partitions, over the {QUERY_PARTITIONS_MAX} that a query may read; deploy the steps instead",
                    partitions.len()
                ),
            ));
        }
        let plugin = PluginName::parse(SCRIPT_PLUGIN)?;
        let artefact = self.registry.resolve(&plugin, None).map_err(|_| no_script())?;
        check_settings(SCRIPT_PLUGIN, &artefact.description.settings_schema, &settings, false)?;
        let code = self.registry.code(&artefact.version).await?;
        let context = Context {
            deployment: NAME.to_owned(),
            scope: Scope { deployment: DeploymentId(0), partition: 0 },
            is_bounded: true,
            generation: 0,
            settings: settings.to_string().into(),
            // What a query emits can be read by whoever asks.
            secrets: Secrets::default(),
            hosts: Arc::default(),
            cursor: None,
            state: StateBase::Scratch(Arc::default()),
        };
        let (instance, _) = Instance::open(&code, &context).await.map_err(|error| match error {
            CallError::Fatal(reason) | CallError::Reject(reason) => Error::unprocessable("invalid-script", reason),
            error => failure_of(error),
        })?;
        self.surroundings.metrics.queries.inc();
        let mut readers = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let end = partition.high_watermark();
            let begin = match from {
                Start::Earliest => partition.start_offset(),
                Start::Latest => end,
                Start::TimeMs(time_ms) => log.offset_at_time(&partition, time_ms).await?,
            };
            readers.push(Reader { partition, left: begin..end.max(begin), batches: Vec::new(), seen_ms: None });
        }
        Ok(Query {
            log,
            topic,
            instance,
            readers,
            until_ms,
            call_records: QUERY_CALL_RECORDS_FIRST,
            failure: None,
            has_ended: false,
        })
    }
}

impl Query {
    /// What comes of some more records, perhaps nothing; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Found>>> {
        if let Some(failure) = self.failure.take() {
            self.has_ended = true;
            return Err(failure);
        }
        if self.has_ended {
            return Ok(None);
        }
        match self.take_piece().await? {
            Some(piece) => self.call(&piece).await.map(Some),
            None => self.drain().await,
        }
    }

    /// From the partition that has come least far in time: so the script gets records of about the same time together. What
    /// was read of a partition at once is taken first, so that one of them is in memory.
    async fn take_piece(&mut self) -> Result<Option<Piece>> {
        let unread = self.readers.iter_mut().filter(|reader| !reader.left.is_empty());
        let Some(reader) = unread.min_by_key(|reader| (reader.batches.is_empty(), reader.seen_ms)) else {
            return Ok(None);
        };
        reader.fill(&self.log).await?;
        Ok(Some(reader.take(self.call_records)))
    }

    async fn call(&mut self, piece: &Piece) -> Result<Vec<Found>> {
        let mut records = piece.records()?;
        let greatest_ms = records.iter().map(|record| record.timestamp_ms).max();
        if let Some(reader) = self.readers.get_mut(piece.partition as usize) {
            reader.seen_ms = reader.seen_ms.max(greatest_ms);
        }
        if let Some(until_ms) = self.until_ms {
            records.retain(|record| record.timestamp_ms < until_ms);
        }
        if records.is_empty() {
            return Ok(Vec::new());
        }
        // Nothing that is still to come lies before it.
        let unread = self.readers.iter().filter(|reader| !reader.left.is_empty());
        let watermark_ms = unread.map(|reader| reader.seen_ms).min().unwrap_or(Some(i64::MAX));
        let input = Input { topic: self.topic.as_str(), partition: piece.partition, records: &records };
        let begun = Clock::instant();
        let outcome = self.instance.process(&input, watermark_ms).await.map_err(failure_of)?;
        self.call_records = paced(self.call_records, begun.elapsed());
        let refused = outcome.rejections.first();
        let before = refused.map_or(u64::MAX, |rejection| rejection.offset);
        self.failure = refused.map(|Rejection { offset, reason }| {
            function_failed(&format!("{reason}; at offset {offset} of partition {} of {}", piece.partition, self.topic))
        });
        let found = outcome.records.into_iter().filter(|emitted| emitted.origin.is_none_or(|origin| origin < before));
        Ok(found.map(|emitted| Found::new(emitted, Some(piece.partition))).collect())
    }

    /// All has been read: what the script has kept is told, a piece a call.
    async fn drain(&mut self) -> Result<Option<Vec<Found>>> {
        let Outcome { records, .. } = self.instance.advance(Some(i64::MAX)).await.map_err(failure_of)?;
        self.has_ended = records.is_empty();
        Ok((!self.has_ended).then(|| records.into_iter().map(|emitted| Found::new(emitted, None)).collect()))
    }
}

impl Found {
    fn new(emitted: Emitted, partition: Option<u32>) -> Self {
        let Emitted { topic, timestamp_ms, origin, mut record, .. } = emitted;
        record.timestamp_ms = timestamp_ms.unwrap_or(record.timestamp_ms);
        Self { topic, origin: partition.zip(origin), record }
    }
}

/// One partition, read from one offset to another.
#[derive(Debug)]
struct Reader {
    partition: Arc<Partition>,
    left: Range<u64>,
    /// What has been read of it, and not yet been taken whole.
    batches: Vec<PlainBatch>,
    /// The greatest time up to where it has been taken.
    seen_ms: Option<i64>,
}

impl Reader {
    /// Reads on, where nothing is at hand.
    async fn fill(&mut self, log: &Log) -> Result<()> {
        while self.batches.is_empty() && !self.left.is_empty() {
            let chunk = log.read(&self.partition, self.left.start, QUERY_CHUNK_BYTES).await?;
            for batch in &chunk.batches {
                self.batches.push(batch.plain().map_err(|error| unreadable(batch, &error))?);
            }
            if self.batches.is_empty() {
                // Compaction left a hole, and the end may lie in it.
                self.left.start = chunk.next_offset.max(self.left.start + 1).min(self.left.end);
            }
        }
        Ok(())
    }

    /// So many offsets of what is at hand, or fewer.
    fn take(&mut self, offsets: u64) -> Piece {
        let Range { start, end } = self.left;
        let at_hand = self.batches.last().map_or(end, |batch| batch.batch().next_offset());
        let until = end.min(at_hand).min(start + offsets).max(start);
        let batches = self.batches.clone();
        self.batches.retain(|batch| batch.batch().next_offset() > until);
        self.left.start = until;
        Piece { partition: self.partition.id().partition, offsets: start..until, batches }
    }
}

/// Consecutive records of a partition, for one call.
#[derive(Debug)]
struct Piece {
    partition: u32,
    offsets: Range<u64>,
    /// They begin before the first offset and end behind the last, perhaps.
    batches: Vec<PlainBatch>,
}

impl Piece {
    fn records(&self) -> Result<Vec<StoredRecord<'_>>> {
        let mut records = Vec::new();
        for batch in &self.batches {
            for record in batch.records() {
                let record = record.map_err(|error| unreadable(batch.batch(), &error))?;
                if record.offset >= self.offsets.end {
                    return Ok(records);
                }
                if record.offset >= self.offsets.start {
                    records.push(record);
                }
            }
        }
        Ok(records)
    }
}

/// As many records a call as take about the time that a call should.
fn paced(records: u64, took: Duration) -> u64 {
    let target = Duration::from_millis(QUERY_CALL_MS);
    let paced = if took < target / 2 {
        records * 2
    } else if took > target * 2 {
        records / 2
    } else {
        records
    };
    paced.clamp(1, QUERY_CALL_RECORDS_MAX)
}

fn no_script() -> Error {
    Error::not_found(
        "no-script-plugin",
        format!(
            "steps run in plugin {SCRIPT_PLUGIN}, and the host has none of that name; start it with --plugins and the folder of the standard plugins, or upload it with PUT /v1/plugins/{SCRIPT_PLUGIN}"
        ),
    )
}

/// What a function did is the function's.
fn function_failed(reason: &str) -> Error {
    Error::unprocessable("function-failed", reason)
}

fn failure_of(error: CallError) -> Error {
    match error {
        CallError::NoRoom(reason) => Error::new(Kind::Overloaded, "no-room", reason),
        CallError::Fatal(reason) | CallError::Reject(reason) | CallError::Retry { reason, .. } => {
            function_failed(&reason)
        }
        CallError::Broken(reason) => Error::unprocessable(
            "query-cut-off",
            format!("the steps were cut off: {reason}; ask for less at a time, or deploy them"),
        ),
    }
}
