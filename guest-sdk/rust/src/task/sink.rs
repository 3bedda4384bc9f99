//! The sinking role.

use super::instance::Instance;
use crate::sink::{Delivery, Sink};
use crate::{Batch, Failure, TaskContext};

/// The sink of a task.
pub struct SinkTask<S>(Instance<S>);

impl<S> SinkTask<S> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self(Instance::new())
    }
}

impl<S: Sink> SinkTask<S> {
    pub fn open(&self, context: TaskContext) -> Result<(), Failure> {
        self.0.open(context, S::open)
    }

    pub fn deliver(&self, batch: Batch) -> Result<Delivery, Failure> {
        self.0.call(S::open, |sink| sink.deliver(batch))
    }

    pub fn close(&self) {
        self.0.close();
    }
}
