//! The clock. What is measured here is the real machine, so there is nothing to hold still.

use std::time::Instant;

use jiff::{Timestamp, Unit};

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock; this is its one place")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day, to the second.
pub(crate) fn time() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now)
}
