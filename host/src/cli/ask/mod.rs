//! `kafka-do ask`: plain words, one sentence or one after another.

mod answer;
mod complete;
mod prompt;
mod sentence;

use std::io::{self, IsTerminal};

use clap::Args;
use serde_json::value::RawValue;

use super::client::Client;
use super::output::Output;
use prompt::Prompt;
use sentence::{Asked, Sentence};

/// Say in plain words what is to be done
///
/// Shows how the sentence was read, and does it: "list topics", "create topic orders with 3 partitions", "last 10 from orders",
/// "orders where amount > 100 to high-value-orders". What it means by the HTTP API, --explain shows. Before something goes for
/// good it asks. Times are those of your clock.
///
/// Without a sentence it is a prompt, which remembers and completes; where the input is no terminal, each line is a sentence.
/// A sentence that is not clear is answered with a question, and exit code 2.
#[derive(Debug, Args)]
pub(super) struct Ask {
    /// The sentence; in quotes where the shell would take it for something else
    #[arg(value_name = "SENTENCE")]
    words: Vec<String>,
    /// The JSON to produce, where the sentence does not say it
    #[arg(long, value_name = "JSON", requires = "words", value_parser = json)]
    value: Option<Box<RawValue>>,
    /// Also show the calls of the HTTP API that are equal to the sentence
    #[arg(long)]
    explain: bool,
    /// Only show how it is read and what would be called
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

fn json(text: &str) -> Result<Box<RawValue>, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}; a text stands in JSON's quotes: '\"paid\"'"))
}

/// A sentence was not understood, and what to ask back was shown.
#[derive(Debug, thiserror::Error)]
#[error("the sentence is not clear")]
pub(super) struct Unclear;

impl Unclear {
    pub(super) const EXIT_CODE: u8 = 2;
}

/// How sentences are taken.
#[derive(Clone, Copy, Debug)]
struct Manner {
    output: Output,
    explain: bool,
    dry_run: bool,
    yes: bool,
}

impl Ask {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let Self { words, value, explain, dry_run, yes } = self;
        let manner = Manner { output, explain, dry_run, yes };
        if !words.is_empty() {
            return once(&Sentence { text: words.join(" "), value }, client, manner).await;
        }
        if io::stdin().is_terminal() {
            return Prompt::open(manner)?.run(client).await;
        }
        for line in io::stdin().lines() {
            let text = line?.trim().to_owned();
            if !text.is_empty() {
                once(&Sentence { text, value: None }, client, manner).await?;
            }
        }
        Ok(())
    }
}

/// One sentence to its end, where nobody can be asked back.
async fn once(sentence: &Sentence, client: &mut Client, manner: Manner) -> anyhow::Result<()> {
    match sentence.ask(client, manner).await? {
        Asked::Done => Ok(()),
        Asked::Records(records) => records.write(client).await,
        Asked::Unclear(question) => {
            question.print(manner.output)?;
            Err(Unclear.into())
        }
    }
}
