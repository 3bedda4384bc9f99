//! The table of phrasings.

use kafka_do_sdk::parser::Outcome;

use super::said;
use super::written::written;

const TABLE: &str = include_str!("../../phrasings.txt");

/// What is said, and what must come of it.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once("=>").map(|(said, read)| (said.trim(), read.trim())).expect("a line has an arrow"))
}

#[test]
fn each_phrasing_is_read_as_it_must_be() {
    let mut wrong = Vec::new();
    for (sentence, expected) in rows() {
        let outcome = said(sentence);
        let is_right = match (&outcome, expected.strip_prefix('?')) {
            (Outcome::Understood(readings), None) => written(&readings[0].command) == expected,
            (Outcome::Unclear(question), Some(wanted)) => {
                let mut parts = wanted.split('|').map(str::trim);
                let text = parts.next().unwrap_or_default();
                question.text.contains(text)
                    && parts.all(|wanted| question.suggestions.iter().any(|given| given == wanted))
            }
            _ => false,
        };
        if !is_right {
            let read = match outcome {
                Outcome::Understood(readings) => written(&readings[0].command),
                Outcome::Unclear(question) => format!("? {} | {}", question.text, question.suggestions.join(" | ")),
            };
            wrong.push(format!("{sentence}\n    must be  {expected}\n    and is   {read}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), rows().count(), wrong.join("\n"));
}

#[test]
fn the_table_is_as_long_as_it_should_be() {
    let (all, questions) = (rows().count(), rows().filter(|(_, expected)| expected.starts_with('?')).count());
    assert!(all >= 400 && questions * 5 >= all, "{all} phrasings, {questions} of them questions");
}

/// A suggestion is a whole sentence, and it is read.
#[test]
fn what_is_suggested_can_be_said() {
    for (sentence, _) in rows() {
        let Outcome::Unclear(question) = said(sentence) else { continue };
        for suggestion in &question.suggestions {
            let outcome = said(suggestion);
            assert!(matches!(outcome, Outcome::Understood(_)), "{sentence}: {suggestion}: {outcome:?}");
        }
    }
}

#[test]
fn what_is_restated_is_the_same_command() {
    for (sentence, _) in rows() {
        let Outcome::Understood(readings) = said(sentence) else { continue };
        for reading in readings {
            let Outcome::Understood(again) = said(&reading.restated) else {
                panic!("{sentence}: {}: {:?}", reading.restated, said(&reading.restated))
            };
            assert_eq!(again[0].command, reading.command, "{sentence}: {}", reading.restated);
        }
    }
}
