//! A sink that goes wrong in the way that its settings say. It delivers to nobody.

use kafka_do_sdk::sink::{Delivery, Sink};
use kafka_do_sdk::{Batch, Context, Description, Failure, Rejection, RetryAdvice};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    mode: Mode,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Says that all is delivered.
    Deliver,
    Trap,
    Loop,
    /// Says that more is done than it was given.
    Overdone,
    /// Rejects a record, and says that it is not done.
    EarlyRejection,
    /// Rejects a record that it was not given.
    RejectOutside,
    /// Never gets anywhere, and always wants to be called later.
    Hold,
}

struct BadSink(Mode);

impl Sink for BadSink {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Goes wrong in the way that its settings say.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(context: Context<Settings>) -> Result<Self, Failure> {
        Ok(Self(context.settings.mode))
    }

    fn deliver(&mut self, batch: Batch) -> Result<Delivery, Failure> {
        let count = u32::try_from(batch.records.len()).unwrap_or(u32::MAX);
        let reject = |offset| Rejection {
            topic: batch.topic.clone(),
            partition: batch.partition,
            offset,
            reason: "told to".to_owned(),
        };
        let last = batch.records.last().map_or(0, |record| record.offset);
        let delivery = |done, rejections| Delivery { done, rejections, hold: None };
        Ok(match self.0 {
            Mode::Deliver => delivery(count, Vec::new()),
            Mode::Trap => panic!("told to trap"),
            Mode::Loop => loop {
                std::hint::spin_loop();
            },
            Mode::Overdone => delivery(count + 1, Vec::new()),
            Mode::EarlyRejection => delivery(0, vec![reject(last)]),
            Mode::RejectOutside => delivery(count, vec![reject(last + 1)]),
            Mode::Hold => {
                let advice = RetryAdvice { reason: "told to hold".to_owned(), after_ms: Some(20) };
                Delivery { done: 0, rejections: Vec::new(), hold: Some(advice) }
            }
        })
    }
}

kafka_do_sdk::export_sink!(BadSink);
