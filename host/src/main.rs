//! The doorbell.

use std::process::ExitCode;

fn main() -> ExitCode {
    kafka_do::cli::run()
}
