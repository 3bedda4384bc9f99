//! Topics of the deployment's own.

use crate::{HostError, imports};

/// The full name of an internal topic of this deployment, which the host makes where it is missing, with as many partitions
/// as the inputs have. Only while the plugin opens; later it is [`HostError::Denied`].
///
/// What is emitted to it comes back as input, in the partition of its key. So records are *repartitioned*, as Kafka Streams
/// does it with `repartition()`: whatever gathers by key (windows, joins, a count) must find all records of a key in one
/// partition, and where the input has another key, or none, a first step gives it the right one.
///
/// ```
/// # use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor, Record, topics};
/// struct ByCarrier {
///     by_carrier: String,
/// }
///
/// # fn carrier_of(record: &Record) -> Vec<u8> { record.value.clone().unwrap_or_default() }
/// impl Processor for ByCarrier {
/// #   type Settings = NoSettings;
/// #   fn describe() -> Description { Description::new("Counts by carrier.") }
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self { by_carrier: topics::internal("by-carrier")? })
///     }
///
///     fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
///         if batch.topic == self.by_carrier {
///             // Here all records of a carrier are in one partition: count them.
///             return Ok(());
///         }
///         for record in batch.records {
///             let carrier = carrier_of(&record);
///             output.emit(NewRecord::from(record).with_key(carrier).with_topic(self.by_carrier.clone()));
///         }
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
///
/// While such a topic is in use the watermark is that of the whole deployment: no record that is still on its way through it
/// is older. The name may have letters, digits and hyphens.
pub fn internal(name: &str) -> Result<String, HostError> {
    imports::topics::internal(name)
}
