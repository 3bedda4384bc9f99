//! A processor whose `describe` calls the host, which it must not: what a component is depends on nothing else.

use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, Output, Processor, clock};

struct Asks;

impl Processor for Asks {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new(format!("It is {} ms past the epoch.", clock::now_ms()))
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

kafka_do_sdk::export_processor!(Asks);
