//! What is asked back: which of several things was meant, whether a name was mistyped, or what stopped the reading.

use kafka_do_sdk::parser::{Catalog, Question};

use crate::names::{self, Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::Stop;
use crate::token::{self, Token};
use crate::vocabulary;

/// What is shown of a word.
const SHOWN_BYTES_MAX: usize = 60;
/// How many sentences are offered.
pub(crate) const SUGGESTIONS_MAX: usize = 4;

fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

/// The sentence with other words in the place of some.
fn with(sentence: &str, name: &Name, other: &str) -> Option<String> {
    Some(format!("{}{other}{}", sentence.get(..name.span.start)?, sentence.get(name.span.end..)?))
}

/// A name that nothing has, where there is one like it; or that more than one thing has.
pub(crate) fn about_names(sentence: &str, reading: &Reading, catalog: &Catalog) -> Option<Question> {
    reading.doubts.iter().find_map(|doubt| {
        let said = sentence.get(doubt.span.clone()).unwrap_or(&doubt.text);
        let meant = match doubt.fit {
            Fit::Plural => vec![doubt.text.as_str()],
            Fit::Several => names::alike(doubt.kind, said, catalog),
            _ => names::near(&doubt.text, doubt.kind.names(catalog)),
        };
        let (first, noun) = (meant.first()?, doubt.kind.noun());
        let text = match doubt.fit {
            Fit::Several => format!("More than one {noun} could be meant by {}: {}.", shown(said), meant.join(", ")),
            _ => format!("There is no {noun} {}. Did you mean {first}?", shown(said)),
        };
        let suggestions = meant.iter().filter_map(|name| with(sentence, doubt, name)).collect();
        Some(Question { text, suggestions })
    })
}

/// A new name of several words, one of which looks mistyped: without the slip it would be no part of a name. `coined` are the
/// names that a sentence makes.
pub(crate) fn about_coined(
    sentence: &str,
    reading: &Reading,
    coined: impl Fn(&str) -> Option<Vec<Name>>,
) -> Option<Question> {
    reading.coined.iter().find_map(|name| {
        let said = sentence.get(name.span.clone())?;
        let slip = |word| {
            let meant = *vocabulary::near(word).first()?;
            let corrected = with(sentence, name, &said.replacen(word, meant, 1))?;
            let is_in_a_name = |name: &Name| name.text.split('-').any(|part| part == meant);
            (!coined(&corrected)?.iter().any(is_in_a_name)).then_some((word, meant, corrected))
        };
        let (word, meant, corrected) = said.split_whitespace().skip(1).find_map(slip)?;
        let text = format!("Is {} the name, or is {} {meant}?", shown(&name.text), shown(word));
        let quoted = with(sentence, name, &token::quote(&name.text));
        Some(Question { text, suggestions: [Some(corrected), quoted].into_iter().flatten().collect() })
    })
}

/// More than one thing may have been meant, and none of them is to be done by mistake.
pub(crate) fn which(restated: Vec<String>) -> Question {
    let text = format!("This could mean {} things. Which?", restated.len());
    Question { text, suggestions: restated }
}

/// Nothing was said.
pub(crate) fn blank(catalog: &Catalog) -> Question {
    let text = "There is nothing to read: say what to do, and with which topic or group.".to_owned();
    Question { text, suggestions: nearest(&[], catalog) }
}

/// One word is the only one that is in the way, and others like it would not be.
pub(crate) fn mistyped(word: &Token<'_>, suggestions: Vec<String>) -> Question {
    Question { text: format!("I cannot read \"{}\" here. Was it mistyped?", shown(word.text)), suggestions }
}

/// Nothing could be read: the word that stopped it, and sentences like it that can.
pub(crate) fn stuck(tokens: &[Token<'_>], stop: Stop, catalog: &Catalog) -> Question {
    let expected = stop.expected.map(|expected| format!(": expected {expected}")).unwrap_or_default();
    let text = match tokens.get(stop.at) {
        Some(token) => format!("I cannot read \"{}\" here{expected}.", shown(token.text)),
        None => format!("The sentence ends too early{expected}."),
    };
    Question { text, suggestions: nearest(tokens, catalog) }
}

/// Sentences that can be read, one a way of putting it. What exists stands in for the names in them.
pub(crate) const EXAMPLES: [&str; 28] = [
    "produce user signup to {topic}",
    "consume {topic}",
    "consume {topic} as {group}",
    "{topic} from beginning",
    "{topic} since yesterday",
    "{topic} between monday and wednesday",
    "replay {topic} from yesterday",
    "last 10 from {topic}",
    "{topic} where amount > 100",
    "list topics",
    "describe {topic}",
    "create topic logs with 3 partitions",
    "create topic logs with 7-day retention",
    "create topic logs partitioned by user_id",
    "add 3 partitions to {topic}",
    "set {topic} retention to 30 days",
    "delete topic {topic}",
    "list groups",
    "describe group {group}",
    "reset group {group} to earliest",
    "reset group {group} to yesterday 9am",
    "delete group {group}",
    "{topic} where amount > 100 to high-value-orders",
    "count {topic} per page every 1 minute into page-view-counts",
    "list deployments",
    "pause {deployment}",
    "resume {deployment}",
    "remove deployment {deployment}",
];

/// Words of a sentence that are looked at for sentences like it.
const COMPARED_MAX: usize = 32;

fn nearest(tokens: &[Token<'_>], catalog: &Catalog) -> Vec<String> {
    let known = |kind: Kind, otherwise: &'static str| -> String {
        let said = tokens.iter().take(COMPARED_MAX).find_map(|token| names::find(kind, &[token.text], catalog));
        let said = said.map(|(name, _)| name);
        said.or_else(|| kind.names(catalog).next()).unwrap_or(otherwise).to_owned()
    };
    let (topic, group, deployment) =
        (known(Kind::Topic, "orders"), known(Kind::Group, "order-processor"), known(Kind::Deployment, "my-pipeline"));
    let score = |example: &str| {
        let words: Vec<&str> = example.split(' ').filter(|word| !word.starts_with('{')).collect();
        let is_in = |token: &&Token<'_>| words.iter().any(|word| token.is(word));
        // The first word says what is to be done.
        let first = tokens.first().is_some_and(|token| token.is(words[0]) && example.starts_with(words[0]));
        2 * usize::from(first) + tokens.iter().take(COMPARED_MAX).filter(is_in).count()
    };
    let mut scored: Vec<(usize, &str)> =
        EXAMPLES.iter().map(|example| (score(example), *example)).filter(|(score, _)| *score > 0).collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let fill = |example: &str| {
        example.replace("{topic}", &topic).replace("{group}", &group).replace("{deployment}", &deployment)
    };
    let mut suggestions: Vec<String> = scored.iter().take(2).map(|(_, example)| fill(example)).collect();
    if suggestions.is_empty() {
        suggestions.extend(["list topics".to_owned(), "help".to_owned()]);
    }
    suggestions
}
