//! A source that goes wrong in the way that its settings say. What it finds outside, it makes up.

use kafka_do_sdk::source::{PollLimits, PollOutcome, Source};
use kafka_do_sdk::{Context, Description, Failure, NewRecord};
use serde::Deserialize;

/// Larger than a cursor may be.
const HUGE_CURSOR_BYTES: usize = 5 << 20;
/// A well-behaved one finds so many records, and then nothing any more.
const FOUND: u8 = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    mode: Mode,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Finds a record at each poll, until it has found all.
    Poll,
    Trap,
    Loop,
    /// Finds more than it was asked for.
    ManyRecords,
    HugeCursor,
    /// Emits to the topic `not-granted`.
    WrongTopic,
}

struct BadSource {
    mode: Mode,
    found: u8,
}

impl Source for BadSource {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Goes wrong in the way that its settings say.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(context: Context<Settings>, resume: Option<Vec<u8>>) -> Result<Self, Failure> {
        let found = resume.and_then(|cursor| cursor.first().copied()).unwrap_or(0);
        Ok(Self { mode: context.settings.mode, found })
    }

    fn poll(&mut self, limits: PollLimits) -> Result<PollOutcome, Failure> {
        let mut record = NewRecord::new(self.found.to_string());
        let mut cursor = vec![self.found + 1];
        match self.mode {
            Mode::Poll if self.found == FOUND => {
                return Ok(PollOutcome::new(vec![FOUND]).with_idle_ms(20));
            }
            Mode::Poll => self.found += 1,
            Mode::Trap => panic!("told to trap"),
            Mode::Loop => loop {
                std::hint::spin_loop();
            },
            Mode::ManyRecords => {
                let count = limits.records as usize + 1;
                return Ok(PollOutcome::new(cursor).with_records(vec![record; count]));
            }
            Mode::HugeCursor => cursor = vec![0; HUGE_CURSOR_BYTES],
            Mode::WrongTopic => record.topic = Some("not-granted".to_owned()),
        }
        Ok(PollOutcome::new(cursor).with_records(vec![record]))
    }
}

kafka_do_sdk::export_source!(BadSource);
