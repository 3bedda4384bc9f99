//! Drives a parser as the host does.

use super::deployment::{Deployment, nothing_outside};
use super::host::LogLine;
use crate::Failure;
use crate::http::{Error, Request, Response};
use crate::parser::{Catalog, Outcome, Parser, TopicInfo, Utterance};
use crate::task::ParserTask;

/// A deployment of the parser `P`, named `test`, as one instance.
pub struct ParserHarness<P: Parser> {
    deployment: Deployment,
    task: ParserTask<P>,
}

impl<P: Parser> ParserHarness<P> {
    /// Describes and opens the parser with these settings, in a world in which nothing outside can be reached.
    ///
    /// # Panics
    ///
    /// If the parser fails to open; see [`try_new`](Self::try_new).
    pub fn new(settings: &str) -> Self {
        Self::try_new(settings, nothing_outside)
            .unwrap_or_else(|failure| panic!("the parser did not open: {failure:?}"))
    }

    /// Describes and opens the parser with these settings; `outside` answers its requests.
    pub fn try_new(
        settings: &str,
        outside: impl FnMut(&Request) -> Result<Response, Error> + 'static,
    ) -> Result<Self, Failure> {
        let mut deployment = Deployment::new(P::describe(), None, settings)?.with_outside(outside);
        let task = ParserTask::new();
        deployment.open(|context| task.open(context))?;
        Ok(Self { deployment, task })
    }

    /// Hands over a sentence.
    pub fn parse(&mut self, utterance: Utterance) -> Result<Outcome, Failure> {
        let Self { deployment, task } = self;
        deployment.call(|| task.parse(utterance))
    }

    /// What the parser logged, of every level.
    pub fn log_lines(&self) -> &[LogLine] {
        &self.deployment.host.log
    }
}

/// A sentence to hand over: said at the epoch in UTC, where nothing exists.
pub fn utterance(text: impl Into<String>) -> Utterance {
    let catalog = Catalog { topics: Vec::new(), groups: Vec::new(), plugins: Vec::new(), deployments: Vec::new() };
    Utterance { text: text.into(), now_ms: 0, utc_offset_minutes: 0, catalog }
}

/// How tests say what exists and when they speak.
impl Utterance {
    /// Said at this moment, where clocks are so far ahead of UTC.
    #[must_use]
    pub fn at(mut self, now_ms: i64, utc_offset_minutes: i32) -> Self {
        (self.now_ms, self.utc_offset_minutes) = (now_ms, utc_offset_minutes);
        self
    }

    #[must_use]
    pub fn with_topic(mut self, name: impl Into<String>, partitions: u32) -> Self {
        self.catalog.topics.push(TopicInfo { name: name.into(), partitions });
        self
    }

    #[must_use]
    pub fn with_group(mut self, name: impl Into<String>) -> Self {
        self.catalog.groups.push(name.into());
        self
    }

    #[must_use]
    pub fn with_plugin(mut self, name: impl Into<String>) -> Self {
        self.catalog.plugins.push(name.into());
        self
    }

    #[must_use]
    pub fn with_deployment(mut self, name: impl Into<String>) -> Self {
        self.catalog.deployments.push(name.into());
        self
    }
}
