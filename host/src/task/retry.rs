//! What a task does after a failure: a pure decision.

use crate::limits::{TASK_FAILURES_MAX, TASK_RETRY_MS_MAX, TASK_RETRY_MS_MIN};
use crate::plugin::CallError;

/// Why a step did not end in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepError {
    Call(CallError),
    /// The log or the store: nothing that another plugin version could do better.
    Host(String),
}

impl StepError {
    pub(super) fn is_fault(&self) -> bool {
        matches!(self, Self::Call(CallError::Broken(_) | CallError::Reject(_) | CallError::Fatal(_)))
    }
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Host(reason) => f.write_str(reason),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Situation {
    /// Failures in a row, this one included: they decide how long to wait.
    pub(super) failures: u32,
    /// Those of them that were the plugin's fault: they decide whether to go on with it.
    pub(super) faults: u32,
    /// The generation is new, and there is one to return to.
    pub(super) on_trial: bool,
    /// The batch had more than one record.
    pub(super) many_records: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    RetryAfterMs(u64),
    /// Take the batch a record at a time, now: the others go on, and the one that does it is dead-lettered or named.
    Isolate,
    /// Ask for the generation before, and meanwhile do nothing.
    RollBack,
    /// Do nothing until the operator has looked.
    Stop,
}

pub(super) fn decide(error: &StepError, situation: Situation) -> Action {
    let Situation { failures, faults, on_trial, many_records } = situation;
    let backoff =
        || Action::RetryAfterMs((TASK_RETRY_MS_MIN << failures.saturating_sub(1).min(20)).min(TASK_RETRY_MS_MAX));
    match error {
        StepError::Call(CallError::Retry { after_ms: Some(after_ms), .. }) => {
            Action::RetryAfterMs(u64::from(*after_ms).clamp(1, TASK_RETRY_MS_MAX))
        }
        StepError::Host(_) | StepError::Call(CallError::NoRoom(_) | CallError::Retry { after_ms: None, .. }) => {
            backoff()
        }
        StepError::Call(CallError::Reject(_)) if many_records => Action::Isolate,
        StepError::Call(CallError::Fatal(_)) => {
            if on_trial {
                Action::RollBack
            } else {
                Action::Stop
            }
        }
        StepError::Call(CallError::Broken(_) | CallError::Reject(_)) => {
            if faults < TASK_FAILURES_MAX {
                backoff()
            } else if on_trial {
                Action::RollBack
            } else if many_records {
                Action::Isolate
            } else {
                backoff()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> StepError {
        StepError::Call(CallError::Broken("unreachable".into()))
    }

    fn situation(failures: u32, on_trial: bool, many_records: bool) -> Situation {
        Situation { failures, faults: failures, on_trial, many_records }
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let host = StepError::Host("disk".into());
        let waits: Vec<_> =
            [1, 2, 3, 40].map(|failures| decide(&host, situation(failures, true, true))).into_iter().collect();
        let expected = [50, 100, 200, TASK_RETRY_MS_MAX].map(Action::RetryAfterMs);
        assert_eq!(waits, expected);
    }

    #[test]
    fn a_new_generation_that_keeps_breaking_goes_back() {
        assert_eq!(decide(&broken(), situation(2, true, true)), Action::RetryAfterMs(100));
        assert_eq!(decide(&broken(), situation(3, true, true)), Action::RollBack);
        let fatal = StepError::Call(CallError::Fatal("no".into()));
        assert_eq!(decide(&fatal, situation(1, true, false)), Action::RollBack);
    }

    #[test]
    fn what_is_not_its_fault_does_not_count_against_a_generation() {
        let patient = Situation { faults: 1, ..situation(9, true, true) };
        assert_eq!(decide(&broken(), patient), Action::RetryAfterMs(12_800));
        let crowded = StepError::Call(CallError::NoRoom("full".into()));
        assert_eq!(decide(&crowded, situation(3, true, true)), Action::RetryAfterMs(200));
    }

    #[test]
    fn an_old_generation_finds_the_record_that_breaks_it() {
        assert_eq!(decide(&broken(), situation(3, false, true)), Action::Isolate);
        assert_eq!(decide(&broken(), situation(4, false, false)), Action::RetryAfterMs(400));
        let fatal = StepError::Call(CallError::Fatal("no".into()));
        assert_eq!(decide(&fatal, situation(1, false, false)), Action::Stop);
    }

    #[test]
    fn the_guest_chooses_its_own_wait() {
        let retry = |after_ms| StepError::Call(CallError::Retry { reason: "busy".into(), after_ms });
        assert_eq!(decide(&retry(Some(700)), situation(9, true, true)), Action::RetryAfterMs(700));
        assert_eq!(decide(&retry(None), situation(1, true, true)), Action::RetryAfterMs(50));
    }

    #[test]
    fn a_rejected_batch_is_taken_apart() {
        let reject = StepError::Call(CallError::Reject("bad".into()));
        assert_eq!(decide(&reject, situation(1, true, true)), Action::Isolate);
    }
}
