//! Every way in which a guest can go wrong, a mode each, so that a test deploys one component and chooses. What goes wrong
//! before there are settings, in `describe`, are guests of their own.

mod deeds;

use kafka_do_sdk::{Batch, Context, Description, Failure, NewRecord, Output, Processor, Record};
use serde::Deserialize;

/// The one state table, which the modes that write state leave nothing in.
const TABLE: &str = "scratch";
/// The size of one huge outcome or log line: more than the host takes, less than the guest may hold.
const HUGE_BYTES: usize = 100_000_000;
/// More than a record may have, less than an outcome may.
const HUGE_RECORD_BYTES: usize = 9 << 20;
/// One more than a call may emit.
const MANY_RECORDS: usize = 100_001;
/// How many lines one call floods the log with, and the length of each.
const FLOOD_LINES: usize = 100_000;
const FLOOD_LINE_BYTES: usize = 1_000;
/// More partitions than the output of any test has.
const FAR_PARTITION: u32 = 9_999;

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
    TrapInOpen,
    LoopInOpen,
    /// Writes state when it is opened. The host MUST answer `denied`, which this mode reports as `fatal`.
    WriteInOpen,
    /// Traps on a batch that contains the marker; passes the others.
    TrapInProcess,
    TrapAlways,
    /// Writes state, then traps.
    TrapAfterWrites,
    /// Passes the batch; the time that moved with it is what it cannot take.
    TrapInAdvance,
    /// Passes every record; traps when it is to go.
    TrapInClose,
    LoopForever,
    /// Loops, and is in the host most of the time.
    LoopOverImports,
    LoopInAdvance,
    /// Passes every record; loops when it is to go.
    LoopInClose,
    /// Waits in the host for a timer that rings in a day.
    SleepInProcess,
    HogMemory,
    /// Writes state until the host takes no more, and reports that as `fatal`.
    HogState,
    /// Emits a record of 100 MB.
    HugeOutcome,
    /// Emits a record that is too large for a log.
    HugeRecord,
    /// Logs one line of 100 MB.
    HugeLogLine,
    ManyRecords,
    /// Logs 100 MB in one call, and passes the batch.
    LogFlood,
    /// Emits to the topic `not-granted`.
    WrongTopic,
    /// Emits to a partition that the output does not have.
    WrongPartition,
    /// Opens a table that it does not describe. The host MUST answer `not-found`, which this mode reports as `fatal`.
    UnknownTable,
    /// Answers `fatal` to each batch.
    Fatal,
    /// Writes state, then asks for another try.
    RetryAfterWrites,
    /// Answers `reject` for a whole batch that contains the marker; passes the others.
    RejectMarked,
    /// The same, after writing state.
    RejectAfterWrites,
    /// Rejects an offset after the end of the batch.
    RejectOutside,
    RejectTwice,
    /// Rejects where there is no batch.
    RejectInAdvance,
    DeepRecursion,
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
            Mode::TrapInOpen => panic!("told to trap when opened"),
            Mode::LoopInOpen => deeds::loop_forever(),
            Mode::WriteInOpen => deeds::write_past_the_sdk(TABLE)?,
            _ => {}
        }
        Ok(Self(settings))
    }

    fn process(&mut self, batch: Batch, output: &mut Output) -> Result<(), Failure> {
        let last = batch.records.last().map_or(0, |record| record.offset);
        match self.0.mode {
            Mode::TrapInProcess => assert!(!self.is_marked(&batch), "told to trap on {:?}", self.0.marker),
            Mode::TrapAlways => panic!("told to trap always"),
            Mode::TrapAfterWrites => {
                deeds::write_past_the_sdk(TABLE)?;
                panic!("told to trap after writing");
            }
            Mode::LoopForever => deeds::loop_forever(),
            Mode::LoopOverImports => deeds::loop_over_imports(TABLE)?,
            Mode::SleepInProcess => deeds::sleep_for_a_day(),
            Mode::HogMemory => deeds::hog_memory(),
            Mode::HogState => deeds::hog_state(TABLE)?,
            Mode::HugeOutcome => output.emit(NewRecord::new(vec![b'x'; HUGE_BYTES])),
            Mode::HugeRecord => output.emit(NewRecord::new(vec![b'x'; HUGE_RECORD_BYTES])),
            Mode::HugeLogLine => deeds::log_huge_line(HUGE_BYTES),
            Mode::ManyRecords => (0..MANY_RECORDS).for_each(|_| output.emit(NewRecord::tombstone())),
            Mode::LogFlood => deeds::flood_log(FLOOD_LINES, FLOOD_LINE_BYTES),
            Mode::WrongTopic => output.emit(NewRecord::new("astray").with_topic("not-granted")),
            Mode::WrongPartition => {
                output.emit(NewRecord { partition: Some(FAR_PARTITION), ..NewRecord::new("astray") });
            }
            Mode::UnknownTable => deeds::write_past_the_sdk("undescribed")?,
            Mode::Fatal => return Err(Failure::fatal("told to be fatal")),
            Mode::RetryAfterWrites => {
                deeds::write_past_the_sdk(TABLE)?;
                return Err(Failure::retry("told to ask for another try"));
            }
            Mode::RejectMarked if self.is_marked(&batch) => return Err(Failure::reject("told to reject the batch")),
            Mode::RejectAfterWrites if self.is_marked(&batch) => {
                deeds::write_past_the_sdk(TABLE)?;
                return Err(Failure::reject("told to reject the batch"));
            }
            Mode::RejectOutside => output.reject_offset(last + 1, "told to reject what it was not given"),
            Mode::RejectTwice => (0..2).for_each(|_| output.reject_offset(last, "told to reject it twice")),
            Mode::DeepRecursion => deeds::recurse_deeply(),
            // It goes wrong in another call, or with another batch.
            _ => {}
        }
        batch.records.into_iter().for_each(|record| output.emit(record));
        Ok(())
    }

    fn advance(&mut self, _watermark_ms: i64, output: &mut Output) -> Result<(), Failure> {
        match self.0.mode {
            Mode::TrapInAdvance => panic!("told to trap when time moves"),
            Mode::LoopInAdvance => deeds::loop_forever(),
            Mode::RejectInAdvance => output.reject_offset(0, "told to reject what it was given before"),
            _ => {}
        }
        Ok(())
    }
}

/// What `close` comes down to: the processor goes.
impl Drop for Misbehave {
    fn drop(&mut self) {
        match self.0.mode {
            Mode::TrapInClose => panic!("told to trap when closed"),
            Mode::LoopInClose => deeds::loop_forever(),
            _ => {}
        }
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
        for mode in ["pass", "trap-in-process", "reject-marked", "reject-after-writes"] {
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
