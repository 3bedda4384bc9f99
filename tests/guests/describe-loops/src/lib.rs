//! A processor whose `describe` never returns: it must be refused when it is uploaded, after a moment.

use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, Output, Processor};

struct Loops;

impl Processor for Loops {
    type Settings = NoSettings;

    fn describe() -> Description {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

kafka_do_sdk::export_processor!(Loops);
