//! A processor whose description has a megabyte: descriptions are kept in the database, and shown whole.

use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, Output, Processor};

const SUMMARY_BYTES: usize = 1_000_000;

struct Babbles;

impl Processor for Babbles {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("bla".repeat(SUMMARY_BYTES / 3))
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

kafka_do_sdk::export_processor!(Babbles);
