//! What runs between the exports of a component and the type that plays its role: one value an instance, and what a failure
//! does to it. A role, a file.

mod instance;
mod processor;
mod sink;
mod source;
mod webhook;

pub use processor::ProcessorTask;
pub use sink::SinkTask;
pub use source::SourceTask;
pub use webhook::WebhookTask;
