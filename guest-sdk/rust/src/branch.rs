//! One stream into several topics.

use crate::{NewRecord, Record, Reject};

/// Sends each record to the topic of the first branch that takes it (Kafka Streams' `split` and `branch`), as it came: same
/// key, value, headers and event time. The topics must be ones that the deployment is granted.
///
/// ```
/// # use kafka_do_sdk::{NewRecord, Record, Reject};
/// use kafka_do_sdk::Branches;
///
/// fn split(record: Record) -> Result<Option<NewRecord>, Reject> {
///     Branches::default()
///         .branch("deletions", |record| Ok(record.value.is_none()))
///         .branch("large", |record| Ok(record.value.as_ref().is_some_and(|value| value.len() > 1_000)))
///         .with_default("small")
///         .route(record)
/// }
/// # let sent = split(kafka_do_sdk::testing::record()).unwrap();
/// # assert_eq!(sent.unwrap().topic.as_deref(), Some("deletions"));
/// ```
#[derive(Default)]
pub struct Branches<'p> {
    branches: Vec<(String, Box<Predicate<'p>>)>,
    default_topic: Option<String>,
}

type Predicate<'p> = dyn Fn(&Record) -> Result<bool, Reject> + 'p;

impl<'p> Branches<'p> {
    /// Adds a branch behind the others.
    #[must_use]
    pub fn branch(mut self, topic: impl Into<String>, takes: impl Fn(&Record) -> Result<bool, Reject> + 'p) -> Self {
        self.branches.push((topic.into(), Box::new(takes)));
        self
    }

    /// Where records go that no branch takes. Without it they are dropped.
    #[must_use]
    pub fn with_default(mut self, topic: impl Into<String>) -> Self {
        self.default_topic = Some(topic.into());
        self
    }

    /// The record on its way to its topic, `None` where it is dropped. The first predicate that fails decides as well.
    pub fn route(&self, record: Record) -> Result<Option<NewRecord>, Reject> {
        for (topic, takes) in &self.branches {
            if takes(&record)? {
                return Ok(Some(NewRecord::from(record).with_topic(topic.as_str())));
            }
        }
        Ok(self.default_topic.as_ref().map(|topic| NewRecord::from(record).with_topic(topic.as_str())))
    }
}
