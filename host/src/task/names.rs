//! Names that are being taken or freed: who holds one decides alone what becomes of it, and keeps nobody from others.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<String, Lock>>);

/// Names, for as long as this lives.
#[derive(Debug)]
pub(super) struct Held {
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl Names {
    /// Waits until all are free. They are taken in their order, so that no two wait for each other.
    pub(super) async fn hold<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Held {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        let mut guards = Vec::new();
        for name in names {
            guards.push(self.lock(name).lock_owned().await);
        }
        Held { _guards: guards }
    }

    fn lock(&self, name: &str) -> Lock {
        let mut locks = self.0.lock();
        // What nobody holds or waits for is forgotten.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(name.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holds_a_name_and_nobody_waits_for_another() {
        let names = Names::default();
        let held = names.hold(["b", "a", "b"]).await;
        names.hold(["c"]).await;
        let waiting = names.hold(["a", "c"]);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(held);
        drop(waiting.await);
        drop(names.hold(["d"]).await);
        assert_eq!(names.0.lock().len(), 1, "what is free is forgotten");
    }
}
