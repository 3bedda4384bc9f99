//! Whether requests may be sent at all: a circuit breaker, and pauses that the server asked for.

use serde::Deserialize;

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Breaker {
    /// So many failed requests in a row, of whatever records.
    pub(crate) failures: u32,
    pub(crate) cooldown_ms: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 5, cooldown_ms: 10_000 }
    }
}

/// What all requests to the server have in common. It lives in memory: a new instance begins with an open gate.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// In a row.
    failures: u32,
    shut_until_ms: i64,
    /// Why the last request failed.
    reason: String,
}

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    All,
    /// One request, to see whether the server is back.
    Probe,
    Nobody,
}

impl Gate {
    pub(crate) fn admission(&self, breaker: Breaker, now_ms: i64) -> Admission {
        if now_ms < self.shut_until_ms {
            Admission::Nobody
        } else if self.failures >= breaker.failures {
            Admission::Probe
        } else {
            Admission::All
        }
    }

    /// The server answered, and is well.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn failed(&mut self, breaker: Breaker, reason: &str, now_ms: i64) {
        self.failures = self.failures.saturating_add(1);
        reason.clone_into(&mut self.reason);
        if self.failures >= breaker.failures {
            self.pause_until(now_ms.saturating_add(i64::from(breaker.cooldown_ms)));
        }
    }

    /// Nobody passes before this time.
    pub(crate) fn pause_until(&mut self, at_ms: i64) {
        self.shut_until_ms = self.shut_until_ms.max(at_ms);
    }

    /// Failed requests in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn shut_until_ms(&self) -> i64 {
        self.shut_until_ms
    }

    /// Why it is shut.
    pub(crate) fn reason(&self, breaker: Breaker) -> String {
        if self.failures >= breaker.failures {
            format!("{} requests failed in a row, the last because {}", self.failures, self.reason)
        } else {
            self.reason.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKER: Breaker = Breaker { failures: 2, cooldown_ms: 100 };

    #[test]
    fn it_shuts_after_failures_in_a_row_and_lets_one_probe_pass() {
        let mut gate = Gate::default();
        gate.failed(BREAKER, "a", 0);
        gate.succeeded();
        gate.failed(BREAKER, "b", 0);
        assert_eq!(gate.admission(BREAKER, 0), Admission::All);
        gate.failed(BREAKER, "c", 0);
        assert_eq!(gate.admission(BREAKER, 99), Admission::Nobody);
        assert_eq!(gate.reason(BREAKER), "2 requests failed in a row, the last because c");
        assert_eq!(gate.admission(BREAKER, 100), Admission::Probe);
        gate.failed(BREAKER, "d", 100);
        assert_eq!(gate.admission(BREAKER, 199), Admission::Nobody);
        assert_eq!(gate.admission(BREAKER, 200), Admission::Probe);
        gate.succeeded();
        assert_eq!(gate.admission(BREAKER, 200), Admission::All);
    }

    #[test]
    fn a_pause_shuts_it_without_a_probe() {
        let mut gate = Gate::default();
        gate.failed(BREAKER, "busy", 0);
        gate.pause_until(50);
        gate.pause_until(10);
        assert_eq!(gate.admission(BREAKER, 49), Admission::Nobody);
        assert_eq!(gate.reason(BREAKER), "busy");
        assert_eq!(gate.admission(BREAKER, 50), Admission::All);
    }
}
