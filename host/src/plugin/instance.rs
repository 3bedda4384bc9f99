//! An instance: one guest, alive for one task, called serially. After an error that broke it, it is to be dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use super::Code;
use super::bindings::Processing;
use super::bindings::kafka_do::plugin::types;
use super::imports::{Host, state::Phase};
use super::outcome::{CallError, Outcome};
use crate::clock::Clock;
use crate::limits::{CALL_LIFT_BYTES_MAX, CALL_MS_MAX};
use crate::model::record::StoredRecord;
use crate::store::state::{Change, Scope};
use crate::telemetry::Metrics;

/// Which task an instance works for.
#[derive(Clone, Debug)]
pub struct Context {
    pub deployment: String,
    pub scope: Scope,
    pub generation: u32,
    /// A JSON object that fits the plugin's schema.
    pub settings: Arc<str>,
}

/// Consecutive records of one partition, in offset order.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub topic: &'a str,
    pub partition: u32,
    pub records: Vec<StoredRecord<'a>>,
}

/// What it took to get an instance ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    pub instantiate: Duration,
    pub open: Duration,
}

pub struct Instance {
    store: Store<Host>,
    plugin: Processing,
    metrics: Arc<Metrics>,
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
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let plugin = code.pre.instantiate_async(&mut store).await;
        let plugin = plugin.map_err(|error| CallError::trapped("instantiation", &error))?;
        let instantiate = begun.elapsed();
        runtime.metrics.instantiate_seconds.observe(instantiate.as_secs_f64());
        runtime.metrics.instances.inc();
        let mut instance = Self { store, plugin, metrics: Arc::clone(&runtime.metrics) };

        let guest_context = types::TaskContext {
            deployment: &context.deployment,
            partition: Some(context.scope.partition),
            settings: &context.settings,
        };
        let begun = instance.begin_call(Phase::Opening, None);
        let plugin = instance.plugin.kafka_do_plugin_processor();
        let opened = cut_off("open", plugin.call_open(&mut instance.store, guest_context)).await?;
        opened.map_err(CallError::from)?;
        Ok((instance, Timings { instantiate, open: begun.elapsed() }))
    }

    /// Hands the batch to the guest. What it stages waits in the instance until it is taken.
    pub async fn process(&mut self, input: &Input<'_>, watermark_ms: Option<i64>) -> Result<Outcome, CallError> {
        let mut headers = Vec::new();
        for (name, value) in input.records.iter().flat_map(|record| record.headers.iter()) {
            // A name is text: the host lets no other in.
            let name = std::str::from_utf8(name).unwrap_or("\u{fffd}");
            headers.push(types::HeaderParam { name, value: value.unwrap_or_default() });
        }
        let mut rest = headers.as_slice();
        let mut records = Vec::with_capacity(input.records.len());
        for record in &input.records {
            let (headers, later) = rest.split_at(record.headers.len());
            rest = later;
            records.push(types::StoredRecord {
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                key: record.key,
                value: record.value,
                headers,
            });
        }
        let batch = types::RecordBatch { topic: input.topic, partition: input.partition, records: &records };
        let begun = self.begin_call(Phase::Running, watermark_ms);
        let plugin = self.plugin.kafka_do_plugin_processor();
        let outcome = cut_off("process", plugin.call_process(&mut self.store, batch)).await?;
        self.metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
        Outcome::check(outcome.map_err(CallError::from)?, Some(input))
    }

    /// Tells the guest that the watermark moved.
    pub async fn advance(&mut self, watermark_ms: i64) -> Result<Outcome, CallError> {
        self.begin_call(Phase::Running, Some(watermark_ms));
        let plugin = self.plugin.kafka_do_plugin_processor();
        let outcome = cut_off("advance", plugin.call_advance(&mut self.store, watermark_ms)).await?;
        Outcome::check(outcome.map_err(CallError::from)?, None)
    }

    /// What the calls since the last take staged: to be committed with their outcomes, or thrown away with them.
    pub fn take_staged(&mut self) -> Vec<Change> {
        self.store.data_mut().state.take_staged()
    }

    /// Tells the guest that it goes. Best effort: whatever it answers, it goes.
    pub async fn close(mut self) {
        self.begin_call(Phase::Running, None);
        let plugin = self.plugin.kafka_do_plugin_processor();
        if let Err(error) = cut_off("close", plugin.call_close(&mut self.store)).await {
            tracing::debug!(%error, "a guest did not close");
        }
    }

    fn begin_call(&mut self, phase: Phase, watermark_ms: Option<i64>) -> Instant {
        let host = self.store.data_mut();
        host.log.begin_call();
        host.clock.begin_call(watermark_ms);
        host.state.begin_call(phase);
        Clock::instant()
    }
}

/// A call has a time; when it is over, the call is dropped, and with it whatever the guest was doing.
async fn cut_off<T>(name: &str, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T, CallError> {
    match tokio::time::timeout(Duration::from_millis(CALL_MS_MAX), call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(CallError::trapped(name, &error)),
        Err(_) => Err(CallError::timed_out(name)),
    }
}
