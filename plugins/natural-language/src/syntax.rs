//! What phrases are made of: words that are expected, and where reading stopped when others came.

use std::cell::Cell;

use kafka_do_sdk::parser::Catalog;
use spoken_time::Speaker;
use winnow::combinator::opt;
use winnow::error::ParserError;
use winnow::stream::{Stateful, Stream};
use winnow::{Parser, stream};

use crate::token::{Kind, Token};

/// What a sentence is said in.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub sentence: &'a str,
    pub speaker: Speaker,
    pub catalog: &'a Catalog,
    /// Whether a name takes as many words as it can; where that leads nowhere, it takes one.
    pub greedy: bool,
    pub tokens: &'a [Token<'a>],
    /// As far as any phrase came.
    pub stopped: Cell<Stop>,
}

pub(crate) type Input<'a> = Stateful<&'a [Token<'a>], &'a Scene<'a>>;
pub(crate) type Parsed<T> = Result<T, Stop>;

/// Where reading stopped, in tokens from the beginning, and what was missing there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stop {
    pub at: usize,
    pub expected: Option<&'static str>,
}

impl<'a> ParserError<Input<'a>> for Stop {
    type Inner = Self;

    fn from_input(input: &Input<'a>) -> Self {
        stop(input, None)
    }

    fn or(self, other: Self) -> Self {
        if other.at > self.at { other } else { self }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// The index of the next token.
pub(crate) fn position(input: &Input<'_>) -> usize {
    input.state.tokens.len() - input.input.len()
}

/// Remembers how far reading came. Of what is expected at the farthest place, the first that says it is kept.
fn stop(input: &Input<'_>, expected: Option<&'static str>) -> Stop {
    let stop = Stop { at: position(input), expected };
    let stopped = &input.state.stopped;
    let before = stopped.get();
    if stop.at > before.at || stop.at == before.at && before.expected.is_none() {
        stopped.set(stop);
    }
    stop
}

/// Nothing fits here, and what would.
pub(crate) fn expected<T>(input: &Input<'_>, expected: &'static str) -> Parsed<T> {
    Err(stop(input, Some(expected)))
}

/// Nothing fits here.
pub(crate) fn no<T>(input: &Input<'_>) -> Parsed<T> {
    Err(stop(input, None))
}

/// Nothing fits here, and nobody needs to know: what was looked for may be left out.
pub(crate) fn nothing<T>(input: &Input<'_>) -> Parsed<T> {
    Err(input.state.stopped.get())
}

/// The next token, whatever it is.
pub(crate) fn next<'a>(input: &mut Input<'a>) -> Parsed<Token<'a>> {
    match input.next_token() {
        Some(token) => Ok(token),
        None => no(input),
    }
}

pub(crate) fn peek<'a>(input: &Input<'a>) -> Option<&'a Token<'a>> {
    input.input.first()
}

pub(crate) fn is_at_end(input: &Input<'_>) -> bool {
    input.input.is_empty()
}

/// One of these, each of one word or of several with a space between them.
pub(crate) fn said<'a>(phrases: &'static [&'static str]) -> impl FnMut(&mut Input<'a>) -> Parsed<&'static str> {
    move |input| longest(input, phrases).map_or_else(|| no(input), Ok)
}

/// Whether one of these comes; where it does, it is taken.
pub(crate) fn has(input: &mut Input<'_>, phrases: &'static [&'static str]) -> bool {
    longest(input, phrases).is_some()
}

fn longest(input: &mut Input<'_>, phrases: &'static [&'static str]) -> Option<&'static str> {
    let first = peek(input)?.text.bytes().next()?;
    let fits = |phrase: &&&str| {
        // Most fail at their first letter.
        let mut tokens = input.input.iter();
        phrase.as_bytes()[0].eq_ignore_ascii_case(&first)
            && phrase.split(' ').all(|word| tokens.next().is_some_and(|token| token.is(word)))
    };
    let phrase = phrases.iter().filter(fits).max_by_key(|phrase| phrase.len())?;
    input.next_slice(phrase.split(' ').count());
    Some(phrase)
}

/// Any number of these words, also none.
pub(crate) fn skip(input: &mut Input<'_>, words: &'static [&'static str]) {
    while peek(input).is_some_and(|token| token.is_one_of(words)) {
        input.next_token();
    }
}

/// What `part` reads, where it reads something.
pub(crate) fn maybe<'a, T>(input: &mut Input<'a>, part: impl FnMut(&mut Input<'a>) -> Parsed<T>) -> Option<T> {
    opt(part).parse_next(input).ok().flatten()
}

/// What `part` reads; where it fails, it is as though nobody had looked: what it takes for a name may be the first word of
/// something else.
pub(crate) fn aside<'a, T>(input: &mut Input<'a>, part: impl FnOnce(&mut Input<'a>) -> Parsed<T>) -> Parsed<T> {
    let (begun, stopped) = (*input, input.state.stopped.get());
    part(input).or_else(|_| {
        *input = begun;
        input.state.stopped.set(stopped);
        no(input)
    })
}

/// A token of the kind.
pub(crate) fn mark(input: &mut Input<'_>, kind: Kind) -> bool {
    let is_here = peek(input).is_some_and(|token| token.kind == kind);
    if is_here {
        input.next_token();
    }
    is_here
}

/// Goes on behind what a reader of text took from here: it must end where a token does.
pub(crate) fn text<'a, T>(
    input: &mut Input<'a>,
    read: impl FnOnce(&'a str) -> Option<(T, usize)>,
    missing: &'static str,
) -> Parsed<T> {
    let Some(first) = peek(input).filter(|token| token.kind == Kind::Word) else { return expected(input, missing) };
    let Some((value, bytes)) = input.state.sentence.get(first.start..).and_then(read) else {
        return expected(input, missing);
    };
    let end = first.start + bytes;
    let taken = input.input.partition_point(|token| token.end <= end);
    let ends_with_token = taken > 0 && input.input[taken - 1].end == end;
    if !ends_with_token {
        return expected(input, missing);
    }
    stream::Stream::next_slice(input, taken);
    Ok(value)
}

/// Little words that change nothing.
pub(crate) const ARTICLES: &[&str] = &["the", "a", "an", "my", "our", "this", "that", "these", "all", "every"];

/// What comes before a phrase, or behind one, and asks nothing.
const POLITE: &[&str] = &[
    "please",
    "kindly",
    "can you",
    "could you",
    "would you",
    "will you",
    "hey",
    "hi",
    "hello",
    "ok",
    "okay",
    "now",
    "just",
    "i want to",
    "i want you to",
    "i'd like to",
    "i'd like you to",
    "i would like to",
    "i need to",
    "let's",
    "let us",
    "go ahead and",
    "kafka",
    "kafka.do",
    "then",
    "and then",
    "so",
];
const THANKS: &[&str] = &["please", "thanks", "thank you", "for me", "now", "right now", "ok", "okay", "?", "again"];

pub(crate) fn politeness(input: &mut Input<'_>) {
    while has(input, POLITE) {
        mark(input, Kind::Comma);
    }
}

/// The sentence ends here, but for thanks.
pub(crate) fn end(input: &mut Input<'_>) -> Parsed<()> {
    loop {
        let comma = mark(input, Kind::Comma);
        if !has(input, THANKS) && !comma {
            break;
        }
    }
    if is_at_end(input) { Ok(()) } else { no(input) }
}
