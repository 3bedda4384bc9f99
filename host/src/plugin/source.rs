//! The sourcing role: what comes next from outside, and where that leaves the source.

use super::bindings::sources::exports::kafka_do::plugin::source::PollLimits;
use super::imports::state::Phase;
use super::instance::{Guest, Instance, cut_off_after, wrong_role};
use super::outcome::{CallError, Emitted, broken, check_records};
use crate::limits::{
    CONNECTOR_CALL_MS_MAX, HOLD_MS_MAX, HOLD_MS_MIN, POLL_BYTES_MAX, POLL_RECORDS_MAX, RECORD_BYTES_MAX,
    STATE_VALUE_BYTES_MAX,
};

/// What a poll brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    pub records: Vec<Emitted>,
    pub cursor: Vec<u8>,
    /// How long to wait before the next poll.
    pub idle_ms: u64,
}

impl Instance {
    /// Asks for what comes next. What it stages waits in the instance until it is taken.
    pub async fn poll(&mut self) -> Result<Polled, CallError> {
        self.call_poll().await.map_err(|error| self.explained(error))
    }

    async fn call_poll(&mut self) -> Result<Polled, CallError> {
        let begun = self.begin_call(Phase::Running, None);
        let Self { store, guest: Guest::Source(plugin), metrics, .. } = self else { return Err(wrong_role("poll")) };
        let limits = PollLimits { records: POLL_RECORDS_MAX, bytes: POLL_BYTES_MAX };
        let call = plugin.kafka_do_plugin_source().call_poll(store, limits);
        let polled = cut_off_after("poll", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)?;
        metrics.call_seconds.observe(begun.elapsed().as_secs_f64());
        if polled.records.len() > POLL_RECORDS_MAX as usize {
            return Err(broken(format!(
                "it returned {} records, over the {POLL_RECORDS_MAX} of one poll",
                polled.records.len()
            )));
        }
        if polled.cursor.len() > STATE_VALUE_BYTES_MAX {
            return Err(broken(format!(
                "its cursor has {} bytes, over the {STATE_VALUE_BYTES_MAX} allowed",
                polled.cursor.len()
            )));
        }
        let records = check_records(polled.records)?;
        let bytes: u64 = records.iter().map(|emitted| emitted.record.bytes() as u64).sum();
        if bytes > POLL_BYTES_MAX.saturating_add(RECORD_BYTES_MAX as u64) {
            return Err(broken(format!("its records have {bytes} bytes, over the {POLL_BYTES_MAX} of one poll")));
        }
        let idle_min = if records.is_empty() { HOLD_MS_MIN } else { 0 };
        let idle_ms = polled.idle_ms.map_or(0, u64::from).clamp(idle_min, HOLD_MS_MAX);
        Ok(Polled { records, cursor: polled.cursor, idle_ms })
    }

    /// Tells the source that all up to the cursor is durable.
    pub async fn committed(&mut self, cursor: &[u8]) -> Result<(), CallError> {
        self.call_committed(cursor).await.map_err(|error| self.explained(error))
    }

    async fn call_committed(&mut self, cursor: &[u8]) -> Result<(), CallError> {
        self.begin_call(Phase::Opening, None);
        let Self { store, guest: Guest::Source(plugin), .. } = self else { return Err(wrong_role("committed")) };
        let call = plugin.kafka_do_plugin_source().call_committed(store, cursor);
        cut_off_after("committed", CONNECTOR_CALL_MS_MAX, call).await?.map_err(CallError::from)
    }
}
