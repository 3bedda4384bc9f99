//! The deeds that take more than a line.
//!
//! Natively the host's imports are not there: what goes past the SDK panics.

use std::hint::black_box;

use kafka_do_sdk::bindings::kafka_do::plugin::{log as raw_log, state as raw_state};
use kafka_do_sdk::{Failure, log};

mod bindings {
    #![allow(
        unsafe_code,
        clippy::pedantic,
        unreachable_pub,
        reason = "generated: the canonical ABI is written in raw pointers"
    )]

    // Of WASI only what a timer takes: a component may know less of an interface than the host offers.
    wit_bindgen::generate!({ world: "waiting", path: "wit", generate_all });
}

const DAY_NS: u64 = 86_400_000_000_000;

pub(crate) fn loop_forever() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Asks the host again and again, so that it is the host's code in which the loop is found.
pub(crate) fn loop_over_imports(table: &str) -> Result<(), Failure> {
    let table = raw_state::Table::open(table)?;
    loop {
        black_box(table.get(&[b"key".to_vec()])?);
    }
}

pub(crate) fn sleep_for_a_day() {
    bindings::wasi::clocks::monotonic_clock::subscribe_duration(DAY_NS).block();
}

/// The SDK writes at the end of a call that went well, and refuses to while opening: this goes to the import at once.
pub(crate) fn write_past_the_sdk(table: &str) -> Result<(), Failure> {
    let change = raw_state::Change { key: b"key".to_vec(), value: Some(b"value".to_vec()) };
    raw_state::Table::open(table)?.write(&[change])?;
    Ok(())
}

pub(crate) fn hog_state(table: &str) -> Result<(), Failure> {
    let table = raw_state::Table::open(table)?;
    let value = vec![1_u8; 1 << 20];
    for row in 0_u64.. {
        let key = row.to_be_bytes().to_vec();
        table.write(&[raw_state::Change { key, value: Some(value.clone()) }])?;
    }
    Ok(())
}

pub(crate) fn hog_memory() {
    /// A mebibyte a step, written to, so that it is taken and not only promised.
    const STEP_BYTES: usize = 1 << 20;
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; STEP_BYTES]));
    }
}

pub(crate) fn recurse_deeply() {
    fn recurse(depth: u64) -> u64 {
        let frame = black_box([depth; 16]);
        if depth == 0 { frame[0] } else { recurse(black_box(depth - 1)).wrapping_add(frame[1]) }
    }
    black_box(recurse(u64::MAX));
}

pub(crate) fn flood_log(lines: usize, line_bytes: usize) {
    let line = "x".repeat(line_bytes);
    for _ in 0..lines {
        log::error(&line);
    }
}

/// The SDK would copy the line, for which the guest has no memory.
pub(crate) fn log_huge_line(bytes: usize) {
    raw_log::write(raw_log::Level::Error, &"x".repeat(bytes), &[]);
}
