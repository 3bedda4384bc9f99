//! The host with some processors compiled in: what a component costs is measured against it. Each does what a plugin does,
//! in the same pipeline, without a sandbox.

mod count;
mod filter;
mod script;

use std::process::ExitCode;

use kafka_do::model::record::{Record, StoredRecord};
use kafka_do::plugin::{Emitted, Native, Natives};

const NATIVES: [Native; 5] = [
    Native { name: "filter-json", make: filter::make, tables: &[] },
    Native { name: "count-window", make: count::make, tables: &[count::TABLE] },
    Native { name: "script-filter", make: script::make_filter, tables: &[] },
    Native { name: "script-whole", make: script::make_whole, tables: &[] },
    Native { name: "script-map", make: script::make_map, tables: &[] },
];

fn main() -> ExitCode {
    kafka_do::cli::run_with(Natives::new(&NATIVES))
}

/// The record as it came, for the deployment's output.
fn passed(record: &StoredRecord<'_>) -> Emitted {
    Emitted {
        topic: None,
        partition: None,
        timestamp_ms: Some(record.timestamp_ms),
        origin: Some(record.offset),
        record: Record::from(record),
    }
}
