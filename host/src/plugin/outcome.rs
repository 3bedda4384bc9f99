//! What comes back from a call: an outcome whose every part was checked, or a reason that says what to do next.

use bytes::Bytes;
use thiserror::Error;

use super::bindings::exports::kafka_do::plugin::processor as wit;
use super::bindings::kafka_do::plugin::types;
use super::instance::Input;
use super::memory::NoMemoryLeft;
use super::sink::Hold;
use crate::limits::{CALL_LIFT_BYTES_MAX, OUTCOME_BYTES_MAX, OUTCOME_RECORDS_MAX, REASON_BYTES_MAX};
use crate::model::record::{Header, Record};
use crate::model::secret::Secrets;

/// Why a call gave no outcome. Nothing that the guest staged in it is kept.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallError {
    /// The guest asks for another try.
    #[error("the plugin asks to be called again: {reason}")]
    Retry { reason: String, after_ms: Option<u32> },
    /// The guest says that this input can never succeed.
    #[error("the plugin rejects the batch: {0}")]
    Reject(String),
    /// The guest says that it cannot go on.
    #[error("the plugin cannot go on: {0}")]
    Fatal(String),
    /// The host has no place for an instance now: no fault of the guest's.
    #[error("{0}")]
    NoRoom(String),
    /// A trap, a timeout, a limit or a broken promise: the instance is gone, and a new one may do better.
    #[error("{0}")]
    Broken(String),
}

impl CallError {
    pub(super) fn timed_out(call: &str, ms: u64) -> Self {
        Self::Broken(format!("{call} took longer than {ms} ms and was cut off"))
    }

    /// The same, with a reason that people may read.
    pub(super) fn without(self, secrets: &Secrets) -> Self {
        let hide = |reason: String| secrets.hide(&reason).into_owned();
        match self {
            Self::Retry { reason, after_ms } => Self::Retry { reason: hide(reason), after_ms },
            Self::Reject(reason) => Self::Reject(hide(reason)),
            Self::Fatal(reason) => Self::Fatal(hide(reason)),
            Self::NoRoom(reason) => Self::NoRoom(hide(reason)),
            Self::Broken(reason) => Self::Broken(hide(reason)),
        }
    }

    pub(super) fn trapped(call: &str, error: &wasmtime::Error) -> Self {
        if error.is::<NoMemoryLeft>() || error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return Self::NoRoom(error.root_cause().to_string());
        }
        Self::Broken(format!("{call} trapped: {}", trap_reason(error)))
    }
}

impl From<types::Failure> for CallError {
    fn from(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Retry(advice) => {
                Self::Retry { reason: readable(&advice.reason), after_ms: advice.after_ms }
            }
            types::Failure::Reject(reason) => Self::Reject(readable(&reason)),
            types::Failure::Fatal(reason) => Self::Fatal(readable(&reason)),
        }
    }
}

/// A guest's text as it is shown and stored: cut, and without control characters that would forge lines of the log.
pub(super) fn readable(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(REASON_BYTES_MAX)];
    cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The innermost cause in one line; the Wasm backtrace is for the log.
pub(super) fn trap_reason(error: &wasmtime::Error) -> String {
    let reason = error.root_cause().to_string();
    if reason.contains("fuel allocated for hostcalls") {
        return format!("it handed over more than the {CALL_LIFT_BYTES_MAX} bytes of one call");
    }
    tracing::debug!(trace = %format!("{error:?}"), "a guest trapped");
    reason.lines().next().unwrap_or("unknown").to_owned()
}

/// The guest returned what the contract does not allow.
pub(super) fn broken(promise: String) -> CallError {
    CallError::Broken(format!("the plugin broke its contract: {promise}"))
}

/// A record that the guest wants appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// `None` is the deployment's output.
    pub topic: Option<String>,
    /// `None` is the partition of the key.
    pub partition: Option<u32>,
    /// `None` is the time of the append.
    pub timestamp_ms: Option<i64>,
    /// The offset of the input record that it comes of, where the plugin says so.
    pub origin: Option<u64>,
    /// Its timestamp is the one above, once it is known.
    pub record: Record,
}

/// An input record that the guest refuses; known to stand in the batch that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub offset: u64,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub records: Vec<Emitted>,
    /// In offset order, each offset once.
    pub rejections: Vec<Rejection>,
    /// Records of the batch, from its end, that are not done and are to be given again.
    pub left: usize,
    /// When, where that is not at once.
    pub hold: Option<Hold>,
}

impl Outcome {
    /// Checks what the guest returned. `input` is the batch it was given; `advance` has none, and can reject nothing.
    pub(super) fn check(outcome: wit::Outcome, input: Option<&Input<'_>>) -> Result<Self, CallError> {
        let records = check_records(outcome.records)?;
        let rejections = check_rejections(outcome.rejections, input)?;
        Self { records, rejections, ..Self::default() }.in_order()
    }

    /// Rejections in offset order, and each record rejected once.
    pub(super) fn in_order(mut self) -> Result<Self, CallError> {
        self.rejections.sort_by_key(|rejection| rejection.offset);
        if self.rejections.windows(2).any(|pair| pair[0].offset == pair[1].offset) {
            return Err(broken("it rejected a record twice".into()));
        }
        Ok(self)
    }
}

/// Checks records that a guest wants appended.
pub(super) fn check_records(records: Vec<types::NewRecord>) -> Result<Vec<Emitted>, CallError> {
    if records.len() > OUTCOME_RECORDS_MAX {
        return Err(broken(format!(
            "it returned {} records, over the {OUTCOME_RECORDS_MAX} of one call",
            records.len()
        )));
    }
    let mut bytes = 0;
    let mut checked = Vec::with_capacity(records.len());
    for emitted in records {
        let header =
            |header: types::HeaderResult| Header { name: header.name.into(), value: Some(header.value.into()) };
        let record = Record {
            timestamp_ms: emitted.timestamp_ms.unwrap_or(0),
            key: emitted.key.map(Bytes::from),
            value: emitted.value.map(Bytes::from),
            headers: emitted.headers.into_iter().map(header).collect(),
        };
        record.check().map_err(|error| broken(error.detail))?;
        bytes += record.bytes();
        if bytes > OUTCOME_BYTES_MAX {
            return Err(broken(format!("its records have more than the {OUTCOME_BYTES_MAX} bytes of one call")));
        }
        let (topic, partition, timestamp_ms) = (emitted.topic, emitted.partition, emitted.timestamp_ms);
        checked.push(Emitted { topic, partition, timestamp_ms, origin: None, record });
    }
    Ok(checked)
}

/// Checks that what a guest rejects is what it was given; `advance` gives nothing.
pub(super) fn check_rejections(
    rejections: Vec<types::Rejection>,
    input: Option<&Input<'_>>,
) -> Result<Vec<Rejection>, CallError> {
    let check = |rejection: types::Rejection| {
        let Some(input) = input else {
            return Err(broken(format!("it rejected offset {} in advance, which has no batch", rejection.offset)));
        };
        let is_known = rejection.topic == input.topic
            && rejection.partition == input.partition
            && input.records.binary_search_by_key(&rejection.offset, |record| record.offset).is_ok();
        if !is_known {
            return Err(broken(format!(
                "it rejected offset {} of partition {} of {}, which was not in the batch",
                rejection.offset,
                rejection.partition,
                readable(&rejection.topic)
            )));
        }
        Ok(Rejection { offset: rejection.offset, reason: readable(&rejection.reason) })
    };
    rejections.into_iter().map(check).collect()
}
