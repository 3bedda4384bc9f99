//! Reads plain English sentences as commands: a grammar over tokens, whose names are looked up in what exists. Nothing is
//! guessed from likeness alone: what does not parse is asked back, with the word that stopped it.

mod grammar;
mod json;
mod names;
mod question;
mod reading;
mod restate;
mod syntax;
mod token;
mod understanding;
mod vocabulary;

use kafka_do_sdk::parser::{Outcome, Parser, Utterance};
use kafka_do_sdk::{Context, Description, Failure, NoSettings};

/// The parser.
pub struct NaturalLanguage;

impl Parser for NaturalLanguage {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Reads plain English sentences as commands.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn parse(&mut self, utterance: Utterance) -> Result<Outcome, Failure> {
        Ok(understanding::understand(&utterance))
    }
}

kafka_do_sdk::export_parser!(NaturalLanguage);

#[cfg(test)]
mod tests;
