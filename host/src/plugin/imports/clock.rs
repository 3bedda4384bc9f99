//! Time for guests: it stands still during a call, so that a call agrees with itself.

use super::{Host, wit};
use crate::clock::Clock;

pub(in crate::plugin) struct TaskClock {
    clock: Clock,
    now_ms: i64,
    watermark_ms: Option<i64>,
}

impl TaskClock {
    pub(super) fn new(clock: Clock) -> Self {
        let now_ms = clock.now_ms();
        Self { clock, now_ms, watermark_ms: None }
    }

    pub(in crate::plugin) fn begin_call(&mut self, watermark_ms: Option<i64>) {
        self.now_ms = self.clock.now_ms();
        self.watermark_ms = watermark_ms;
    }
}

impl wit::clock::Host for Host {
    fn now_ms(&mut self) -> wasmtime::Result<i64> {
        Ok(self.clock.now_ms)
    }

    fn watermark_ms(&mut self) -> wasmtime::Result<Option<i64>> {
        Ok(self.clock.watermark_ms)
    }
}
