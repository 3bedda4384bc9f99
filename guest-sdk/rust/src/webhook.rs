//! The receiving role: HTTP requests that the host received, into records.
//!
//! With the feature `webhooks` there is what most of them share: `signing` tells whether a request comes from whom it says,
//! `routing` where its event goes, and `answer` what the sender hears.

#[cfg(feature = "webhooks")]
pub mod answer;
mod message;
#[cfg(feature = "webhooks")]
pub mod routing;
#[cfg(feature = "webhooks")]
pub mod signing;

use serde::de::DeserializeOwned;

pub use crate::bindings::receiving::exports::kafka_do::plugin::webhook::{Reply, Request, Response};
pub use crate::percent::percent_decode;
use crate::{Context, Description, Failure, NewRecord};

/// Turns requests into records. Export it with [`export_webhook!`](crate::export_webhook).
///
/// Many values answer at once, and any of them may go between two calls: a webhook keeps nothing but what it read from its
/// settings.
pub trait Webhook: Sized + 'static {
    /// What the settings object is read into; [`NoSettings`](crate::NoSettings) where there are none.
    type Settings: DeserializeOwned;

    /// What this plugin is and which settings it takes. It MUST NOT ask the host for anything.
    fn describe() -> Description;

    /// Called first.
    fn open(context: Context<Self::Settings>) -> Result<Self, Failure>;

    /// Answers a request. The response leaves once the records are durable; a [`Failure`] is answered as 400 (`reject`), 503
    /// (`retry`) or 500 (`fatal`).
    fn handle(&mut self, request: Request) -> Result<Reply, Failure>;
}

impl Reply {
    /// An answer that appends nothing.
    pub fn new(response: Response) -> Self {
        Self { id: None, records: Vec::new(), response }
    }

    /// What the sender calls this event, at most 255 bytes: the host answers one that comes again, and appends nothing.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Appends records in their order.
    #[must_use]
    pub fn with_records(mut self, records: impl IntoIterator<Item = NewRecord>) -> Self {
        self.records.extend(records);
        self
    }
}

/// Makes a [`Webhook`] the one thing that this component exports.
///
/// ```
/// use kafka_do_sdk::webhook::{Reply, Request, Response, Webhook};
/// use kafka_do_sdk::{Context, Description, Failure, NewRecord, NoSettings};
///
/// /// Stores every body.
/// struct StoreAll;
///
/// impl Webhook for StoreAll {
///     type Settings = NoSettings;
///
///     fn describe() -> Description {
///         Description::new("Stores every body.")
///     }
///
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self)
///     }
///
///     fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
///         Ok(Reply::new(Response::empty(204)).with_records([NewRecord::new(request.body)]))
///     }
/// }
///
/// kafka_do_sdk::export_webhook!(StoreAll);
///
/// # fn main() {
/// use kafka_do_sdk::testing::{WebhookHarness, request};
///
/// let reply = WebhookHarness::<StoreAll>::new("{}").handle(request().with_body("hello")).unwrap();
/// assert_eq!(reply.records, [NewRecord::new("hello")]);
/// # }
/// ```
#[macro_export]
macro_rules! export_webhook {
    ($webhook:ty) => {
        $crate::__export_one_call! {
            $webhook: $crate::webhook::Webhook,
            WebhookTask,
            $crate::bindings::receiving::exports::kafka_do::plugin::webhook::Guest,
            handle($crate::webhook::Request) -> $crate::webhook::Reply,
            receiving::__export_receiving
        }
    };
}
