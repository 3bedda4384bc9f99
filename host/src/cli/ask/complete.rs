//! What the prompt completes: the names that are there, and how sentences begin.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

/// How sentences begin.
const BEGINNINGS: [&str; 21] = [
    "add ",
    "consume ",
    "count ",
    "create topic ",
    "delete group ",
    "delete topic ",
    "describe ",
    "describe group ",
    "help",
    "last 10 from ",
    "list deployments",
    "list groups",
    "list topics",
    "pause ",
    "produce ",
    "remove ",
    "replay ",
    "reset group ",
    "resume ",
    "send ",
    "set ",
];

#[derive(Debug, Default)]
pub(super) struct Completion {
    /// Of topics, groups and deployments; in order, each once.
    pub(super) names: Vec<String>,
}

impl Completion {
    /// Where what is completed begins, and what it may be.
    fn of(&self, line: &str) -> (usize, Vec<String>) {
        let begins = |text: &&&str| {
            let same = text.get(..line.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(line));
            same && text.len() > line.len()
        };
        let mut found: Vec<String> = BEGINNINGS.iter().filter(begins).map(|text| (*text).to_owned()).collect();
        let word_at = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        if word_at > 0 && !found.is_empty() {
            return (0, found);
        }
        let word = &line[word_at..];
        found.extend(self.names.iter().filter(|name| name.starts_with(word) && name.len() > word.len()).cloned());
        (word_at, found)
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.of(line.get(..at).unwrap_or_default()))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_and_names_are_completed() {
        let completion = Completion { names: ["clicks", "orders", "orders-by-day"].map(str::to_owned).into() };
        let cases: [(&str, usize, &[&str]); 7] = [
            ("li", 0, &["list deployments", "list groups", "list topics"]),
            ("List t", 0, &["list topics"]),
            ("c", 0, &["consume ", "count ", "create topic ", "clicks"]),
            ("describe o", 9, &["orders", "orders-by-day"]),
            ("orders since yesterday to cl", 26, &["clicks"]),
            ("orders", 0, &["orders-by-day"]),
            ("describe x", 9, &[]),
        ];
        for (line, at, expected) in cases {
            let (begin, found) = completion.of(line);
            assert_eq!((begin, found.as_slice()), (at, expected.map_to_owned().as_slice()), "{line}");
        }
        assert!(completion.of("é ").1.len() == 3, "after a space every name may follow");
    }

    trait Owned {
        fn map_to_owned(&self) -> Vec<String>;
    }

    impl Owned for &[&str] {
        fn map_to_owned(&self) -> Vec<String> {
            self.iter().map(|text| (*text).to_owned()).collect()
        }
    }
}
