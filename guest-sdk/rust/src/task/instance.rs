//! What every role shares: the value, and what it takes to open it again.

use std::cell::RefCell;

use serde::de::DeserializeOwned;

use crate::{Context, Failure, TaskContext, state};

/// The value that plays a role, or what it takes to open it again.
///
/// A call takes the value out and puts it back only when it succeeded. Whatever a failed call left in its fields is ahead of
/// what the host kept, so it is dropped, and the next call opens a new one with the same settings.
pub(super) struct Instance<T> {
    context: RefCell<Option<TaskContext>>,
    value: RefCell<Option<T>>,
}

impl<T> Instance<T> {
    pub(super) const fn new() -> Self {
        Self { context: RefCell::new(None), value: RefCell::new(None) }
    }

    /// Opens the value for the first time, and keeps what was told for the times after.
    pub(super) fn open<S: DeserializeOwned>(
        &self,
        context: TaskContext,
        open: impl FnOnce(Context<S>) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        #[cfg(target_arch = "wasm32")]
        report_panics();
        let value = open_value(&context, open)?;
        self.context.replace(Some(context));
        self.value.replace(Some(value));
        Ok(())
    }

    /// One call: what it staged is written where it succeeded, and forgotten where it failed.
    pub(super) fn call<S: DeserializeOwned, R>(
        &self,
        open: impl FnOnce(Context<S>) -> Result<T, Failure>,
        step: impl FnOnce(&mut T) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let mut value = self.value.take().map_or_else(|| self.reopen(open), Ok)?;
        let result = step(&mut value).and_then(|answer| {
            state::write_staged()?;
            Ok(answer)
        });
        match result {
            Ok(_) => {
                self.value.replace(Some(value));
            }
            Err(_) => {
                state::forget_staged();
            }
        }
        result
    }

    pub(super) fn close(&self) {
        self.value.take();
        self.context.take();
    }

    fn reopen<S: DeserializeOwned>(&self, open: impl FnOnce(Context<S>) -> Result<T, Failure>) -> Result<T, Failure> {
        let context = self.context.borrow();
        let context = context.as_ref().ok_or_else(|| Failure::fatal("called before it was opened"))?;
        open_value(context, open)
    }
}

fn open_value<T, S: DeserializeOwned>(
    context: &TaskContext,
    open: impl FnOnce(Context<S>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = serde_json::from_str(&context.settings)
        .map_err(|error| Failure::fatal(format!("the settings do not fit the plugin: {error}")))?;
    let opened = open(Context { deployment: context.deployment.clone(), partition: context.partition, settings });
    if state::forget_staged() && opened.is_ok() {
        return Err(Failure::fatal("the plugin wrote state while it was opened; write it in a later call"));
    }
    opened
}

/// A panic becomes a trap, which says nothing: so its message goes to the log first.
#[cfg(target_arch = "wasm32")]
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| crate::log::error(panic)));
}
