//! A valid processor that also imports `other:thing/oracle`, which no host offers: it must be refused when it is uploaded,
//! by the name of what is missing.

use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, NoSettings, Output, Processor};

mod bindings {
    #![allow(unsafe_code, clippy::pedantic, reason = "generated: the canonical ABI is written in raw pointers")]

    wit_bindgen::generate!({ world: "asking", path: "wit" });
}

struct AskOracle;

impl Processor for AskOracle {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Replaces each record by what an oracle says.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        for record in batch.records {
            let question = String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
            output.emit(NewRecord::new(bindings::other::thing::oracle::ask(&question)));
        }
        Ok(())
    }
}

kafka_do_sdk::export_processor!(AskOracle);
