//! Why a call failed, said as what the host does next.

use std::fmt::Display;

use crate::{Failure, HostError, RetryAdvice};

impl Failure {
    /// Transient: the host makes the same call again, at a pace of its own.
    pub fn retry(reason: impl Display) -> Self {
        Self::Retry(RetryAdvice { reason: reason.to_string(), after_ms: None })
    }

    /// Transient: the host makes the same call again after `after_ms` milliseconds.
    pub fn retry_after(reason: impl Display, after_ms: u32) -> Self {
        Self::Retry(RetryAdvice { reason: reason.to_string(), after_ms: Some(after_ms) })
    }

    /// The whole input of this call can never succeed: the host dead-letters it and goes on.
    ///
    /// To refuse single records use [`Output::reject`](crate::Output::reject) and succeed.
    pub fn reject(reason: impl Display) -> Self {
        Self::Reject(reason.to_string())
    }

    /// The plugin cannot go on: the host stops the task and shows the reason to the operator.
    pub fn fatal(reason: impl Display) -> Self {
        Self::Fatal(reason.to_string())
    }
}

/// A host that is busy is worth another try; any other refusal repeats itself, so the operator has to see it.
impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Unavailable(reason) => Self::retry(reason),
            HostError::Denied(reason) => Self::fatal(format!("the host denied it: {reason}")),
            HostError::NotFound(what) => Self::fatal(format!("the host knows no {what}")),
            HostError::TooLarge(limit_bytes) => {
                Self::fatal(format!("larger than the host's limit of {limit_bytes} bytes"))
            }
            HostError::Other(reason) => Self::fatal(reason),
        }
    }
}

/// Why one record can never be processed: the host dead-letters it with this reason and goes on.
///
/// Any error turns into it with `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// For people: what is wrong with the record.
    pub reason: String,
}

impl Reject {
    /// Refuses a record for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

// `Reject` is not an `Error` itself, which is what makes this conversion possible (as in anyhow).
impl<E: std::error::Error> From<E> for Reject {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unavailable_host_is_tried_again() {
        assert!(matches!(HostError::Unavailable("busy".into()).into(), Failure::Retry(_)));
        for error in [
            HostError::Denied("no".into()),
            HostError::NotFound("table x".into()),
            HostError::TooLarge(1),
            HostError::Other("?".into()),
        ] {
            assert!(matches!(error.into(), Failure::Fatal(_)));
        }
    }
}
