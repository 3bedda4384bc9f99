//! A processor whose `describe` takes memory until there is none: the empty sandbox has the bound of any instance.

use kafka_do_sdk::{Batch, Context, Description, Failure, NoSettings, Output, Processor};

/// A mebibyte a step, written to, so that it is taken and not only promised.
const STEP_BYTES: usize = 1 << 20;

struct Hogs;

impl Processor for Hogs {
    type Settings = NoSettings;

    fn describe() -> Description {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1_u8; STEP_BYTES]));
        }
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

kafka_do_sdk::export_processor!(Hogs);
