//! The memory of guests: bounded for each instance, and for all of them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use crate::limits::{INSTANCE_MEMORY_BYTES_MAX, INSTANCE_TABLE_ELEMENTS_MAX, INSTANCES_MEMORY_BYTES_MAX};

/// All instances together have taken what there is.
#[derive(Debug, thiserror::Error)]
#[error("the memory for plugins, {INSTANCES_MEMORY_BYTES_MAX} bytes, is taken; delete or pause deployments")]
pub(super) struct NoMemoryLeft;

/// What all instances of the host have taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<AtomicUsize>);

/// What one instance has taken; given back when it goes.
#[derive(Debug)]
pub(super) struct Memory {
    budget: Budget,
    taken: usize,
}

impl Budget {
    pub(super) fn memory(&self) -> Memory {
        Memory { budget: self.clone(), taken: 0 }
    }
}

impl Memory {
    fn take(&mut self, more: usize) -> wasmtime::Result<bool> {
        if self.taken.checked_add(more).is_none_or(|taken| taken > INSTANCE_MEMORY_BYTES_MAX) {
            wasmtime::bail!("the plugin wants more memory than the {INSTANCE_MEMORY_BYTES_MAX} bytes of one instance");
        }
        let all = &self.budget.0;
        let room = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= INSTANCES_MEMORY_BYTES_MAX);
        if all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_err() {
            return Err(NoMemoryLeft.into());
        }
        self.taken += more;
        Ok(true)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.take(desired.saturating_sub(current))
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > INSTANCE_TABLE_ELEMENTS_MAX {
            wasmtime::bail!(
                "the plugin wants a table of {desired} elements, over the {INSTANCE_TABLE_ELEMENTS_MAX} allowed"
            );
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_all_are_bounded() {
        let budget = Budget::default();
        let mut instances = Vec::new();
        for _ in 0..INSTANCES_MEMORY_BYTES_MAX / INSTANCE_MEMORY_BYTES_MAX {
            let mut memory = budget.memory();
            assert!(memory.memory_growing(0, INSTANCE_MEMORY_BYTES_MAX, None).unwrap());
            assert!(memory.memory_growing(0, 1, None).is_err(), "an instance has its bound");
            instances.push(memory);
        }
        let mut one_more = budget.memory();
        assert!(one_more.memory_growing(0, 1, None).is_err(), "all together have theirs");
        instances.pop();
        assert!(one_more.memory_growing(0, 1, None).unwrap(), "what an instance had is given back");
    }
}
