//! The clock. What is measured here is the real machine, so there is nothing to hold still.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock; this is its one place")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
