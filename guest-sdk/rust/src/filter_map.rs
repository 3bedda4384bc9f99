//! Plugins that are one plain function.

use serde::Deserialize;

/// The settings of a plugin that has none: an empty object.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// What [`NoSettings`] takes, as JSON Schema.
pub(crate) const NO_SETTINGS_SCHEMA: &str = r#"{"type":"object","additionalProperties":false}"#;

/// Makes a plugin of a function that turns each record into one record or none.
///
/// The function takes the record, and the settings by reference where there are any, and answers
/// `Result<Option<NewRecord>, Reject>`: `record.into()` passes a record as it came, `None` drops it, and a
/// [`Reject`](crate::Reject) sends it to the dead-letter topic with its reason. Any error becomes a `Reject` with `?`.
///
/// The macro defines the type `Plugin`, which [`testing::Harness`](crate::testing::Harness) takes, and exports it.
///
/// ```
/// use kafka_do_sdk::{NewRecord, Record, Reject};
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     bytes_max: usize,
/// }
///
/// kafka_do_sdk::filter_map! {
///     summary: "Keeps small values.",
///     settings: Settings,
///     settings_schema: r#"{
///         "type": "object",
///         "properties": { "bytes_max": { "type": "integer", "minimum": 0 } },
///         "required": ["bytes_max"],
///         "additionalProperties": false
///     }"#,
///     function: keep_small,
/// }
///
/// fn keep_small(record: Record, settings: &Settings) -> Result<Option<NewRecord>, Reject> {
///     let small = record.value.as_ref().is_none_or(|value| value.len() <= settings.bytes_max);
///     Ok(small.then(|| record.into()))
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! filter_map {
    ($($part:tt)*) => {
        $crate::__plugin_of_function! { ::core::option::Option<$crate::NewRecord>, $($part)* }
    };
}

/// Makes a plugin of a function that turns each record into any number of records: [`filter_map!`](crate::filter_map) for a
/// function that answers `Result<Vec<NewRecord>, Reject>`. They are emitted in the order of the `Vec`.
///
/// ```
/// use kafka_do_sdk::{NewRecord, Record, Reject};
///
/// kafka_do_sdk::flat_map! {
///     summary: "Makes a record of each line.",
///     function: lines,
/// }
///
/// fn lines(record: Record) -> Result<Vec<NewRecord>, Reject> {
///     let text = String::from_utf8(record.value.unwrap_or_default())?;
///     Ok(text.lines().map(|line| NewRecord::new(line).with_timestamp_ms(record.timestamp_ms)).collect())
/// }
/// # fn main() {
/// # let lines = kafka_do_sdk::testing::record().with_value("a\nb");
/// # let outcome = kafka_do_sdk::testing::Harness::<Plugin>::new("{}").process([lines]).unwrap();
/// # assert_eq!(outcome.records.len(), 2);
/// # }
/// ```
#[macro_export]
macro_rules! flat_map {
    ($($part:tt)*) => {
        $crate::__plugin_of_function! { ::std::vec::Vec<$crate::NewRecord>, $($part)* }
    };
}

/// What `filter_map!` and `flat_map!` share: the function answers something to go through record by record.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin_of_function {
    ($answer:ty, summary: $summary:expr, function: $function:expr $(,)?) => {
        $crate::__plugin_of_function! {
            @define
            $answer,
            $crate::Description::new($summary),
            $crate::NoSettings,
            |record, _settings: &$crate::NoSettings| $function(record)
        }
    };
    (
        $answer:ty,
        summary: $summary:expr,
        settings: $settings:ty,
        settings_schema: $schema:expr,
        function: $function:expr $(,)?
    ) => {
        $crate::__plugin_of_function! {
            @define
            $answer,
            $crate::Description::new($summary).with_settings_schema($schema),
            $settings,
            $function
        }
    };
    (@define $answer:ty, $description:expr, $settings:ty, $function:expr) => {
        /// The plugin: a function, and the settings it was opened with.
        struct Plugin {
            settings: $settings,
        }

        impl $crate::Processor for Plugin {
            type Settings = $settings;

            fn describe() -> $crate::Description {
                $description
            }

            fn open(context: $crate::Context<$settings>) -> ::core::result::Result<Self, $crate::Failure> {
                ::core::result::Result::Ok(Self { settings: context.settings })
            }

            fn process(
                &mut self,
                batch: $crate::Batch,
                output: &mut $crate::Output,
            ) -> ::core::result::Result<(), $crate::Failure> {
                for record in batch.records {
                    let offset = record.offset;
                    let answer: ::core::result::Result<$answer, $crate::Reject> = ($function)(record, &self.settings);
                    match answer {
                        ::core::result::Result::Ok(records) => output.emit_all(records),
                        ::core::result::Result::Err(reject) => output.reject_offset(offset, reject.reason),
                    }
                }
                ::core::result::Result::Ok(())
            }
        }

        $crate::export_processor!(Plugin);
    };
}
