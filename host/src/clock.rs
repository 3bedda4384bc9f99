//! Time, as a parameter: the host's one look at the system's clocks. Tests bring their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Cheap to clone. Wall-clock time is for records and people, `instant` for measuring.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is set.
    pub fn manual(now_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Moves a manual clock; the system's clock is nobody's to set.
    pub fn set_ms(&self, now_ms: i64) {
        if let Source::Manual(time) = &self.0 {
            time.store(now_ms, Ordering::Relaxed);
        }
    }

    /// Milliseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Source::Manual(time) => time.load(Ordering::Relaxed),
        }
    }

    /// A point to measure a duration from; always real, since it never decides anything.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for a monotonic instant")]
    pub fn instant() -> Instant {
        Instant::now()
    }
}
