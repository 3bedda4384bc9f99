//! Whether a generation that runs on one partition goes on to all of them: a pure decision.

use crate::limits::{CANARY_RECORDS_MIN, CANARY_REJECTED_PERCENT_MAX};
use crate::model::deployment::CanaryRule;
use crate::model::generation::LedgerEntry;

/// What a generation did, over all its partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) records_in: u64,
    pub(super) records_out: u64,
    pub(super) rejected: u64,
}

impl Tally {
    pub(super) fn add(&mut self, entry: &LedgerEntry) {
        self.records_in += entry.records_in;
        self.records_out += entry.records_out;
        self.rejected += entry.rejected;
    }

    /// Parts of a million input records.
    fn per_million(self, of: u64) -> u64 {
        of.saturating_mul(1_000_000) / self.records_in.max(1)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wait,
    GoOn,
    GoBack(String),
}

/// `new` is the canary's tally, `old` that of the generation before. Faults end a canary without this.
pub(super) fn judge(rule: &CanaryRule, watched_ms: i64, new: Tally, old: Tally) -> Verdict {
    if new.records_in >= CANARY_RECORDS_MIN && old.records_in >= CANARY_RECORDS_MIN {
        let (now, before) = (new.per_million(new.records_out), old.per_million(old.records_out));
        let allowed = before.saturating_mul(rule.tolerance_percent.into()) / 100;
        if now.abs_diff(before) > allowed {
            return Verdict::GoBack(format!(
                "it emitted {} records of {} read, where the generation before emitted {} of {}: more than {}% apart",
                new.records_out, new.records_in, old.records_out, old.records_in, rule.tolerance_percent
            ));
        }
        let (now, before) = (new.per_million(new.rejected), old.per_million(old.rejected));
        if now > before + CANARY_REJECTED_PERCENT_MAX * 10_000 {
            return Verdict::GoBack(format!(
                "it rejected {} records of {} read, where the generation before rejected {} of {}",
                new.rejected, new.records_in, old.rejected, old.records_in
            ));
        }
    }
    // A canary that saw nothing has shown nothing.
    let is_over = u64::try_from(watched_ms).is_ok_and(|watched_ms| watched_ms >= rule.watch_ms);
    if is_over && new.records_in > 0 { Verdict::GoOn } else { Verdict::Wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> CanaryRule {
        CanaryRule { partition: 0, watch_ms: 1_000, tolerance_percent: 50 }
    }

    fn tally(records_in: u64, records_out: u64, rejected: u64) -> Tally {
        Tally { records_in, records_out, rejected }
    }

    fn goes_back(new: Tally, old: Tally) -> bool {
        matches!(judge(&rule(), 10, new, old), Verdict::GoBack(_))
    }

    #[test]
    fn a_canary_that_fares_as_the_one_before_goes_on_when_its_time_is_over() {
        let (new, old) = (tally(1_000, 490, 0), tally(9_000, 4_500, 3));
        assert_eq!(judge(&rule(), 999, new, old), Verdict::Wait);
        assert_eq!(judge(&rule(), 1_000, new, old), Verdict::GoOn);
        assert_eq!(judge(&rule(), 9_000, tally(0, 0, 0), old), Verdict::Wait, "it has seen nothing");
    }

    #[test]
    fn another_output_rate_goes_back() {
        assert!(goes_back(tally(100, 20, 0), tally(100, 50, 0)));
        assert!(goes_back(tally(100, 80, 0), tally(100, 50, 0)));
        assert!(!goes_back(tally(100, 74, 0), tally(100, 50, 0)));
        assert!(goes_back(tally(100, 1, 0), tally(100, 0, 0)), "from nothing to something is no small change");
        assert!(!goes_back(tally(99, 0, 0), tally(100, 50, 0)), "a few records say nothing");
    }

    #[test]
    fn many_rejections_go_back() {
        assert!(goes_back(tally(100, 50, 6), tally(100, 50, 0)));
        assert!(!goes_back(tally(100, 50, 5), tally(100, 50, 0)));
    }
}
