//! A component that plays its role well, and another one than a deployment runs: it reads sentences, not records.

use kafka_do_sdk::parser::{Command, Interpretation, Outcome, Parser, Utterance};
use kafka_do_sdk::{Context, Description, Failure, NoSettings};

struct HelpOnly;

impl Parser for HelpOnly {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Answers every sentence with help.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn parse(&mut self, _: Utterance) -> Result<Outcome, Failure> {
        Ok(Outcome::Understood(vec![Interpretation::new(Command::Help(None), "help")]))
    }
}

kafka_do_sdk::export_parser!(HelpOnly);
