//! The processing role.

use super::instance::Instance;
use crate::bindings::exports::kafka_do::plugin::processor::Outcome;
use crate::{Batch, Failure, Output, Processor, TaskContext};

/// The processor of a task.
pub struct ProcessorTask<P>(Instance<P>);

impl<P> ProcessorTask<P> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self(Instance::new())
    }
}

impl<P: Processor> ProcessorTask<P> {
    pub fn open(&self, context: TaskContext) -> Result<(), Failure> {
        self.0.open(context, P::open)
    }

    pub fn process(&self, batch: Batch) -> Result<Outcome, Failure> {
        let output = Output::new(batch.topic.clone(), batch.partition);
        self.call(output, |processor, output| processor.process(batch, output))
    }

    pub fn advance(&self, watermark_ms: i64) -> Result<Outcome, Failure> {
        self.call(Output::new(String::new(), 0), |processor, output| processor.advance(watermark_ms, output))
    }

    pub fn close(&self) {
        self.0.close();
    }

    fn call(
        &self,
        mut output: Output,
        step: impl FnOnce(&mut P, &mut Output) -> Result<(), Failure>,
    ) -> Result<Outcome, Failure> {
        self.0.call(P::open, |processor| step(processor, &mut output))?;
        Ok(output.into_outcome())
    }
}
