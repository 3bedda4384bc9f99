//! Asking what can be said.

use kafka_do_sdk::parser::Command;

use super::slots::slice;
use crate::reading::Reading;
use crate::syntax::{Input, Parsed, has, no, position};
use winnow::stream::Stream;

const HELP: &[&str] = &[
    "help",
    "help me",
    "?",
    "commands",
    "usage",
    "examples",
    "what can i say",
    "what can i do",
    "what can you do",
    "what do you understand",
    "what do you know",
];
const HELP_WITH: &[&str] = &[
    "help with",
    "help on",
    "help about",
    "help me with",
    "help me to",
    "help me",
    "help",
    "how do i",
    "how can i",
    "how to",
    "how do you",
    "how would i",
    "explain how to",
];

/// `help`, `how do i create a topic`.
pub(super) fn help(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let begun = *input;
    if has(input, HELP) && crate::syntax::end(input).is_ok() {
        return Ok(vec![Reading::new(Command::Help(None), 99)]);
    }
    *input = begun;
    if !has(input, HELP_WITH) || input.input.is_empty() {
        return no(input);
    }
    let from = position(input);
    input.finish();
    let about = slice(input, from, position(input)).trim_end_matches(['?', '.', '!', ' ']);
    Ok(vec![Reading::new(Command::Help(Some(about.to_owned())), 90)])
}
