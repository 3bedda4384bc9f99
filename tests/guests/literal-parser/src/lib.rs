//! A parser whose sentences are the JSON form of what it is to answer, so that a test can say any command; or one that goes
//! wrong in the way that its settings say.

mod json;

use kafka_do_sdk::parser::{
    AlterTopicCommand, Command, Comparison, Condition, ConnectCommand, ConsumeCommand, Interpretation, Outcome, Parser,
    Question, StartPoint, StreamCommand, Utterance,
};
use kafka_do_sdk::{Context, Description, Failure};
use serde::Deserialize;

/// Longer than words may be, more than readings may be, and larger than an answer may.
const LONG_WORDS_BYTES: usize = 3 << 10;
const MANY_READINGS: usize = 9;
const HUGE_ANSWER_BYTES: usize = 80 << 20;
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
    /// Answers what the sentence says.
    Literal,
    Trap,
    Loop,
    HogMemory,
    HugeAnswer,
    /// A topic of a name that no topic has.
    LyingName,
    /// A field of a path that is none.
    LyingPath,
    NothingUnderstood,
    TooSure,
    LongWords,
    ManyReadings,
    /// Settings that are no object.
    BrokenSettings,
    FromNowhere,
    BothPartitions,
    BeyondTime,
    Fatal,
    Retry,
    Reject,
}

struct LiteralParser(Mode);

impl Parser for LiteralParser {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Answers what it is told to.").with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(context: Context<Settings>) -> Result<Self, Failure> {
        Ok(Self(context.settings.mode))
    }

    fn parse(&mut self, utterance: Utterance) -> Result<Outcome, Failure> {
        let one = |command| Outcome::Understood(vec![Interpretation::new(command, "what it was told")]);
        let topic = || "orders".to_owned();
        Ok(match self.0 {
            Mode::Literal => json::outcome(&utterance),
            Mode::Trap => panic!("told to trap"),
            Mode::Loop => loop {
                std::hint::spin_loop();
            },
            Mode::HogMemory => Outcome::Unclear(Question::new("x".repeat(HOG_BYTES))),
            Mode::HugeAnswer => Outcome::Unclear(Question::new("x".repeat(HUGE_ANSWER_BYTES))),
            Mode::LyingName => one(Command::DeleteTopic("../v1/topics/orders".to_owned())),
            Mode::LyingPath => one(Command::Consume(ConsumeCommand {
                topic: topic(),
                group: None,
                start: StartPoint::Earliest,
                until_ms: None,
                conditions: vec![Condition {
                    path: "a..b".to_owned(),
                    comparison: Comparison::Equal,
                    operand: "1".to_owned(),
                }],
                limit: None,
            })),
            Mode::NothingUnderstood => Outcome::Understood(Vec::new()),
            Mode::TooSure => {
                Outcome::Understood(vec![Interpretation::new(Command::ListTopics, "list topics").with_confidence(200)])
            }
            Mode::LongWords => Outcome::Unclear(Question::new("x".repeat(LONG_WORDS_BYTES))),
            Mode::ManyReadings => {
                let reading = Interpretation::new(Command::ListTopics, "list topics");
                Outcome::Understood(vec![reading; MANY_READINGS])
            }
            Mode::BrokenSettings => one(Command::Connect(ConnectCommand {
                plugin: "literal-parser".to_owned(),
                settings: "[]".to_owned(),
                topic: None,
            })),
            Mode::FromNowhere => one(Command::Stream(StreamCommand {
                from: Vec::new(),
                to: topic(),
                conditions: Vec::new(),
                window_ms: None,
                group_by: None,
                aggregate: None,
            })),
            Mode::BothPartitions => one(Command::AlterTopic(AlterTopicCommand {
                topic: topic(),
                add_partitions: Some(1),
                partitions: Some(2),
                retention_ms: None,
                retention_bytes: None,
            })),
            Mode::BeyondTime => one(Command::Consume(ConsumeCommand {
                topic: topic(),
                group: None,
                start: StartPoint::SinceMs(i64::MIN),
                until_ms: None,
                conditions: Vec::new(),
                limit: None,
            })),
            Mode::Fatal => return Err(Failure::fatal("told to be fatal")),
            Mode::Retry => return Err(Failure::retry_after("told to ask for another try", 7_000)),
            Mode::Reject => return Err(Failure::reject("told to reject")),
        })
    }
}

kafka_do_sdk::export_parser!(LiteralParser);
