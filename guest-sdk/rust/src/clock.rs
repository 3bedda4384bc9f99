//! Time, as the host tells it. Answers stay constant during one call, so that a call agrees with itself.

use crate::imports;

/// Wall-clock time in milliseconds since the Unix epoch.
///
/// A result that depends on it is not reproducible: prefer the timestamps of records.
pub fn now_ms() -> i64 {
    imports::clock::now_ms()
}

/// Up to which event time the task's inputs have been read, where that is known.
pub fn watermark_ms() -> Option<i64> {
    imports::clock::watermark_ms()
}

/// Asks the host for a call of [`advance`](crate::Processor::advance) once the wall clock reaches this time, though no record
/// comes; `None` takes the wish back.
///
/// A task has one wish: a later one replaces it, and the call that it brings uses it up. It commits with the call that makes
/// it, and outlives restarts and swaps; while the plugin opens it is passed over. [`Timers`](crate::timers::Timers) keeps
/// many times over this one.
pub fn wake_at(at_ms: Option<i64>) {
    imports::clock::wake_at(at_ms);
}
