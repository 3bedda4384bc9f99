//! From a sentence to an outcome: all its readings, of which the best is taken, or a question where that would be rash.

use std::cell::Cell;

use kafka_do_sdk::parser::{Command, Interpretation, Outcome, Question, Utterance};
use spoken_time::Speaker;

use crate::grammar::{is_blank, readings};
use crate::names::Fit;
use crate::question;
use crate::reading::{Reading, destroys};
use crate::restate::Restating;
use crate::syntax::{Scene, Stop};
use crate::token::{Token, tokens};
use crate::vocabulary;

/// The longest sentence that is read.
const SENTENCE_BYTES_MAX: usize = 4096;
/// Readings that are given.
const READINGS_MAX: usize = 4;
/// How far behind the best a reading may be to be given too.
const CONFIDENCE_RANGE: u8 = 40;
/// How near to the best one makes a sentence ambiguous.
const CONFIDENCE_DOUBT: u8 = 4;

pub(crate) fn understand(utterance: &Utterance) -> Outcome {
    let sentence = utterance.text.as_str();
    if sentence.len() > SENTENCE_BYTES_MAX {
        let text = format!(
            "A sentence has {SENTENCE_BYTES_MAX} bytes at most, and this one {}; send the value beside it.",
            sentence.len()
        );
        return Outcome::Unclear(Question { text, suggestions: Vec::new() });
    }
    let tokens = tokens(sentence);
    let mut scene = scene(utterance, sentence, &tokens);
    let found = read(&mut scene);
    if found.is_empty() {
        let catalog = &utterance.catalog;
        let stop = scene.stopped.get();
        return Outcome::Unclear(if is_blank(&scene) {
            question::blank(catalog)
        } else if let Some(question) = corrected(utterance, &tokens, stop) {
            question
        } else {
            question::stuck(&tokens, stop, catalog)
        });
    }
    let mut distinct: Vec<Reading> = Vec::new();
    for reading in found {
        if distinct.iter().all(|before| before.command != reading.command) {
            distinct.push(reading);
        }
    }
    settle(utterance, distinct)
}

fn speaker(utterance: &Utterance) -> Speaker {
    Speaker { now_ms: utterance.now_ms, utc_offset_minutes: utterance.utc_offset_minutes }
}

/// All readings, the surest first: with names as long as they can be, or else of a word each. The scene knows how far reading
/// came.
fn read(scene: &mut Scene<'_>) -> Vec<Reading> {
    let mut found = readings(scene);
    if found.is_empty() {
        scene.greedy = false;
        found = readings(scene);
    }
    found.sort_by_key(|reading| std::cmp::Reverse(reading.confidence));
    found
}

fn scene<'a>(utterance: &'a Utterance, sentence: &'a str, tokens: &'a [Token<'a>]) -> Scene<'a> {
    Scene {
        sentence,
        speaker: speaker(utterance),
        catalog: &utterance.catalog,
        greedy: true,
        tokens,
        stopped: Cell::default(),
    }
}

/// The best reading of a sentence.
fn first(utterance: &Utterance, sentence: &str) -> Option<Reading> {
    read(&mut scene(utterance, sentence, &tokens(sentence))).into_iter().next()
}

/// The command in words that mean it. Names stand in quotes where the words would mean something else without.
fn restated(utterance: &Utterance, command: &Command) -> String {
    let restating = Restating::new(&utterance.catalog, speaker(utterance));
    let words = restating.command(command);
    if !restating.has_doubts() {
        return words;
    }
    let is_sure = |reading: &Reading| reading.doubts.iter().all(|name| name.fit != Fit::Several);
    let means_it = first(utterance, &words).is_some_and(|first| first.command == *command && is_sure(&first));
    if means_it { words } else { restating.careful().command(command) }
}

/// Takes the best reading, unless there is something to ask first.
fn settle(utterance: &Utterance, readings: Vec<Reading>) -> Outcome {
    let sentence = utterance.text.as_str();
    let best = &readings[0];
    let restated = |reading: &Reading| restated(utterance, &reading.command);
    // What names nothing is no way out.
    let others = || readings[1..].iter().filter(|reading| reading.doubts.is_empty()).map(restated);
    if let Some(mut question) = question::about_names(sentence, best, &utterance.catalog) {
        question.suggestions.extend(others());
        question.suggestions.truncate(question::SUGGESTIONS_MAX);
        return Outcome::Unclear(question);
    }
    let coined = |sentence: &str| first(utterance, sentence).map(|reading| reading.coined);
    if let Some(question) = question::about_coined(sentence, best, coined) {
        return Outcome::Unclear(question);
    }
    if let Some(text) = &best.unsure {
        let restated = std::iter::once(restated(best)).chain(others()).take(question::SUGGESTIONS_MAX).collect();
        return Outcome::Unclear(Question { text: text.clone(), suggestions: restated });
    }
    let is_close = |reading: &&Reading| reading.confidence + CONFIDENCE_DOUBT >= best.confidence;
    let close = readings.iter().take_while(is_close);
    if close.clone().count() > 1 && close.clone().any(|reading| destroys(&reading.command)) {
        return Outcome::Unclear(question::which(close.map(restated).take(question::SUGGESTIONS_MAX).collect()));
    }
    let is_given = |(index, reading): &(usize, &Reading)| {
        *index == 0 || reading.doubts.is_empty() && reading.confidence + CONFIDENCE_RANGE >= best.confidence
    };
    let given = readings.iter().enumerate().filter(is_given).map(|(_, reading)| reading);
    let interpretation = |reading: &Reading| Interpretation {
        command: reading.command.clone(),
        confidence: reading.confidence,
        restated: restated(reading),
    };
    Outcome::Understood(given.take(READINGS_MAX).map(interpretation).collect())
}

/// A sentence that can be read once one word is taken for another like it: the word where reading stopped, or the first.
fn corrected(utterance: &Utterance, tokens: &[Token<'_>], stop: Stop) -> Option<Question> {
    let mut places: Vec<usize> =
        [stop.at, stop.at.wrapping_sub(1), 0].into_iter().filter(|at| *at < tokens.len()).collect();
    places.dedup();
    places.into_iter().find_map(|at| {
        let token = &tokens[at];
        let with = |word: &&str| format!("{}{word}{}", &utterance.text[..token.start], &utterance.text[token.end..]);
        let is_read = |sentence: &String| {
            let tokens = crate::token::tokens(sentence);
            !read(&mut scene(utterance, sentence, &tokens)).is_empty()
        };
        let near = vocabulary::near(token.text);
        let sentences: Vec<String> = near.iter().map(with).filter(is_read).collect();
        (!sentences.is_empty()).then(|| question::mistyped(token, sentences))
    })
}
