//! The phrases of English that are understood, a file a theme. Each is a parser over tokens, and all are tried: a sentence may
//! be read in more than one way.

mod conditions;
mod connect;
mod groups;
mod help;
mod pipelines;
mod records;
pub(crate) mod slots;
mod things;
mod topics;

use kafka_do_sdk::parser::Command;

use crate::reading::Reading;
use crate::syntax::{ARTICLES, Input, Parsed, Scene, end, has, no, politeness, skip};

type Phrase = fn(&mut Input<'_>) -> Parsed<Vec<Reading>>;

const PHRASES: [Phrase; 15] = [
    help::help,
    topics::list,
    groups::list,
    things::list_deployments,
    topics::create,
    topics::alter,
    topics::ask_partitions,
    things::describe,
    things::delete,
    things::pause_or_resume,
    groups::reset,
    connect::connect,
    pipelines::aggregate,
    pipelines::stream,
    records::consume,
];

/// Every way in which the sentence of the scene can be read, in no order.
pub(crate) fn readings(scene: &Scene<'_>) -> Vec<Reading> {
    let begun = begun(scene);
    let phrases = PHRASES.iter().chain(std::iter::once(&(records::produce as Phrase)));
    let read = phrases.filter_map(|phrase| {
        let mut input = begun;
        let readings = phrase(&mut input).ok()?;
        input.input.is_empty().then_some(readings)
    });
    read.flatten().collect()
}

/// Behind what is polite.
fn begun<'a>(scene: &'a Scene<'a>) -> Input<'a> {
    let mut input = Input { input: scene.tokens, state: scene };
    politeness(&mut input);
    input
}

/// Whether nothing is asked for.
pub(crate) fn is_blank(scene: &Scene<'_>) -> bool {
    begun(scene).input.is_empty()
}

const LIST: &[&str] = &[
    "list",
    "show",
    "show me",
    "what",
    "which",
    "get",
    "display",
    "see",
    "give me",
    "print",
    "tell me",
    "list me",
    "give me a list of",
    "show me a list of",
    "list all of",
    "how many",
];
const THERE_ARE: &[&str] = &[
    "are there",
    "do i have",
    "exist",
    "do we have",
    "are running",
    "running",
    "there are",
    "are there now",
    "we have",
    "i have",
];

/// `list topics`, `what groups are there`, or the word alone.
fn listing(input: &mut Input<'_>, nouns: &'static [&'static str], command: Command) -> Parsed<Vec<Reading>> {
    let has_verb = has(input, LIST);
    skip(input, ARTICLES);
    skip(input, &["of", "my", "the", "our"]);
    if !has(input, nouns) {
        return no(input);
    }
    has(input, THERE_ARE);
    end(input)?;
    Ok(vec![Reading::new(command, if has_verb { 98 } else { 92 })])
}
