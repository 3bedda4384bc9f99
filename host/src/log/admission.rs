//! Admission: how many bytes of requests may be in memory at once. A permit grows with the body as it is read and goes with
//! the unit until it is committed, so that the queue before the writer is bounded in bytes, not only in entries.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::error::{Error, Kind, Result};
use crate::limits::{IN_FLIGHT_BYTES_MAX, IN_FLIGHT_OVERHEAD_BYTES};

#[derive(Debug)]
pub(super) struct Admission {
    bytes: Arc<Semaphore>,
}

/// Room in memory; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    held: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new() -> Self {
        Self { bytes: Arc::new(Semaphore::new(IN_FLIGHT_BYTES_MAX)) }
    }

    /// Room for a request's bookkeeping.
    pub(super) fn try_admit(&self) -> Result<Permit> {
        Ok(Permit { held: acquire(&self.bytes, IN_FLIGHT_OVERHEAD_BYTES)? })
    }
}

impl Permit {
    /// Room for more bytes of the same request. Never waits: a request that waited would hold what it has.
    pub fn try_grow(&mut self, bytes: usize) -> Result<()> {
        let more = acquire(self.held.semaphore(), bytes)?;
        self.held.merge(more);
        Ok(())
    }
}

fn acquire(semaphore: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Arc::clone(semaphore).try_acquire_many_owned(bytes).map_err(|error| match error {
        TryAcquireError::Closed => Error::shutting_down(),
        TryAcquireError::NoPermits => Error::new(
            Kind::Overloaded,
            "overloaded",
            format!("{IN_FLIGHT_BYTES_MAX} bytes of requests are already in flight; nothing of this one was stored: send it again after the time in Retry-After"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_is_refused_until_someone_leaves() {
        let admission = Admission::new();
        let mut all = admission.try_admit().unwrap();
        all.try_grow(IN_FLIGHT_BYTES_MAX - IN_FLIGHT_OVERHEAD_BYTES).unwrap();
        assert!(all.try_grow(1).is_err());
        let refused = admission.try_admit().unwrap_err();
        assert_eq!((refused.kind, refused.code), (Kind::Overloaded, "overloaded"));
        assert!(refused.retry_after_ms.is_some());
        drop(all);
        assert!(admission.try_admit().is_ok());
    }
}
