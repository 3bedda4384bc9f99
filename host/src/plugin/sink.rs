//! The sinking role: a batch to deliver outside, of which the plugin may leave a part for later.

use super::bindings::kafka_do::plugin::types;
use super::imports::state::Phase;
use super::instance::{Guest, Input, Instance, cut_off_after, headers_of, records_of, wrong_role};
use super::outcome::{CallError, Outcome, broken, check_rejections, readable};
use crate::limits::{CONNECTOR_CALL_MS_MAX, HOLD_MS_MAX, HOLD_MS_MIN};

/// When a sink is to be called again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What keeps it from being called at once, where something does.
    pub reason: Option<String>,
    pub ms: u64,
}

/// Where the plugin says when, but not how long.
const HOLD_MS_DEFAULT: u64 = 1_000;

impl Instance {
    /// Hands the batch over, as `process` does to a processor.
    pub(super) async fn call_deliver(&mut self, input: &Input<'_>) -> Result<Outcome, CallError> {
        let begun = self.begin_call(Phase::Running, None);
        let Self { store, guest: Guest::Sink(plugin), metrics, .. } = self else { return Err(wrong_role("deliver")) };
        let headers = headers_of(input);
        let records = records_of(input, &headers);
        let batch = types::RecordBatch { topic: input.topic, partition: input.partition, records: &records };
        let call = plugin.kafka_do_plugin_sink().call_deliver(store, batch);
        let delivery = cut_off_after("deliver", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)?;
        metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
        let done = delivery.done as usize;
        let Some(left) = input.records.len().checked_sub(done) else {
            return Err(broken(format!("it says that {done} records are done, of {}", input.records.len())));
        };
        let rejections = check_rejections(delivery.rejections, Some(input))?;
        if let Some(early) = rejections
            .iter()
            .find(|rejection| input.records[done..].iter().any(|record| record.offset == rejection.offset))
        {
            return Err(broken(format!("it rejected offset {}, and says that it is not done", early.offset)));
        }
        let asked = delivery.hold.filter(|_| left > 0).map(|advice| Hold {
            reason: Some(readable(&advice.reason)),
            ms: advice.after_ms.map_or(HOLD_MS_DEFAULT, u64::from).clamp(HOLD_MS_MIN, HOLD_MS_MAX),
        });
        // One that got nowhere and wants to go on at once may have its reasons, but it does not spin.
        let hold = asked.or_else(|| (done == 0).then_some(Hold { reason: None, ms: HOLD_MS_MIN }));
        Outcome { rejections, left, hold, ..Outcome::default() }.in_order()
    }
}
