//! Drives a webhook as the host does.

use super::deployment::Deployment;
use super::host::LogLine;
use crate::task::WebhookTask;
use crate::webhook::{Reply, Request, Webhook};
use crate::{Failure, Header};

/// A deployment of the webhook `W`, named `test`, as one instance.
pub struct WebhookHarness<W: Webhook> {
    deployment: Deployment,
    task: WebhookTask<W>,
}

impl<W: Webhook> WebhookHarness<W> {
    /// Describes and opens the webhook with these settings.
    ///
    /// # Panics
    ///
    /// If the webhook fails to open; see [`try_new`](Self::try_new).
    pub fn new(settings: &str) -> Self {
        Self::try_new(settings).unwrap_or_else(|failure| panic!("the webhook did not open: {failure:?}"))
    }

    /// Describes and opens the webhook with these settings.
    pub fn try_new(settings: &str) -> Result<Self, Failure> {
        let mut deployment = Deployment::new(W::describe(), None, settings)?;
        let task = WebhookTask::new();
        deployment.open(|context| task.open(context))?;
        Ok(Self { deployment, task })
    }

    /// Hands over a request.
    pub fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        let Self { deployment, task } = self;
        deployment.call(|| task.handle(request))
    }

    /// Sets the clock.
    pub fn set_now_ms(&mut self, now_ms: i64) {
        self.deployment.host.now_ms = now_ms;
    }

    /// What the webhook logged, of every level.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.deployment.host.log
    }
}

/// A request to hand over: a POST to the deployment's own path, without query, headers and body.
pub fn request() -> Request {
    Request {
        method: "POST".to_owned(),
        path: String::new(),
        query: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// How tests say what is in a request.
impl Request {
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// What follows the deployment's own path, with its leading slash.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Without the question mark.
    #[must_use]
    pub fn with_query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// The name becomes lower case, as the host makes it.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        let mut name = name.into();
        name.make_ascii_lowercase();
        self.headers.push(Header { name, value: value.into() });
        self
    }

    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}
