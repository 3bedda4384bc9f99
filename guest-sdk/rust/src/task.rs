//! What runs between the exports of a component and its [`Processor`]: one value per task, and what a failure does to it.

use std::cell::RefCell;

use crate::bindings::exports::kafka_do::plugin::processor::Outcome;
use crate::{Batch, Context, Failure, Output, Processor, TaskContext, state};

/// The processor of a task, or what it takes to open it again.
///
/// A call takes the processor out and puts it back only when it succeeded. Whatever a failed call left in its fields is
/// ahead of the state that the host kept, so it is dropped, and the next call opens a new one with the same settings.
pub struct Task<P> {
    context: RefCell<Option<TaskContext>>,
    processor: RefCell<Option<P>>,
}

impl<P> Task<P> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self { context: RefCell::new(None), processor: RefCell::new(None) }
    }
}

impl<P: Processor> Task<P> {
    pub fn open(&self, context: TaskContext) -> Result<(), Failure> {
        #[cfg(target_arch = "wasm32")]
        report_panics();
        let processor = open_processor::<P>(&context)?;
        self.context.replace(Some(context));
        self.processor.replace(Some(processor));
        Ok(())
    }

    pub fn process(&self, batch: Batch) -> Result<Outcome, Failure> {
        let output = Output::new(batch.topic.clone(), batch.partition);
        self.call(output, |processor, output| processor.process(batch, output))
    }

    pub fn advance(&self, watermark_ms: i64) -> Result<Outcome, Failure> {
        self.call(Output::new(String::new(), 0), |processor, output| processor.advance(watermark_ms, output))
    }

    pub fn close(&self) {
        self.processor.take();
        self.context.take();
    }

    fn call(
        &self,
        mut output: Output,
        step: impl FnOnce(&mut P, &mut Output) -> Result<(), Failure>,
    ) -> Result<Outcome, Failure> {
        let mut processor = self.processor.take().map_or_else(|| self.reopen(), Ok)?;
        let result = step(&mut processor, &mut output).and_then(|()| Ok(state::write_staged()?));
        if let Err(failure) = result {
            state::forget_staged();
            return Err(failure);
        }
        self.processor.replace(Some(processor));
        Ok(output.into_outcome())
    }

    fn reopen(&self) -> Result<P, Failure> {
        let context = self.context.borrow();
        let context = context.as_ref().ok_or_else(|| Failure::fatal("called before it was opened"))?;
        open_processor(context)
    }
}

fn open_processor<P: Processor>(context: &TaskContext) -> Result<P, Failure> {
    let settings = serde_json::from_str(&context.settings)
        .map_err(|error| Failure::fatal(format!("the settings do not fit the plugin: {error}")))?;
    let opened = P::open(Context { deployment: context.deployment.clone(), partition: context.partition, settings });
    if state::forget_staged() && opened.is_ok() {
        return Err(Failure::fatal("the plugin wrote state while it was opened; write it while processing"));
    }
    opened
}

/// A panic becomes a trap, which says nothing: so its message goes to the log first.
#[cfg(target_arch = "wasm32")]
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| crate::log::error(panic)));
}
