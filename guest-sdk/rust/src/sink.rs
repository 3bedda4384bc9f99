//! The sinking role: records from topics to an outside system.

use serde::de::DeserializeOwned;

pub use crate::bindings::sinking::exports::kafka_do::plugin::sink::Delivery;
use crate::{Batch, Context, Description, Failure, Rejection, RetryAdvice};

/// Delivers records to an outside system, over [`http`](crate::http) as a rule. Export it with
/// [`export_sink!`](crate::export_sink).
///
/// One value lives per task and its calls never overlap. It may go at any time between two calls, and after a call that fails
/// it always goes: the next call opens a new one. So its fields are a cache; what must last belongs in
/// [`state`](crate::state), which commits with what is done.
pub trait Sink: Sized + 'static {
    /// What the settings object is read into; [`NoSettings`](crate::NoSettings) where there are none.
    type Settings: DeserializeOwned;

    /// What this plugin is, which settings it takes, which state tables it opens and which hosts it wants to reach. It MUST
    /// NOT ask the host for anything.
    fn describe() -> Description;

    /// Called first. State may be read here and MUST NOT be written.
    fn open(context: Context<Self::Settings>) -> Result<Self, Failure>;

    /// Takes what is there of one partition, never empty and in offset order, and says how much of it is done. A record may
    /// come again after a crash: topic, partition and offset make a key by which the outside system can tell.
    ///
    /// An answer with a [`hold`](Delivery::hold) is a success: the value stays, and staged state is kept.
    fn deliver(&mut self, batch: Batch) -> Result<Delivery, Failure>;
}

impl Delivery {
    /// So many records from the start of the batch are done, and the rest may come at once.
    pub fn new(done: u32) -> Self {
        Self { done, rejections: Vec::new(), hold: None }
    }

    /// The whole batch is done.
    pub fn all(batch: &Batch) -> Self {
        Self::new(u32::try_from(batch.records.len()).unwrap_or(u32::MAX))
    }

    /// Refuses records of those that are done.
    #[must_use]
    pub fn with_rejections(mut self, rejections: impl IntoIterator<Item = Rejection>) -> Self {
        self.rejections.extend(rejections);
        self
    }

    /// Asks to be given the rest later, and says why.
    #[must_use]
    pub fn with_hold(mut self, advice: RetryAdvice) -> Self {
        self.hold = Some(advice);
        self
    }
}

/// Makes a [`Sink`] the one thing that this component exports.
///
/// ```
/// use kafka_do_sdk::sink::{Delivery, Sink};
/// use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, log};
///
/// /// Delivers every record to the log.
/// struct ToLog;
///
/// impl Sink for ToLog {
///     type Settings = NoSettings;
///
///     fn describe() -> Description {
///         Description::new("Writes every record to the log.")
///     }
///
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self)
///     }
///
///     fn deliver(&mut self, batch: Batch) -> Result<Delivery, Failure> {
///         for record in &batch.records {
///             log::info(format!("{} {} {}", batch.topic, batch.partition, record.offset));
///         }
///         Ok(Delivery::all(&batch))
///     }
/// }
///
/// kafka_do_sdk::export_sink!(ToLog);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_sink {
    ($sink:ty) => {
        $crate::__export_one_call! {
            $sink: $crate::sink::Sink,
            SinkTask,
            $crate::bindings::sinking::exports::kafka_do::plugin::sink::Guest,
            deliver($crate::Batch) -> $crate::sink::Delivery,
            sinking::__export_sinking
        }
    };
}
