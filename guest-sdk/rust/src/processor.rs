//! The processing role.

use serde::de::DeserializeOwned;

use crate::{Batch, Description, Failure, Output};

/// What a plugin is told when it opens.
#[derive(Debug, Clone)]
pub struct Context<S> {
    /// Stable across restarts and upgrades; it names the state that the plugin owns.
    pub deployment: String,
    /// Which partition of the inputs this task reads; `None` for sources and webhooks.
    pub partition: Option<u32>,
    /// Checked against the plugin's schema, secrets filled in.
    pub settings: S,
}

/// Turns records into records. Export it with [`export_processor!`](crate::export_processor).
///
/// One value lives per task and its calls never overlap. It may go at any time between two calls (a swap, a restart, a
/// move), and after a call that fails it always goes: the next call opens a new one. So its fields are a cache; what must
/// last belongs in [`state`](crate::state).
pub trait Processor: Sized + 'static {
    /// What the settings object is read into; [`NoSettings`](crate::NoSettings) where there are none.
    type Settings: DeserializeOwned;

    /// What this plugin is, which settings it takes and which state tables it opens. It MUST NOT ask the host for anything.
    fn describe() -> Description;

    /// Called first. State may be read here and MUST NOT be written.
    fn open(context: Context<Self::Settings>) -> Result<Self, Failure>;

    /// Takes a batch, never empty, of one partition in offset order. It is handed over whole, so that a record can move to
    /// the output without a copy.
    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure>;

    /// Event time moved on to `watermark_ms`, perhaps without any record: the place to close windows.
    fn advance(&mut self, watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
        let _ = (watermark_ms, output);
        Ok(())
    }
}

/// Makes a [`Processor`] the one thing that this component exports.
///
/// ```
/// # use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, Output, Processor};
/// struct PassAll;
///
/// impl Processor for PassAll {
///     type Settings = NoSettings;
///
///     fn describe() -> Description {
///         Description::new("Passes every record.")
///     }
///
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self)
///     }
///
///     fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
///         batch.records.into_iter().for_each(|record| output.emit(record));
///         Ok(())
///     }
/// }
///
/// kafka_do_sdk::export_processor!(PassAll);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_processor {
    ($processor:ty) => {
        // The names of the exports are no names a native linker takes; there the type is only checked.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_a_processor<P: $crate::Processor>() {}
            is_a_processor::<$processor>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::exports::kafka_do::plugin::processor::{Guest, Outcome};

            ::std::thread_local! {
                static TASK: $crate::task::ProcessorTask<$processor> =
                    const { $crate::task::ProcessorTask::new() };
            }

            struct Component;

            impl Guest for Component {
                fn describe() -> $crate::Description {
                    <$processor as $crate::Processor>::describe()
                }

                fn open(context: $crate::TaskContext) -> ::core::result::Result<(), $crate::Failure> {
                    TASK.with(|task| task.open(context))
                }

                fn process(batch: $crate::Batch) -> ::core::result::Result<Outcome, $crate::Failure> {
                    TASK.with(|task| task.process(batch))
                }

                fn advance(watermark_ms: i64) -> ::core::result::Result<Outcome, $crate::Failure> {
                    TASK.with(|task| task.advance(watermark_ms))
                }

                fn close() {
                    TASK.with(|task| task.close());
                }
            }

    $crate::bindings::__export_processing!(Component with_types_in $crate::bindings);
        };
    };
}
