//! The parsing role: a sentence, and what exists, into the commands that it may mean. A parser names things and never does
//! them: the host checks a command and runs it.

use serde::de::DeserializeOwned;

pub use crate::bindings::parsing::exports::kafka_do::plugin::parser::{
    Aggregate, AlterTopicCommand, Catalog, Command, Comparison, Condition, ConnectCommand, ConsumeCommand,
    CreateTopicCommand, Interpretation, Outcome, ProduceCommand, Question, ResetGroupCommand, StartPoint,
    StreamCommand, TopicInfo, Utterance,
};
use crate::{Context, Description, Failure};

/// Reads sentences. Export it with [`export_parser!`](crate::export_parser).
///
/// Many values answer at once, and any of them may go between two calls: a parser keeps nothing but what it read from its
/// settings.
pub trait Parser: Sized + 'static {
    /// What the settings object is read into; [`NoSettings`](crate::NoSettings) where there are none.
    type Settings: DeserializeOwned;

    /// What this plugin is, which settings it takes and which hosts it wants to reach. It MUST NOT ask the host for anything.
    fn describe() -> Description;

    /// Called first.
    fn open(context: Context<Self::Settings>) -> Result<Self, Failure>;

    /// Reads a sentence. One that means nothing to the parser is [`Outcome::Unclear`] and no failure.
    fn parse(&mut self, utterance: Utterance) -> Result<Outcome, Failure>;
}

impl Interpretation {
    /// A reading of which there is no doubt.
    pub fn new(command: Command, restated: impl Into<String>) -> Self {
        Self { command, confidence: 100, restated: restated.into() }
    }

    /// How likely it is that this was meant, 0 to 100.
    #[must_use]
    pub fn with_confidence(mut self, confidence: u8) -> Self {
        self.confidence = confidence;
        self
    }
}

impl Question {
    /// A question without suggestions.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), suggestions: Vec::new() }
    }

    /// Whole sentences, any of which may be what was meant.
    #[must_use]
    pub fn with_suggestions<S: Into<String>>(mut self, suggestions: impl IntoIterator<Item = S>) -> Self {
        self.suggestions.extend(suggestions.into_iter().map(Into::into));
        self
    }
}

/// Makes a [`Parser`] the one thing that this component exports.
///
/// ```
/// use kafka_do_sdk::parser::{Command, Interpretation, Outcome, Parser, Question, Utterance};
/// use kafka_do_sdk::{Context, Description, Failure, NoSettings};
///
/// /// Knows one sentence.
/// struct ListsTopics;
///
/// impl Parser for ListsTopics {
///     type Settings = NoSettings;
///
///     fn describe() -> Description {
///         Description::new("Knows one sentence.")
///     }
///
///     fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
///         Ok(Self)
///     }
///
///     fn parse(&mut self, utterance: Utterance) -> Result<Outcome, Failure> {
///         Ok(match utterance.text.as_str() {
///             "list topics" => Outcome::Understood(vec![Interpretation::new(Command::ListTopics, "list topics")]),
///             _ => Outcome::Unclear(Question::new("Which of these?").with_suggestions(["list topics"])),
///         })
///     }
/// }
///
/// kafka_do_sdk::export_parser!(ListsTopics);
///
/// # fn main() {
/// use kafka_do_sdk::testing::{ParserHarness, utterance};
///
/// let outcome = ParserHarness::<ListsTopics>::new("{}").parse(utterance("list topics")).unwrap();
/// assert!(matches!(outcome, Outcome::Understood(_)));
/// # }
/// ```
#[macro_export]
macro_rules! export_parser {
    ($parser:ty) => {
        $crate::__export_one_call! {
            $parser: $crate::parser::Parser,
            ParserTask,
            $crate::bindings::parsing::exports::kafka_do::plugin::parser::Guest,
            parse($crate::parser::Utterance) -> $crate::parser::Outcome,
            parsing::__export_parsing
        }
    };
}
