//! The prompt: sentence after sentence, with those of before at hand.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context;
use futures_util::FutureExt;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use serde::Deserialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::super::client::Client;
use super::super::output::ReaderGone;
use super::Manner;
use super::complete::Completion;
use super::sentence::{Asked, Question, Records, Sentence};
use crate::limits::ASK_HISTORY_MAX;

const PROMPT: &str = "kafka-do> ";
/// What one says at a prompt to go.
const LEAVING: [&str; 3] = ["exit", "quit", "bye"];
/// What one says to the only suggestion.
const AGREEING: [&str; 3] = ["y", "yes", "ok"];

pub(super) struct Prompt {
    manner: Manner,
    editor: Editor<Completion, DefaultHistory>,
    /// Where sentences are kept from one time to the next.
    history: Option<PathBuf>,
    /// What the last question suggested, to be picked by number.
    suggestions: Vec<String>,
}

impl Prompt {
    pub(super) fn open(manner: Manner) -> anyhow::Result<Self> {
        let config = Config::builder()
            .max_history_size(ASK_HISTORY_MAX)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config).context("the terminal cannot be used")?;
        editor.set_helper(Some(Completion::default()));
        let history = history_file();
        if let Some(file) = &history {
            // The first time there is none.
            drop(editor.load_history(file));
        }
        Ok(Self { manner, editor, history, suggestions: Vec::new() })
    }

    /// Until Ctrl-D. Ctrl-C ends what is under way, and no more.
    pub(super) async fn run(mut self, client: &mut Client) -> anyhow::Result<()> {
        let mut interrupts = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
        eprintln!("Say what is to be done, or help; Ctrl-D leaves.");
        loop {
            self.complete_names(client).await;
            let line = match self.editor.readline(PROMPT) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(anyhow::Error::from(error).context("the terminal cannot be read")),
            };
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if LEAVING.contains(&line) {
                return Ok(());
            }
            let sentence = Sentence { text: picked(&self.suggestions, line).to_owned(), value: None };
            self.remember(&sentence.text);
            match self.say(&sentence, client, &mut interrupts).await {
                Err(error) if error.is::<ReaderGone>() => return Err(error),
                Err(error) => eprintln!("{error:#}"),
                Ok(()) => {}
            }
        }
    }

    async fn say(&mut self, sentence: &Sentence, client: &mut Client, interrupts: &mut Signal) -> anyhow::Result<()> {
        self.suggestions.clear();
        // One that came while nothing was under way is about nothing.
        while interrupts.recv().now_or_never().is_some() {}
        let asked = tokio::select! {
            asked = sentence.ask(client, self.manner) => asked?,
            _ = interrupts.recv() => return interrupted(),
        };
        match asked {
            Asked::Done => Ok(()),
            Asked::Unclear(question) => self.ask_back(question),
            // A member hears the signal itself, and leaves its group.
            Asked::Records(records @ Records::OfGroup(_)) => records.write(client).await,
            Asked::Records(records) => tokio::select! {
                written = records.write(client) => written,
                _ = interrupts.recv() => interrupted(),
            },
        }
    }

    fn ask_back(&mut self, question: Question) -> anyhow::Result<()> {
        if self.manner.output.json {
            question.print(self.manner.output)?;
        } else {
            eprint!("{}", question.written(|index| format!("  {}  ", index + 1)));
        }
        self.suggestions = question.suggestions;
        Ok(())
    }

    /// A history that cannot be kept is no reason to say anything: the sentence is what matters.
    fn remember(&mut self, text: &str) {
        if !self.editor.add_history_entry(text).unwrap_or(false) {
            return;
        }
        let Some(file) = &self.history else { return };
        if let Some(folder) = file.parent() {
            drop(std::fs::create_dir_all(folder));
        }
        drop(self.editor.append_history(file));
    }

    /// Takes up the names that are there now: the first page of each kind. Without a host there are none.
    async fn complete_names(&mut self, client: &mut Client) {
        let mut names = BTreeSet::new();
        for path in ["/v1/topics", "/v1/groups", "/v1/deployments"] {
            let Ok(answer) = client.get(path).await else { break };
            let Ok(Page { items }) = answer.parse::<Page>() else { break };
            names.extend(items.into_iter().map(|Named { name }| name));
        }
        if let Some(completion) = self.editor.helper_mut() {
            completion.names = names.into_iter().collect();
        }
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "group")]
    name: String,
}

/// The next prompt begins on a line of its own.
#[expect(clippy::unnecessary_wraps, reason = "it stands where a result does")]
fn interrupted() -> anyhow::Result<()> {
    eprintln!();
    Ok(())
}

/// The suggestion of this number, or the only one where the line agrees to it; else the line itself.
fn picked<'a>(suggestions: &'a [String], line: &'a str) -> &'a str {
    if let [only] = suggestions
        && AGREEING.contains(&line)
    {
        return only;
    }
    let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    number.and_then(|index| suggestions.get(index)).map_or(line, String::as_str)
}

/// In the user's state folder, as the XDG base directory specification has it.
fn history_file() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("kafka-do/ask-history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_picked_by_number() {
        let suggestions = ["list topics".to_owned(), "describe orders".to_owned()];
        for (line, sentence) in
            [("1", "list topics"), ("2", "describe orders"), ("3", "3"), ("0", "0"), ("help", "help")]
        {
            assert_eq!(picked(&suggestions, line), sentence);
        }
        assert_eq!(picked(&[], "1"), "1");
    }

    #[test]
    fn names_of_every_kind_are_read() {
        let page = r#"{"items":[{"name":"orders","partitions":1},{"group":"billing","lag":0}],"next":null}"#;
        let Page { items } = serde_json::from_str(page).unwrap();
        assert_eq!(items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["orders", "billing"]);
    }
}
