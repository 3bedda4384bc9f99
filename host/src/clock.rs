//! Time, as a parameter: the host's one look at the system's clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall-clock time is for records and people, `instant` for measuring.
#[derive(Clone, Debug)]
pub struct Clock {
    #[cfg(test)]
    set: Option<std::sync::Arc<std::sync::atomic::AtomicI64>>,
}

impl Clock {
    pub fn system() -> Self {
        Self {
            #[cfg(test)]
            set: None,
        }
    }

    /// A clock that stands where a test sets it.
    #[cfg(test)]
    pub fn set(now_ms: std::sync::Arc<std::sync::atomic::AtomicI64>) -> Self {
        Self { set: Some(now_ms) }
    }

    /// Milliseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now_ms(&self) -> i64 {
        #[cfg(test)]
        if let Some(set) = &self.set {
            return set.load(std::sync::atomic::Ordering::Relaxed);
        }
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// A point to measure a duration from; always real, since it never decides anything.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for a monotonic instant")]
    pub fn instant() -> Instant {
        Instant::now()
    }
}
