//! Every way in which a guest can go wrong, a mode each, so that a test deploys one component and chooses.

use std::hint::black_box;

use kafka_do_sdk::bindings::kafka_do::plugin::state as raw_state;
use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, Record, log};
use serde::Deserialize;

const TABLE: &str = "scratch";
/// The size of one huge outcome.
const HUGE_BYTES: usize = 100_000_000;
/// How many lines one call floods the log with, and the length of each.
const FLOOD_LINES: usize = 100_000;
const FLOOD_LINE_BYTES: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    mode: Mode,
    /// The text in a record's value that sets off the modes which wait for one.
    #[serde(default = "default_marker")]
    marker: String,
}

fn default_marker() -> String {
    "poison".to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Passes every record, as a well-behaved plugin does.
    Pass,
    /// Answers `fatal` when it is opened.
    OpenFails,
    /// Writes state when it is opened. The host MUST answer `denied`, which this mode reports as `fatal`.
    WriteInOpen,
    /// Traps on a batch that contains the marker; passes the others.
    TrapInProcess,
    TrapAlways,
    LoopForever,
    HogMemory,
    /// Returns one record of 100 MB.
    HugeOutcome,
    /// Emits to the topic `not-granted`.
    WrongTopic,
    /// Answers `fatal` to each batch.
    Fatal,
    /// Answers `reject` for a whole batch that contains the marker; passes the others.
    RejectMarked,
    /// Rejects an offset after the end of the batch.
    RejectOutside,
    DeepRecursion,
    /// Logs 100 MB in one call, and passes the batch.
    LogFlood,
}

struct Misbehave(Settings);

impl Processor for Misbehave {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Goes wrong in the way that its settings name.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        match settings.mode {
            Mode::OpenFails => return Err(Failure::fatal("told to fail when opened")),
            Mode::WriteInOpen => write_past_the_sdk()?,
            _ => {}
        }
        Ok(Self(settings))
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        match self.0.mode {
            Mode::RejectMarked if self.is_marked(&batch) => {
                return Err(Failure::reject("told to reject the batch"));
            }
            Mode::Pass | Mode::OpenFails | Mode::WriteInOpen | Mode::RejectMarked => {}
            Mode::TrapInProcess => assert!(!self.is_marked(&batch), "told to trap on {:?}", self.0.marker),
            Mode::TrapAlways => panic!("told to trap always"),
            Mode::LoopForever => loop_forever(),
            Mode::HogMemory => hog_memory(),
            Mode::HugeOutcome => {
                output.emit(NewRecord::new(vec![b'x'; HUGE_BYTES]));
                return Ok(());
            }
            Mode::WrongTopic => {
                output.emit(NewRecord::new("astray").with_topic("not-granted"));
                return Ok(());
            }
            Mode::Fatal => return Err(Failure::fatal("told to be fatal")),
            Mode::RejectOutside => {
                let last = batch.records.last().map_or(0, |record| record.offset);
                output.reject_offset(last + 1, "told to reject what it was not given");
                return Ok(());
            }
            Mode::DeepRecursion => {
                black_box(recurse(u64::MAX));
            }
            Mode::LogFlood => flood_log(),
        }
        batch.records.into_iter().for_each(|record| output.emit(record));
        Ok(())
    }
}

impl Misbehave {
    fn is_marked(&self, batch: &Batch) -> bool {
        let says = |record: &Record| {
            record.value.as_deref().is_some_and(|value| String::from_utf8_lossy(value).contains(&self.0.marker))
        };
        batch.records.iter().any(says)
    }
}

/// The SDK itself refuses to write while opening, so this goes to the import. Natively there is none to go to.
fn write_past_the_sdk() -> Result<(), Failure> {
    let change = raw_state::Change { key: b"key".to_vec(), value: Some(b"value".to_vec()) };
    raw_state::Table::open(TABLE)?.write(&[change])?;
    Ok(())
}

fn loop_forever() {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn hog_memory() {
    /// A mebibyte a step, written to, so that it is taken and not only promised.
    const STEP_BYTES: usize = 1 << 20;
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; STEP_BYTES]));
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if depth == 0 { frame[0] } else { recurse(black_box(depth - 1)).wrapping_add(frame[1]) }
}

fn flood_log() {
    let line = "x".repeat(FLOOD_LINE_BYTES);
    for _ in 0..FLOOD_LINES {
        log::error(&line);
    }
}

kafka_do_sdk::export_processor!(Misbehave);

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};

    use super::*;

    fn with_mode(mode: &str) -> String {
        format!(r#"{{"mode":"{mode}"}}"#)
    }

    #[test]
    fn harmless_batches_pass() {
        for mode in ["pass", "trap-in-process", "reject-marked"] {
            let mut harness = Harness::<Misbehave>::new(&with_mode(mode));
            let fine = record().with_value("fine");
            let outcome = harness.process([fine.clone()]).expect("succeeds");
            assert_eq!(outcome.records, [NewRecord::from(fine)], "{mode}");
        }
    }

    #[test]
    fn failures_say_what_the_host_does_next() {
        let open = Harness::<Misbehave>::try_new(&with_mode("open-fails")).err();
        assert!(matches!(open, Some(Failure::Fatal(_))), "{open:?}");

        let poison = || [record().with_value("poison")];
        let fatal = Harness::<Misbehave>::new(&with_mode("fatal")).process(poison());
        assert!(matches!(fatal, Err(Failure::Fatal(_))), "{fatal:?}");
        let reject = Harness::<Misbehave>::new(&with_mode("reject-marked")).process(poison());
        assert!(matches!(reject, Err(Failure::Reject(_))), "{reject:?}");
    }
}
