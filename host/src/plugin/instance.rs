//! An instance: one guest, alive for one task, called serially. After an error that broke it, it is to be dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use super::Code;
use super::base::StateBase;
use super::bindings::Processing;
use super::bindings::columns::ColumnProcessing;
use super::bindings::kafka_do::plugin::types;
use super::bindings::parsers::Parsing;
use super::bindings::sinks::Sinking;
use super::bindings::sources::Sourcing;
use super::bindings::webhooks::Receiving;
use super::code::Pre;
use super::columns::{Columns, advanced};
use super::imports::{Host, clock::Wake, state::Phase};
use super::narrowing::Narrowing;
use super::native::NativeProcessor;
use super::outcome::{CallError, Outcome};
use super::projection::Projection;
use crate::clock::Clock;
use crate::limits::{CALL_LIFT_BYTES_MAX, CALL_MS_MAX, CONNECTOR_CALL_MS_MAX, EPOCH_MS};
use crate::model::egress::HostPattern;
use crate::model::plugin::Role;
use crate::model::record::StoredRecord;
use crate::model::secret::Secrets;
use crate::store::state::{Change, Scope};
use crate::telemetry::Metrics;

/// Which task an instance works for.
#[derive(Clone, Debug)]
pub struct Context {
    pub deployment: String,
    pub scope: Scope,
    /// It reads all partitions of a range that ends: it is told of no partition.
    pub is_bounded: bool,
    pub generation: u32,
    /// A JSON object that fits the plugin's schema, secrets filled in.
    pub settings: Arc<str>,
    /// What people must not read of it.
    pub secrets: Secrets,
    /// Where the plugin may send.
    pub hosts: Arc<[HostPattern]>,
    /// Where a source goes on.
    pub cursor: Option<Vec<u8>>,
    pub state: StateBase,
}

/// What calls left to be committed with their outcomes.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    pub state: Vec<Change>,
    /// A new wish to be called, where one was made.
    pub wake: Option<Wake>,
}

/// Consecutive records of one partition, in offset order.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    pub topic: &'a str,
    pub partition: u32,
    pub records: &'a [StoredRecord<'a>],
}

/// What it took to get an instance ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    pub instantiate: Duration,
    pub open: Duration,
}

pub struct Instance {
    pub(super) store: Store<Host>,
    pub(super) guest: Guest,
    pub(super) metrics: Arc<Metrics>,
    pub(super) secrets: Secrets,
    /// What the guest said in `open`.
    narrowing: Arc<Narrowing>,
}

pub(super) enum Guest {
    Records(Processing),
    /// With what is taken out of values, and which records are handed over at all.
    Columns(ColumnProcessing, Option<Projection>, Arc<Narrowing>),
    Sink(Sinking),
    Source(Sourcing),
    Webhook(Receiving),
    Parser(Parsing),
    /// With what it has staged.
    Native(Box<dyn NativeProcessor>, Vec<Change>),
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instance")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.metrics.instances.dec();
    }
}

impl Instance {
    /// Instantiates the code and calls `open`.
    pub async fn open(code: &Code, context: &Context) -> Result<(Self, Timings), CallError> {
        let runtime = &code.runtime;
        let begun = Clock::instant();
        let mut store = Store::new(&runtime.engine, Host::new(runtime, &code.description, context));
        store.limiter(|host| &mut host.memory);
        store.set_hostcall_fuel(CALL_LIFT_BYTES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            let host = context.data_mut();
            host.beats += 1;
            // Waiting is not counted: whoever waits is not interrupted.
            if host.beats > CALL_MS_MAX / EPOCH_MS {
                wasmtime::bail!("it computed for more than {CALL_MS_MAX} ms");
            }
            Ok(UpdateDeadline::Yield(1))
        });
        let guest = match &code.pre {
            Pre::Records(pre) => pre.instantiate_async(&mut store).await.map(Guest::Records),
            Pre::Columns(pre) => {
                pre.instantiate_async(&mut store).await.map(|plugin| Guest::Columns(plugin, None, Arc::default()))
            }
            Pre::Sink(pre) => pre.instantiate_async(&mut store).await.map(Guest::Sink),
            Pre::Source(pre) => pre.instantiate_async(&mut store).await.map(Guest::Source),
            Pre::Webhook(pre) => pre.instantiate_async(&mut store).await.map(Guest::Webhook),
            Pre::Parser(pre) => pre.instantiate_async(&mut store).await.map(Guest::Parser),
            Pre::Native(make) => {
                let settings = serde_json::from_str(&context.settings).unwrap_or_default();
                Ok(Guest::Native(make(&settings), Vec::new()))
            }
        };
        let guest = guest.map_err(|error| CallError::trapped("instantiation", &error))?;
        let instantiate = begun.elapsed();
        runtime.metrics.instantiate_seconds.observe(instantiate.as_secs_f64());
        runtime.metrics.instances.inc();
        let secrets = context.secrets.clone();
        let mut instance =
            Self { store, guest, metrics: Arc::clone(&runtime.metrics), secrets, narrowing: Arc::default() };
        let begun = Clock::instant();
        instance.call_open(code.role(), context).await.map_err(|error| instance.explained(error))?;
        Ok((instance, Timings { instantiate, open: begun.elapsed() }))
    }

    async fn call_open(&mut self, role: Role, context: &Context) -> Result<(), CallError> {
        let guest_context = types::TaskContext {
            deployment: &context.deployment,
            partition: (role.reads_topics() && !context.is_bounded).then_some(context.scope.partition),
            settings: &context.settings,
        };
        self.begin_call(Phase::Opening, None);
        let Self { store, guest, .. } = self;
        match guest {
            Guest::Records(plugin) => {
                let call = plugin.kafka_do_plugin_processor().call_open(store, guest_context);
                cut_off("open", call).await?.map_err(CallError::from)?;
            }
            Guest::Columns(plugin, projection, narrowing) => {
                let call = plugin.kafka_do_plugin_column_processor().call_open(&mut *store, guest_context);
                let fields = cut_off("open", call).await?.map_err(CallError::from)?;
                *projection = fields.map(Projection::new);
                self.narrowing = Arc::new(std::mem::take(&mut store.data_mut().selection.narrowing));
                // Whoever hands over a range that ends has left out what it may, and knows why it did not the rest.
                if !context.is_bounded {
                    narrowing.clone_from(&self.narrowing);
                }
            }
            Guest::Sink(plugin) => {
                let call = plugin.kafka_do_plugin_sink().call_open(store, guest_context);
                cut_off_after("open", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)?;
            }
            Guest::Source(plugin) => {
                let call = plugin.kafka_do_plugin_source().call_open(store, guest_context, context.cursor.as_deref());
                cut_off_after("open", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)?;
            }
            Guest::Webhook(plugin) => {
                let call = plugin.kafka_do_plugin_webhook().call_open(store, guest_context);
                cut_off("open", call).await?.map_err(CallError::from)?;
            }
            Guest::Parser(plugin) => {
                let call = plugin.kafka_do_plugin_parser().call_open(store, guest_context);
                cut_off_after("open", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)?;
            }
            Guest::Native(..) => {}
        }
        Ok(())
    }

    /// The internal topics that the guest asked for when it was opened, by their short names.
    pub fn internal_topics(&self) -> &[String] {
        &self.store.data().topics.internal
    }

    /// Which records the guest need not be handed.
    pub fn narrowing(&self) -> Arc<Narrowing> {
        Arc::clone(&self.narrowing)
    }

    /// Hands the batch to the guest. What it stages waits in the instance until it is taken.
    pub async fn process(&mut self, input: &Input<'_>, watermark_ms: Option<i64>) -> Result<Outcome, CallError> {
        let mut outcome = self.call_process(input, watermark_ms).await.map_err(|error| self.explained(error))?;
        if !self.secrets.is_empty() {
            for rejection in &mut outcome.rejections {
                rejection.reason = self.secrets.hide(&rejection.reason).into_owned();
            }
            if let Some(reason) = outcome.hold.as_mut().and_then(|hold| hold.reason.as_mut()) {
                *reason = self.secrets.hide(reason).into_owned();
            }
        }
        Ok(outcome)
    }

    async fn call_process(&mut self, input: &Input<'_>, watermark_ms: Option<i64>) -> Result<Outcome, CallError> {
        let begun = self.begin_call(Phase::Running, watermark_ms);
        let Self { store, guest, metrics, .. } = self;
        match guest {
            Guest::Records(plugin) => {
                let headers = headers_of(input);
                let records = records_of(input, &headers);
                let batch = types::RecordBatch { topic: input.topic, partition: input.partition, records: &records };
                let call = plugin.kafka_do_plugin_processor().call_process(store, batch);
                let outcome = cut_off("process", call).await?;
                metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
                Outcome::check(outcome.map_err(CallError::from)?, Some(input))
            }
            Guest::Columns(plugin, projection, narrowing) => {
                let columns = Columns::new(input, narrowing, projection.as_ref());
                if columns.is_empty() {
                    return columns.refused();
                }
                let plugin = plugin.kafka_do_plugin_column_processor();
                let call = columns.lend(input, async |batch| plugin.call_process(store, batch).await);
                let outcome = cut_off("process", call).await?;
                metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
                columns.outcome(outcome.map_err(CallError::from)?)
            }
            Guest::Sink(_) => self.call_deliver(input).await,
            Guest::Native(processor, staged) => Ok(processor.process(input, staged)),
            Guest::Source(_) | Guest::Webhook(_) | Guest::Parser(_) => Err(wrong_role("process")),
        }
    }

    /// A trap says little; what the guest logged before it says more.
    pub(super) fn explained(&self, error: CallError) -> CallError {
        let error = error.without(&self.secrets);
        match (error, self.store.data().log.complaint()) {
            (CallError::Broken(reason), Some(complaint)) => {
                CallError::Broken(format!("{reason}; the plugin said: {complaint}"))
            }
            (error, _) => error,
        }
    }

    /// Tells the guest that the watermark moved, or that the time has come that it wished for.
    pub async fn advance(&mut self, watermark_ms: Option<i64>) -> Result<Outcome, CallError> {
        self.call_advance(watermark_ms).await.map_err(|error| self.explained(error))
    }

    async fn call_advance(&mut self, watermark_ms: Option<i64>) -> Result<Outcome, CallError> {
        self.begin_call(Phase::Running, watermark_ms);
        // A guest that woke before any record came has seen no time yet.
        let watermark_ms = watermark_ms.unwrap_or(i64::MIN);
        let Self { store, guest, .. } = self;
        match guest {
            Guest::Records(plugin) => {
                let call = plugin.kafka_do_plugin_processor().call_advance(store, watermark_ms);
                Outcome::check(cut_off("advance", call).await?.map_err(CallError::from)?, None)
            }
            Guest::Columns(plugin, ..) => {
                let call = plugin.kafka_do_plugin_column_processor().call_advance(store, watermark_ms);
                advanced(cut_off("advance", call).await?.map_err(CallError::from)?)
            }
            Guest::Native(processor, staged) => Ok(processor.advance(Some(watermark_ms), staged)),
            // Sinks have no time of their own.
            Guest::Sink(_) => Ok(Outcome::default()),
            Guest::Source(_) | Guest::Webhook(_) | Guest::Parser(_) => Err(wrong_role("advance")),
        }
    }

    /// What the calls since the last take staged: to be committed with their outcomes, or thrown away with them.
    pub fn take_staged(&mut self) -> Staged {
        let host = self.store.data_mut();
        let mut staged = Staged { state: host.state.take_staged(), wake: host.clock.take_wake() };
        if !self.secrets.is_empty() {
            // State can be read by anybody.
            for value in staged.state.iter_mut().filter_map(|change| change.value.as_mut()) {
                let hidden = std::str::from_utf8(value).ok().map(|text| self.secrets.hide(text));
                if let Some(std::borrow::Cow::Owned(hidden)) = hidden {
                    *value = hidden.into_bytes();
                }
            }
        }
        if let Guest::Native(_, native) = &mut self.guest {
            staged.state.append(native);
        }
        staged
    }

    /// Tells the guest that it goes. Best effort: whatever it answers, it goes.
    pub async fn close(mut self) {
        self.begin_call(Phase::Running, None);
        let Self { store, guest, .. } = &mut self;
        let closed = match guest {
            Guest::Records(plugin) => cut_off("close", plugin.kafka_do_plugin_processor().call_close(store)).await,
            Guest::Columns(plugin, ..) => {
                cut_off("close", plugin.kafka_do_plugin_column_processor().call_close(store)).await
            }
            Guest::Sink(plugin) => cut_off("close", plugin.kafka_do_plugin_sink().call_close(store)).await,
            Guest::Source(plugin) => cut_off("close", plugin.kafka_do_plugin_source().call_close(store)).await,
            Guest::Webhook(plugin) => cut_off("close", plugin.kafka_do_plugin_webhook().call_close(store)).await,
            Guest::Parser(plugin) => cut_off("close", plugin.kafka_do_plugin_parser().call_close(store)).await,
            Guest::Native(..) => Ok(()),
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a guest did not close");
        }
    }

    pub(super) fn begin_call(&mut self, phase: Phase, watermark_ms: Option<i64>) -> Instant {
        let host = self.store.data_mut();
        host.beats = 0;
        host.log.begin_call();
        host.clock.begin_call(phase, watermark_ms);
        host.state.begin_call(phase);
        host.topics.begin_call(phase);
        host.selection.begin_call(phase);
        Clock::instant()
    }
}

/// The headers of all records, one after the other.
pub(super) fn headers_of<'a>(input: &Input<'a>) -> Vec<types::HeaderParam<'a>> {
    let headers = input.records.iter().flat_map(|record| record.headers.iter());
    headers
        .map(|(name, value)| {
            // A name is text: the host lets no other in.
            let name = std::str::from_utf8(name).unwrap_or("\u{fffd}");
            types::HeaderParam { name, value: value.unwrap_or_default() }
        })
        .collect()
}

pub(super) fn records_of<'a>(input: &Input<'a>, headers: &'a [types::HeaderParam<'a>]) -> Vec<types::StoredRecord<'a>> {
    let mut rest = headers;
    let record = |record: &StoredRecord<'a>| {
        let (headers, later) = rest.split_at(record.headers.len());
        rest = later;
        types::StoredRecord {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key,
            value: record.value,
            headers,
        }
    };
    input.records.iter().map(record).collect()
}

/// A call has a time; when it is over, the call is dropped, and with it whatever the guest was doing.
pub(super) async fn cut_off<T>(name: &str, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T, CallError> {
    cut_off_after(name, CALL_MS_MAX, call).await
}

pub(super) async fn cut_off_after<T>(
    name: &str,
    ms: u64,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(Duration::from_millis(ms), call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(CallError::trapped(name, &error)),
        Err(_) => Err(CallError::timed_out(name, ms)),
    }
}

/// A plugin of another role than the one that is called for: the host's own fault.
pub(super) fn wrong_role(call: &str) -> CallError {
    CallError::Broken(format!("the plugin has no {call}"))
}
