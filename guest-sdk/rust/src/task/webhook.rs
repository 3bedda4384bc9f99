//! The receiving role.

use super::instance::Instance;
use crate::webhook::{Reply, Request, Webhook};
use crate::{Failure, TaskContext};

/// One of the many instances of a webhook.
pub struct WebhookTask<W>(Instance<W>);

impl<W> WebhookTask<W> {
    #[expect(clippy::new_without_default, reason = "it stands in a `static`, where a `default` cannot be called")]
    pub const fn new() -> Self {
        Self(Instance::new())
    }
}

impl<W: Webhook> WebhookTask<W> {
    pub fn open(&self, context: TaskContext) -> Result<(), Failure> {
        self.0.open(context, W::open)
    }

    pub fn handle(&self, request: Request) -> Result<Reply, Failure> {
        self.0.call(W::open, |webhook| webhook.handle(request))
    }

    pub fn close(&self) {
        self.0.close();
    }
}
