//! The sourcing role.

use std::cell::RefCell;

use super::instance::Instance;
use crate::source::{PollLimits, PollOutcome, Source};
use crate::{Failure, TaskContext};

/// The source of a deployment, and the last cursor that is known to be committed.
pub struct SourceTask<S> {
    instance: Instance<S>,
    committed: RefCell<Option<Vec<u8>>>,
    /// What the last poll answered. A host that polls on has committed it: else it would have opened a new instance.
    polled: RefCell<Option<Vec<u8>>>,
}

impl<S> SourceTask<S> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self { instance: Instance::new(), committed: RefCell::new(None), polled: RefCell::new(None) }
    }
}

impl<S: Source> SourceTask<S> {
    pub fn open(&self, context: TaskContext, resume: Option<Vec<u8>>) -> Result<(), Failure> {
        self.polled.take();
        self.committed.replace(resume.clone());
        self.instance.open(context, |context| S::open(context, resume))
    }

    pub fn poll(&self, limits: PollLimits) -> Result<PollOutcome, Failure> {
        if let Some(polled) = self.polled.take() {
            self.committed.replace(Some(polled));
        }
        let outcome = self.call(|source| source.poll(limits))?;
        self.polled.replace(Some(outcome.cursor.clone()));
        Ok(outcome)
    }

    pub fn committed(&self, cursor: Vec<u8>) -> Result<(), Failure> {
        // It is so, whatever the source makes of it: one that fails now is opened anew from here.
        self.polled.borrow_mut().take_if(|polled| *polled == cursor);
        self.committed.replace(Some(cursor.clone()));
        self.call(|source| source.committed(&cursor))
    }

    pub fn close(&self) {
        self.instance.close();
    }

    fn call<R>(&self, step: impl FnOnce(&mut S) -> Result<R, Failure>) -> Result<R, Failure> {
        self.instance.call(|context| S::open(context, self.committed.borrow().clone()), step)
    }
}
