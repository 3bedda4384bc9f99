//! The sourcing role: records from an outside system into topics.

use serde::de::DeserializeOwned;

pub use crate::bindings::sourcing::exports::kafka_do::plugin::source::{PollLimits, PollOutcome};
use crate::{Context, Description, Failure, NewRecord};

/// Pulls records from an outside system, over [`http`](crate::http) as a rule. Export it with
/// [`export_source!`](crate::export_source).
///
/// One value lives per deployment and its calls never overlap. It may go at any time between two calls, and after a call that
/// fails it always goes: the next call opens a new one, with the last cursor that was committed. So its fields are a cache;
/// what must last belongs in the cursor, or in [`state`](crate::state), which commits with the records.
pub trait Source: Sized + 'static {
    /// What the settings object is read into; [`NoSettings`](crate::NoSettings) where there are none.
    type Settings: DeserializeOwned;

    /// What this plugin is, which settings it takes, which state tables it opens and which hosts it wants to reach. It MUST
    /// NOT ask the host for anything.
    fn describe() -> Description;

    /// Called first, with the last committed cursor, `None` on the first run. State may be read here and MUST NOT be written.
    fn open(context: Context<Self::Settings>, resume: Option<Vec<u8>>) -> Result<Self, Failure>;

    /// What comes next, from where the last poll ended. The records, the cursor and staged state commit together.
    fn poll(&mut self, limits: PollLimits) -> Result<PollOutcome, Failure>;

    /// All up to `cursor` is durable: safe to acknowledge outside. It may come twice, or not at all.
    fn committed(&mut self, cursor: &[u8]) -> Result<(), Failure> {
        let _ = cursor;
        Ok(())
    }
}

impl PollOutcome {
    /// No records, and the next poll at once.
    pub fn new(cursor: impl Into<Vec<u8>>) -> Self {
        Self { records: Vec::new(), cursor: cursor.into(), idle_ms: None }
    }

    /// Appends records in their order.
    #[must_use]
    pub fn with_records(mut self, records: impl IntoIterator<Item = NewRecord>) -> Self {
        self.records.extend(records);
        self
    }

    /// Asks for the next poll after so many milliseconds: there is nothing more for now.
    #[must_use]
    pub fn with_idle_ms(mut self, idle_ms: u32) -> Self {
        self.idle_ms = Some(idle_ms);
        self
    }
}

/// Makes a [`Source`] the one thing that this component exports.
///
/// ```
/// use kafka_do_sdk::source::{PollLimits, PollOutcome, Source};
/// use kafka_do_sdk::{Context, Description, Failure, NewRecord, NoSettings};
///
/// /// Counts, a number a second.
/// struct Counter {
///     next: u64,
/// }
///
/// impl Source for Counter {
///     type Settings = NoSettings;
///
///     fn describe() -> Description {
///         Description::new("Counts.")
///     }
///
///     fn open(_: Context<NoSettings>, resume: Option<Vec<u8>>) -> Result<Self, Failure> {
///         let next = resume.and_then(|cursor| cursor.try_into().ok()).map_or(0, u64::from_be_bytes);
///         Ok(Self { next })
///     }
///
///     fn poll(&mut self, _: PollLimits) -> Result<PollOutcome, Failure> {
///         let record = NewRecord::new(self.next.to_string());
///         self.next += 1;
///         Ok(PollOutcome::new(self.next.to_be_bytes()).with_records([record]).with_idle_ms(1_000))
///     }
/// }
///
/// kafka_do_sdk::export_source!(Counter);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_source {
    ($source:ty) => {
        // The names of the exports are no names a native linker takes; there the type is only checked.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_a_source<S: $crate::source::Source>() {}
            is_a_source::<$source>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::sourcing::exports::kafka_do::plugin::source::Guest;

            ::std::thread_local! {
                static TASK: $crate::task::SourceTask<$source> = const { $crate::task::SourceTask::new() };
            }

            struct Component;

            impl Guest for Component {
                fn describe() -> $crate::Description {
                    <$source as $crate::source::Source>::describe()
                }

                fn open(
                    context: $crate::TaskContext,
                    resume: ::core::option::Option<::std::vec::Vec<u8>>,
                ) -> ::core::result::Result<(), $crate::Failure> {
                    TASK.with(|task| task.open(context, resume))
                }

                fn poll(
                    limits: $crate::source::PollLimits,
                ) -> ::core::result::Result<$crate::source::PollOutcome, $crate::Failure> {
                    TASK.with(|task| task.poll(limits))
                }

                fn committed(cursor: ::std::vec::Vec<u8>) -> ::core::result::Result<(), $crate::Failure> {
                    TASK.with(|task| task.committed(cursor))
                }

                fn close() {
                    TASK.with(|task| task.close());
                }
            }

    $crate::bindings::sourcing::__export_sourcing!(Component with_types_in $crate::bindings::sourcing);
        };
    };
}
