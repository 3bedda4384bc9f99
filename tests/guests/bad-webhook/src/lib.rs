//! A webhook that goes wrong in the way that its settings say.

use kafka_do_sdk::webhook::{Reply, Request, Response, Webhook};
use kafka_do_sdk::{Context, Description, Failure, NewRecord};
use serde::Deserialize;

/// Longer than an id may be, and larger than an answer may.
const LONG_ID_BYTES: usize = 256;
const HUGE_ANSWER_BYTES: usize = 2 << 20;
/// More than an instance may have.
const HOG_BYTES: usize = 200 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    mode: Mode,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Stores the body, as a well-behaved plugin does.
    Answer,
    Trap,
    Loop,
    HogMemory,
    /// Answers with a status that is none.
    Status,
    /// Answers with a header that is the server's own.
    FramingHeader,
    LongId,
    /// Stores in the topic `not-granted`.
    WrongTopic,
    HugeAnswer,
    Fatal,
    Retry,
    Reject,
}

struct BadWebhook(Mode);

impl Webhook for BadWebhook {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Goes wrong in the way that its settings say.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(context: Context<Settings>) -> Result<Self, Failure> {
        Ok(Self(context.settings.mode))
    }

    fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        let mut record = NewRecord::new(request.body);
        let mut response = Response::empty(204);
        let mut id = None;
        match self.0 {
            Mode::Answer => {}
            Mode::Trap => panic!("told to trap"),
            Mode::Loop => loop {
                std::hint::spin_loop();
            },
            Mode::HogMemory => response.body = vec![1; HOG_BYTES],
            Mode::Status => response.status = 42,
            Mode::FramingHeader => response = response.with_header("content-length", "7"),
            Mode::LongId => id = Some("x".repeat(LONG_ID_BYTES)),
            Mode::WrongTopic => record.topic = Some("not-granted".to_owned()),
            Mode::HugeAnswer => response.body = vec![b'x'; HUGE_ANSWER_BYTES],
            Mode::Fatal => return Err(Failure::fatal("told to be fatal")),
            Mode::Retry => return Err(Failure::retry_after("told to ask for another try", 7_000)),
            Mode::Reject => return Err(Failure::reject("told to reject")),
        }
        Ok(Reply { id, records: vec![record], response })
    }
}

kafka_do_sdk::export_webhook!(BadWebhook);
