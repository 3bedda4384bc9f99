//! Admission: how many bytes of requests may be in memory at once. A permit is taken before a body is read and goes with
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
pub struct Permit(#[expect(dead_code, reason = "it is held for its drop")] OwnedSemaphorePermit);

impl Admission {
    pub(super) fn new() -> Self {
        Self { bytes: Arc::new(Semaphore::new(IN_FLIGHT_BYTES_MAX)) }
    }

    pub(super) fn try_admit(&self, bytes: usize) -> Result<Permit> {
        let wanted = u32::try_from((bytes + IN_FLIGHT_OVERHEAD_BYTES).min(IN_FLIGHT_BYTES_MAX)).unwrap_or(u32::MAX);
        match Arc::clone(&self.bytes).try_acquire_many_owned(wanted) {
            Ok(permit) => Ok(Permit(permit)),
            Err(TryAcquireError::Closed) => Err(Error::shutting_down()),
            Err(TryAcquireError::NoPermits) => Err(Error::new(
                Kind::Overloaded,
                "overloaded",
                format!("{IN_FLIGHT_BYTES_MAX} bytes of requests are already in flight; nothing of this one was stored: send it again after the time in Retry-After"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_is_refused_until_someone_leaves() {
        let admission = Admission::new();
        let all = admission.try_admit(IN_FLIGHT_BYTES_MAX).unwrap();
        let refused = admission.try_admit(1).unwrap_err();
        assert_eq!((refused.kind, refused.code), (Kind::Overloaded, "overloaded"));
        assert!(refused.retry_after_ms.is_some());
        drop(all);
        assert!(admission.try_admit(1).is_ok());
    }
}
