//! The calls of one step: each batch to the plugin, and what it says of it gathered for one commit.

use std::time::{Duration, Instant};

use super::activity::{Delivery, Verdict};
use super::retry::StepError;
use super::status::{Failure, TaskState};
use super::step::{Output, Progress};
use super::worker::{Worker, micros};
use crate::clock::Clock;
use crate::limits::STEP_MS_MAX;
use crate::model::record::StoredRecord;
use crate::plugin::{CallError, Hold, Input, Instance, Outcome, Rejection};

/// Records of one input that go into one call.
pub(super) struct Batch<'a> {
    pub(super) input: usize,
    pub(super) records: &'a [StoredRecord<'a>],
}

/// What the calls came to.
pub(super) struct Called {
    pub(super) output: Output,
    /// By input.
    pub(super) progress: Vec<Progress>,
    /// So many of the batches were handed over; the others wait for the next step.
    pub(super) batches: usize,
    /// The plugin left records of the last one for later.
    pub(super) hold: Option<Hold>,
}

impl Worker {
    /// Calls the plugin with one batch after the other, as long as it is not too much for one commit.
    pub(super) async fn call_with(
        &mut self,
        instance: &mut Instance,
        batches: &[Batch<'_>],
        now_ms: i64,
    ) -> Result<Called, StepError> {
        let begun = Clock::instant();
        let plan = std::sync::Arc::clone(&self.plan);
        let partition = self.scope.partition;
        let progress = vec![Progress::default(); self.inputs.len()];
        let mut called = Called { output: Output::default(), progress, batches: 0, hold: None };
        for Batch { input, records } in batches {
            if called.output.is_full() || begun.elapsed() > Duration::from_millis(STEP_MS_MAX) {
                break;
            }
            called.batches += 1;
            let Some(first) = records.first() else { continue };
            let topic = self.inputs[*input].partition.topic().to_string();
            let batch = Input { topic: &topic, partition, records };
            let call_begun = Clock::instant();
            let outcome = match instance.process(&batch, self.times.watermark_ms).await {
                Ok(outcome) => outcome,
                Err(CallError::Reject(reason)) if batches.len() == 1 && records.len() == 1 => {
                    // It goes on without the record, and so without what it may remember of it.
                    *instance = self.open_instance(&plan).await.map_err(StepError::Call)?.0;
                    Outcome { rejections: vec![Rejection { offset: first.offset, reason }], ..Outcome::default() }
                }
                Err(error) => return Err(StepError::Call(error)),
            };
            let Outcome { records: emitted, rejections, left, hold } = outcome;
            let done = &records[..records.len() - left];
            if self.is_sink() {
                self.remember_delivery(&topic, records, (done.len(), rejections.len()), hold.as_ref(), call_begun);
            }
            let reached = plan.reach(&self.surroundings, &emitted).await?;
            let progress = &mut called.progress[*input];
            progress.next_offset = done.last().map(|last| last.offset + 1).or(progress.next_offset);
            progress.records_in += done.len() as u64;
            progress.rejected += rejections.len() as u64;
            let emitted = called.output.emit((&plan, &reached), partition, now_ms, emitted);
            progress.records_out += emitted.map_err(StepError::Call)?;
            called.output.reject(&plan, &topic, partition, records, rejections).map_err(StepError::Call)?;
            if left > 0 {
                called.hold = hold;
                break;
            }
        }
        Ok(called)
    }

    /// The plugin wants to be left alone for a while: what it delivers to does not take it.
    pub(super) fn hold(&mut self, Hold { reason, ms }: Hold) {
        self.retry_at = Some(tokio::time::Instant::now() + Duration::from_millis(ms));
        let Some(reason) = reason else { return self.show(TaskState::Running, None) };
        self.surroundings.metrics.task_failures.get_or_create(&self.label).inc();
        let input = self.inputs.iter().find(|input| input.has_more()).or_else(|| self.inputs.first());
        let (topic, offset) =
            input.map(|input| (input.partition.topic().to_string(), input.next_offset)).unwrap_or_default();
        self.failures_seen.remember(Failure {
            at_ms: self.surroundings.clock.now_ms(),
            topic,
            partition: self.scope.partition,
            generation: self.plan.generation.number,
            offset,
            reason: reason.clone(),
        });
        self.show(TaskState::Failing, Some(reason));
    }

    fn remember_delivery(
        &self,
        topic: &str,
        records: &[StoredRecord<'_>],
        (done, rejected): (usize, usize),
        hold: Option<&Hold>,
        begun: Instant,
    ) {
        let offset = |record: Option<&StoredRecord<'_>>| record.map_or(0, |record| record.offset);
        self.activity.remember(Delivery {
            at_ms: self.surroundings.clock.now_ms(),
            what: format!(
                "{topic} partition {} offsets {} to {}",
                self.scope.partition,
                offset(records.first()),
                offset(records.last())
            ),
            verdict: match (done, rejected) {
                (0, _) if hold.is_some_and(|hold| hold.reason.is_some()) => Verdict::Failed,
                (_, 0) => Verdict::Accepted,
                _ => Verdict::Refused,
            },
            status: None,
            records: (done - rejected.min(done)) as u64,
            us: micros(begun.elapsed()),
            reason: hold.and_then(|hold| hold.reason.clone()),
        });
    }
}
