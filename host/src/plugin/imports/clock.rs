//! Time for guests: it stands still during a call, so that a call agrees with itself. The wish to be called again is staged,
//! as state is.

use super::state::Phase;
use super::{Host, wit};
use crate::clock::Clock;
use crate::limits::{TIMESTAMP_MS_MAX, WAKE_MS_MIN};

pub(in crate::plugin) struct TaskClock {
    clock: Clock,
    phase: Phase,
    now_ms: i64,
    watermark_ms: Option<i64>,
    /// What the calls since the last take wished, if any did.
    wake: Option<Wake>,
}

/// When the guest wants to be called though no record comes; `None` is not at all.
pub type Wake = Option<i64>;

impl TaskClock {
    pub(super) fn new(clock: Clock) -> Self {
        let now_ms = clock.now_ms();
        Self { clock, phase: Phase::Opening, now_ms, watermark_ms: None, wake: None }
    }

    pub(in crate::plugin) fn begin_call(&mut self, phase: Phase, watermark_ms: Option<i64>) {
        self.phase = phase;
        self.now_ms = self.clock.now_ms();
        self.watermark_ms = watermark_ms;
    }

    pub(in crate::plugin) fn take_wake(&mut self) -> Option<Wake> {
        self.wake.take()
    }
}

impl wit::clock::Host for Host {
    fn now_ms(&mut self) -> wasmtime::Result<i64> {
        Ok(self.clock.now_ms)
    }

    fn watermark_ms(&mut self) -> wasmtime::Result<Option<i64>> {
        Ok(self.clock.watermark_ms)
    }

    fn wake_at(&mut self, at_ms: Option<i64>) -> wasmtime::Result<()> {
        if self.clock.phase == Phase::Running {
            // Never at once: a guest that asks again and again would keep the disk busy.
            let soonest_ms = self.clock.now_ms + WAKE_MS_MIN;
            self.clock.wake = Some(at_ms.map(|at_ms| at_ms.clamp(soonest_ms, TIMESTAMP_MS_MAX)));
        }
        Ok(())
    }
}
