//! What a connector did lately: counts since the host started, a rate, and the last few deliveries.

use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::DELIVERIES_KEPT;

/// Seconds that the rate is taken over.
const RATE_SECONDS: u8 = 60;

/// How a delivery went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was taken: a request was stored, a batch was delivered, a poll was committed.
    Accepted,
    /// A request whose event had been stored before.
    Duplicate,
    /// The plugin refused it: a request with a wrong signature, a record that was dead-lettered.
    Refused,
    /// It could not be done, and is tried again, by the host or by the sender.
    Failed,
}

/// One delivery: a request, a call of a sink, or a poll of a source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Delivery {
    pub at_ms: i64,
    /// A request's method and path; the topic, partition and offsets of a sink's batch.
    pub what: String,
    pub verdict: Verdict,
    /// What a request was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub records: u64,
    /// How long it took, with its commit.
    pub us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a connector did since the host started.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ActivityStatus {
    pub accepted: u64,
    pub duplicates: u64,
    pub refused: u64,
    pub failed: u64,
    pub records: u64,
    /// Records a second, over the last minute.
    pub records_per_second: f64,
    /// The last deliveries, oldest first.
    pub last: Vec<Delivery>,
}

#[derive(Debug, Default)]
pub(super) struct Activity(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    accepted: u64,
    duplicates: u64,
    refused: u64,
    failed: u64,
    records: u64,
    /// Records of each of the last seconds; the second's number says which it is.
    seconds: [(i64, u64); RATE_SECONDS as usize],
    last: VecDeque<Delivery>,
}

impl Default for Counts {
    fn default() -> Self {
        let (accepted, duplicates, refused, failed, records) = (0, 0, 0, 0, 0);
        let (seconds, last) = ([(i64::MIN, 0); RATE_SECONDS as usize], VecDeque::new());
        Self { accepted, duplicates, refused, failed, records, seconds, last }
    }
}

fn slot(second: i64) -> usize {
    usize::try_from(second.rem_euclid(RATE_SECONDS.into())).unwrap_or(0)
}

impl Activity {
    pub(super) fn remember(&self, delivery: Delivery) {
        let counts = &mut *self.0.lock();
        match delivery.verdict {
            Verdict::Accepted => counts.accepted += 1,
            Verdict::Duplicate => counts.duplicates += 1,
            Verdict::Refused => counts.refused += 1,
            Verdict::Failed => counts.failed += 1,
        }
        counts.records += delivery.records;
        let second = delivery.at_ms.div_euclid(1_000);
        let (of, records) = &mut counts.seconds[slot(second)];
        if *of != second {
            (*of, *records) = (second, 0);
        }
        *records += delivery.records;
        if counts.last.len() == DELIVERIES_KEPT {
            counts.last.pop_front();
        }
        counts.last.push_back(delivery);
    }

    pub(super) fn status(&self, now_ms: i64) -> ActivityStatus {
        let counts = self.0.lock();
        let now = now_ms.div_euclid(1_000);
        // The second under way is not over.
        let is_recent = |second: i64| second < now && second > now - i64::from(RATE_SECONDS);
        let recent: u64 =
            counts.seconds.iter().filter(|(second, _)| is_recent(*second)).map(|(_, records)| records).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let records_per_second = recent as f64 / f64::from(RATE_SECONDS - 1);
        ActivityStatus {
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            refused: counts.refused,
            failed: counts.failed,
            records: counts.records,
            records_per_second,
            last: counts.last.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(at_ms: i64, verdict: Verdict, records: u64) -> Delivery {
        Delivery { at_ms, what: "POST /".into(), verdict, status: Some(200), records, us: 1, reason: None }
    }

    #[test]
    fn a_rate_forgets_what_is_a_minute_old() {
        let activity = Activity::default();
        for second in 0..120 {
            activity.remember(delivery(second * 1_000, Verdict::Accepted, 2));
        }
        let status = activity.status(120_000);
        assert_eq!((status.accepted, status.records), (120, 240));
        assert!((status.records_per_second - 2.0).abs() < 1e-9, "{status:?}");
        assert!(activity.status(400_000).records_per_second.abs() < 1e-9);
        assert_eq!(status.last.len(), DELIVERIES_KEPT);
        assert_eq!(status.last.last().map(|last| last.at_ms), Some(119_000));
    }

    #[test]
    fn each_verdict_is_counted() {
        let activity = Activity::default();
        for verdict in [Verdict::Accepted, Verdict::Duplicate, Verdict::Refused, Verdict::Failed] {
            activity.remember(delivery(1, verdict, 0));
        }
        let status = activity.status(2);
        assert_eq!((status.accepted, status.duplicates, status.refused, status.failed), (1, 1, 1, 1));
    }
}
