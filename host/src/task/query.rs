//! Queries: what a script makes of a topic's past. It runs in a sandbox of its own, over all partitions up to where they end
//! now; nothing that it does is kept.

use std::sync::Arc;
use std::time::Duration;

use super::past::{END, Past, Stretch};
use super::supervisor::Supervisor;
use super::timeline::{Moment, Timeline};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::limits::{
    OUTCOME_RECORDS_MAX, QUERY_CALL_MS, QUERY_CALL_RECORDS_FIRST, QUERY_CALL_RECORDS_MAX, QUERY_PARTITIONS_MAX,
    QUERY_WAITING_BYTES_MAX,
};
use crate::model::deployment::{DeploymentId, Start};
use crate::model::name::{PluginName, TopicName};
use crate::model::record::KeptRecord;
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
    /// It stands at no offset of its own.
    pub record: KeptRecord,
}

#[derive(Debug)]
pub struct Query {
    topic: TopicName,
    /// None where there are no steps: then records come as they are.
    instance: Option<Instance>,
    past: Past,
    /// What is being handed over, and how many of its records have been.
    stretch: Option<(Stretch, usize)>,
    /// That of the stretch before.
    frontier: Option<Moment>,
    /// What came of records that others may come before.
    waiting: Timeline<Found>,
    waiting_bytes: usize,
    /// A call gets so many records, so that it takes about as long as it should.
    call_records: usize,
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
        let partitions = found.config().partitions as usize;
        if partitions > QUERY_PARTITIONS_MAX {
            return Err(Error::unprocessable(
                "too-many-partitions",
                format!(
                    "topic {topic} has {partitions} partitions, over the {QUERY_PARTITIONS_MAX} that a query may read; deploy the steps instead"
                ),
            ));
        }
        let instance = if has_steps(&settings) { Some(self.open_script(settings).await?) } else { None };
        self.surroundings.metrics.queries.inc();
        let narrowing = instance.as_ref().map(Instance::narrowing).unwrap_or_default();
        Ok(Query {
            past: Past::open(log, &found, from, until_ms, narrowing).await?,
            topic,
            instance,
            stretch: None,
            frontier: None,
            waiting: Timeline::default(),
            waiting_bytes: 0,
            call_records: QUERY_CALL_RECORDS_FIRST,
            failure: None,
            has_ended: false,
        })
    }

    async fn open_script(&self, settings: serde_json::Value) -> Result<Instance> {
        let plugin = PluginName::parse(SCRIPT_PLUGIN)?;
        let artefact = self.registry.resolve(&plugin, None).map_err(|_| no_script())?;
        check_settings(SCRIPT_PLUGIN, &artefact.description.settings_schema, &settings, false)?;
        let code = self.registry.code(&artefact.version).await?;
        // The next query finds it loaded.
        *self.queried.lock() = Some(Arc::clone(&code));
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
        Ok(instance)
    }
}

fn has_steps(settings: &serde_json::Value) -> bool {
    !settings["steps"].as_array().is_some_and(Vec::is_empty)
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
        if self.stretch.is_none() {
            self.stretch = self.past.next().await?.map(|stretch| (stretch, 0));
        }
        match self.stretch.take() {
            Some((stretch, taken)) => self.call(stretch, taken).await.map(Some),
            None => self.drain().await,
        }
    }

    /// Hands over some more of a stretch, and tells what nothing can come before any more.
    async fn call(&mut self, stretch: Stretch, taken: usize) -> Result<Vec<Found>> {
        let until = stretch.records.len().min(taken + self.call_records);
        let is_last = until == stretch.records.len();
        if is_last {
            self.frontier = stretch.frontier;
        }
        let (records, moments_ms) = (&stretch.records[taken..until], &stretch.moments_ms[taken..until]);
        let found = match &mut self.instance {
            _ if records.is_empty() => Vec::new(),
            None => records.iter().map(|record| Found::of(stretch.partition, record)).collect(),
            Some(instance) => {
                let lent: Vec<_> = records.iter().map(KeptRecord::lend).collect();
                let input = Input { topic: self.topic.as_str(), partition: stretch.partition, records: &lent };
                let begun = Clock::instant();
                let watermark_ms = self.frontier.map(|(ms, _)| ms);
                let outcome = instance.process(&input, watermark_ms).await.map_err(failure_of)?;
                self.call_records = paced(self.call_records, begun.elapsed(), outcome.records.len());
                self.told(stretch.partition, outcome)
            }
        };
        let mut moments = records.iter().zip(moments_ms).peekable();
        for found in found {
            // What comes of a call is in the order of what went into it.
            let offset = found.origin.map_or(u64::MAX, |(_, offset)| offset);
            while moments.next_if(|(record, _)| record.offset < offset).is_some() {}
            let at_ms = moments.peek().map(|(_, at_ms)| **at_ms).or(moments_ms.last().copied());
            self.waiting_bytes += found.record.cost();
            self.waiting.add((at_ms.unwrap_or_default(), stretch.partition), found);
        }
        if !is_last {
            self.stretch = Some((stretch, until));
        }
        let is_ready = self.failure.is_some() || self.past.is_in_order();
        let until = if is_ready { Some(END) } else { self.frontier };
        let told = until.map(|until| self.waiting.take_until(until)).unwrap_or_default();
        self.waiting_bytes -= told.iter().map(|found| found.record.cost()).sum::<usize>();
        if self.waiting_bytes > QUERY_WAITING_BYTES_MAX {
            return Err(Error::unprocessable(
                "query-too-large",
                format!(
                    "what came of some partitions and waits for older records of the others has more than {QUERY_WAITING_BYTES_MAX} bytes; make less of each record, or ask for a shorter range"
                ),
            ));
        }
        Ok(told)
    }

    /// What came of a call, up to the first record that was refused: that ends the query.
    fn told(&mut self, partition: u32, Outcome { records, rejections, .. }: Outcome) -> Vec<Found> {
        let refused = rejections.first();
        let before = refused.map_or(u64::MAX, |rejection| rejection.offset);
        self.failure = refused.map(|Rejection { offset, reason }| {
            function_failed(&format!("{reason}; at offset {offset} of partition {partition} of {}", self.topic))
        });
        let told = records.into_iter().filter(|emitted| emitted.origin.is_none_or(|origin| origin < before));
        told.map(|emitted| Found::new(emitted, Some(partition))).collect()
    }

    /// All has been read: what the script has kept is told, a piece a call.
    async fn drain(&mut self) -> Result<Option<Vec<Found>>> {
        let emitted = match &mut self.instance {
            Some(instance) => instance.advance(Some(i64::MAX)).await.map_err(failure_of)?.records,
            None => Vec::new(),
        };
        self.has_ended = emitted.is_empty();
        Ok((!self.has_ended).then(|| emitted.into_iter().map(|emitted| Found::new(emitted, None)).collect()))
    }
}

impl Found {
    /// The record as it is.
    fn of(partition: u32, record: &KeptRecord) -> Self {
        Self { topic: None, origin: Some((partition, record.offset)), record: record.clone() }
    }

    fn new(emitted: Emitted, partition: Option<u32>) -> Self {
        let Emitted { topic, timestamp_ms, origin, mut record, .. } = emitted;
        record.timestamp_ms = timestamp_ms.unwrap_or(record.timestamp_ms);
        Self { topic, origin: partition.zip(origin), record: KeptRecord::appended(0, record) }
    }
}

/// As many records a call as take about the time that a call should, and bring no more than one may.
fn paced(records: usize, took: Duration, brought: usize) -> usize {
    let target = Duration::from_millis(QUERY_CALL_MS);
    let paced = if took > target * 2 || brought > OUTCOME_RECORDS_MAX / 4 {
        records / 2
    } else if took < target / 2 && brought < OUTCOME_RECORDS_MAX / 8 {
        records * 2
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
            format!("the steps were cut off: {reason}; make less of each record, or ask for a shorter range"),
        ),
    }
}
