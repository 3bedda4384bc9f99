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
