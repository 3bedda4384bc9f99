//! What phrases leave open: names, fields, numbers, sizes, durations, places to begin.

use kafka_do_sdk::parser::StartPoint;

use crate::names::{self, Fit, Kind, Name, is_valid};
use crate::syntax::{ARTICLES, Input, Parsed, expected, has, mark, maybe, next, no, peek, skip, text};
use crate::token::{self, Token};
use winnow::stream::Stream;

/// Words that begin what follows a name: none of them is one, unless it stands in quotes or exists.
const RESERVED: &[&str] = &[
    "me",
    "us",
    "him",
    "her",
    "them",
    "it",
    "you",
    "myself",
    "mine",
    "to",
    "into",
    "onto",
    "in",
    "on",
    "from",
    "of",
    "at",
    "by",
    "for",
    "with",
    "without",
    "where",
    "when",
    "whose",
    "if",
    "as",
    "and",
    "or",
    "since",
    "until",
    "till",
    "before",
    "after",
    "between",
    "during",
    "per",
    "every",
    "each",
    "over",
    "using",
    "up",
    "limit",
    "last",
    "first",
    "past",
    "group",
    "groups",
    "everything",
    "topic",
    "topics",
    "partition",
    "partitions",
    "retention",
    "named",
    "called",
    "is",
    "are",
    "the",
    "a",
    "an",
    "having",
    "that",
];

/// Whether it is a word that names are not.
pub(crate) fn is_reserved(token: &Token<'_>) -> bool {
    token.is_one_of(RESERVED)
}

/// Whether a text would be taken for such a word.
pub(crate) fn word_is_reserved(text: &str) -> bool {
    RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// How many words a name may be said in.
const NAME_WORDS_MAX: usize = 4;
/// The words of a new name: more would rather be a sentence.
const NEW_NAME_WORDS_MAX: usize = 3;

/// A name of the kind, with an article, the kind's own word before or behind it, or none of them.
pub(crate) fn name<'a>(kind: Kind) -> impl FnMut(&mut Input<'a>) -> Parsed<Name> {
    move |input| {
        skip(input, ARTICLES);
        if noun(input, kind) {
            has(input, &["called", "named"]);
        }
        let name = bare_name(input, kind)?;
        noun(input, kind);
        Ok(name)
    }
}

/// A name that the kind's word stands before or behind: `group audit`, `the audit group`.
pub(crate) fn marked_name<'a>(kind: Kind) -> impl FnMut(&mut Input<'a>) -> Parsed<Name> {
    move |input| {
        skip(input, ARTICLES);
        let before = noun(input, kind);
        if before {
            has(input, &["called", "named"]);
        }
        let name = bare_name(input, kind)?;
        let behind = noun(input, kind);
        if before || behind { Ok(name) } else { expected(input, kind.noun()) }
    }
}

/// What things of the kind are called.
pub(crate) fn noun(input: &mut Input<'_>, kind: Kind) -> bool {
    let words: &[&str] = match kind {
        Kind::Topic => &["topic"],
        Kind::Group => &["group", "consumer group"],
        Kind::Plugin => &["plugin"],
        Kind::Deployment => &["deployment", "pipeline", "processor", "connector", "stream processor"],
    };
    // A thing may be called by its kind's word: `describe group group`.
    let is_last = input.input.len() == words[0].split(' ').count();
    let exists = || peek(input).is_some_and(|token| names::find(kind, &[token.text], input.state.catalog).is_some());
    if is_last && exists() {
        return false;
    }
    has(input, words)
}

/// A name that something of the kind has.
pub(crate) fn known_name(input: &mut Input<'_>, kind: Kind) -> Parsed<Name> {
    let begun = input.checkpoint();
    let name = bare_name(input, kind)?;
    if name.fit == Fit::Unknown {
        input.reset(&begun);
        return expected(input, missing(kind));
    }
    Ok(name)
}

/// A name of the kind, as it stands.
pub(crate) fn bare_name(input: &mut Input<'_>, kind: Kind) -> Parsed<Name> {
    let Some(first) = peek(input).copied() else { return expected(input, missing(kind)) };
    let catalog = input.state.catalog;
    match first.kind {
        token::Kind::Quoted => {
            let text = first.meant();
            if !is_valid(&text) {
                return expected(input, "a name of letters, digits, dots, hyphens and underscores");
            }
            input.next_token();
            let is_known = kind.names(catalog).any(|name| name == text);
            let fit = if is_known { Fit::Exact } else { Fit::Unknown };
            return Ok(Name { kind, text: text.into_owned(), fit, span: first.span() });
        }
        token::Kind::Word => {}
        _ => return expected(input, missing(kind)),
    }
    let words_max = if input.state.greedy { NAME_WORDS_MAX } else { 1 };
    // A word that goes on with a sentence is in no name that is said in several: `sales per item` are sales.
    let is_in_name =
        |(index, token): &(usize, &Token<'_>)| token.kind == token::Kind::Word && (*index == 0 || !is_reserved(token));
    let words: Vec<&str> =
        input.input.iter().enumerate().take(words_max).take_while(is_in_name).map(|(_, token)| token.text).collect();
    for count in (1..=words.len()).rev() {
        // A plural that nothing but a possessive is made of: `orders' retention`.
        let mut said = words[..count].to_vec();
        let own = own(said[count - 1]);
        said[count - 1] = own;
        let found = names::find(kind, &said, catalog).or_else(|| names::find(kind, &words[..count], catalog));
        if let Some((name, fit)) = found {
            let span = first.start..input.input[count - 1].end;
            input.next_slice(count);
            return Ok(Name { kind, text: name.to_owned(), fit, span });
        }
    }
    if first.is_one_of(RESERVED) {
        return expected(input, missing(kind));
    }
    let text = own(first.text);
    if !is_valid(text) || !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return expected(input, missing(kind));
    }
    input.next_token();
    Ok(Name { kind, text: text.to_owned(), fit: Fit::Unknown, span: first.start..first.start + text.len() })
}

fn missing(kind: Kind) -> &'static str {
    match kind {
        Kind::Topic => "the name of a topic",
        Kind::Group => "the name of a group",
        Kind::Plugin => "the name of a plugin",
        Kind::Deployment => "the name of a deployment",
    }
}

/// Without the ending that says whose something is.
fn own(word: &str) -> &str {
    let endings = ["'s", "\u{2019}s", "'", "\u{2019}"];
    endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word)
}

/// A name for what does not exist yet. Words with spaces between them get hyphens, up to where `ends` reads something; the
/// question is there where one of them may be a slip.
pub(crate) fn new_name<'a>(
    input: &mut Input<'a>,
    kind: Kind,
    ends: impl Fn(&mut Input<'a>) -> bool,
) -> Parsed<(Name, bool)> {
    let Some(first) = peek(input).copied() else { return expected(input, missing(kind)) };
    let is_unknown =
        |token: &Token<'_>| token.kind == token::Kind::Word && !token.is_one_of(RESERVED) && is_valid(token.text);
    if first.kind == token::Kind::Quoted || !is_unknown(&first) {
        if first.kind == token::Kind::Word {
            return expected(input, missing(kind));
        }
        return bare_name(input, kind).map(|name| (name, false));
    }
    input.next_token();
    let (mut text, mut last, mut words) = (first.text.to_owned(), first, 1);
    while let Some(token) = peek(input).copied().filter(|token| is_unknown(token)) {
        if words == NEW_NAME_WORDS_MAX || ends(&mut input.clone()) {
            break;
        }
        input.next_token();
        text = format!("{text}-{}", token.text);
        (last, words) = (token, words + 1);
    }
    let exists = names::find(kind, &[&text], input.state.catalog);
    let (text, fit) = match exists {
        Some((name, Fit::Exact)) => (name.to_owned(), Fit::Exact),
        _ => (text, Fit::Unknown),
    };
    Ok((Name { kind, text, fit, span: first.start..last.end }, words > 1))
}

/// A dotted path into a record's JSON.
pub(crate) fn path(input: &mut Input<'_>) -> Parsed<String> {
    skip(input, &["the", "a", "an", "its", "their", "field", "column", "value", "same"]);
    let Some(token) = peek(input).copied() else { return expected(input, "a field") };
    let is_path = match token.kind {
        token::Kind::Quoted => !token.text.is_empty(),
        token::Kind::Word => {
            !token.is_one_of(RESERVED)
                && token.text.starts_with(|char: char| char.is_alphabetic() || matches!(char, '_' | '$' | '@'))
        }
        _ => false,
    };
    if !is_path {
        return expected(input, "a field");
    }
    input.next_token();
    let text = if token.kind == token::Kind::Word { own(token.text).to_owned() } else { token.meant().into_owned() };
    Ok(text)
}

const NUMBERS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

fn parse_number(text: &str) -> Option<u64> {
    if text.starts_with(|char: char| char.is_ascii_digit()) {
        let digits: String = text.chars().filter(|char| *char != ',').collect();
        return digits.parse().ok();
    }
    if text.eq_ignore_ascii_case("a") || text.eq_ignore_ascii_case("an") {
        return Some(1);
    }
    let dozens = [("dozen", 12), ("hundred", 100), ("thousand", 1000)];
    if let Some((_, number)) = dozens.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
        return Some(*number);
    }
    NUMBERS.iter().position(|word| text.eq_ignore_ascii_case(word)).map(|number| number as u64)
}

/// A number of things, in digits or as a word.
pub(crate) fn number(input: &mut Input<'_>) -> Parsed<u32> {
    let token = peek(input).filter(|token| token.kind == token::Kind::Word);
    let Some(number) = token.and_then(|token| parse_number(token.text)) else { return expected(input, "a number") };
    let Ok(number) = u32::try_from(number) else { return expected(input, "a smaller number") };
    input.next_token();
    Ok(number)
}

/// `3 partitions`, `3 more partitions`, `3-partition`: so many of them. `one` of them is said in the singular.
pub(crate) fn partitions(input: &mut Input<'_>) -> Parsed<u32> {
    if let Some(count) = maybe(input, hyphenated_partitions) {
        return Ok(count);
    }
    let count = number(input)?;
    skip(input, &["more", "additional", "extra", "new"]);
    if !has(input, &["partitions", "partition", "shards"]) {
        return expected(input, "partitions");
    }
    if count == 0 { expected(input, "a number of partitions from 1 on") } else { Ok(count) }
}

fn hyphenated_partitions(input: &mut Input<'_>) -> Parsed<u32> {
    let is_partitions = |noun: &str| noun.eq_ignore_ascii_case("partition") || noun.eq_ignore_ascii_case("partitions");
    let token = peek(input).filter(|token| token.kind == token::Kind::Word);
    let count = token.and_then(|token| token.text.split_once('-')).filter(|(_, noun)| is_partitions(noun));
    let count = count.and_then(|(count, _)| parse_number(count)).and_then(|count| u32::try_from(count).ok());
    match count.filter(|count| *count > 0) {
        Some(count) => {
            input.next_token();
            Ok(count)
        }
        None => no(input),
    }
}

/// Where a duration or a size is missing.
const BOUND: &str = "a duration or a size, such as 7 days or 10 GB";

pub(crate) fn duration(input: &mut Input<'_>) -> Parsed<u64> {
    skip(input, &["about"]);
    let ms = text(input, spoken_time::duration, BOUND)?;
    if ms == 0 { expected(input, "a duration over zero") } else { Ok(ms) }
}

const UNITS: [(&str, u64); 14] = [
    ("b", 1),
    ("byte", 1),
    ("bytes", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("megabytes", 1_000_000),
    ("gigabytes", 1_000_000_000),
    ("terabytes", 1_000_000_000_000),
];

/// `10 GB`, `512MiB`, `10-gb`.
pub(crate) fn size(input: &mut Input<'_>) -> Parsed<u64> {
    let missing = BOUND;
    let Some(first) = peek(input).copied().filter(|token| token.kind == token::Kind::Word) else {
        return expected(input, missing);
    };
    let digits = first.text.find(|char: char| !char.is_ascii_digit() && char != ',').unwrap_or(first.text.len());
    let (count, unit) = first.text.split_at(digits);
    let Some(count) = parse_number(count) else { return expected(input, missing) };
    let unit = unit.strip_prefix('-').unwrap_or(unit);
    let begun = input.checkpoint();
    input.next_token();
    let unit = if unit.is_empty() { next(input).map(|token| token.text) } else { Ok(unit) };
    let factor = unit.ok().and_then(|unit| UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)));
    let bytes = factor.and_then(|(_, factor)| count.checked_mul(*factor)).filter(|bytes| *bytes > 0);
    bytes.map_or_else(
        || {
            input.reset(&begun);
            expected(input, missing)
        },
        Ok,
    )
}

/// A size as [`size`] reads it: exact, in the largest unit.
pub(crate) fn size_text(bytes: u64) -> String {
    let written = [
        ("TiB", 1 << 40),
        ("TB", 1_000_000_000_000),
        ("GiB", 1 << 30),
        ("GB", 1_000_000_000),
        ("MiB", 1 << 20),
        ("MB", 1_000_000),
        ("KiB", 1 << 10),
        ("KB", 1_000),
    ];
    let fitting: Option<&(&str, u64)> = written.iter().find(|(_, factor)| bytes != 0 && bytes.is_multiple_of(*factor));
    fitting.map_or_else(|| format!("{bytes} bytes"), |(unit, factor)| format!("{} {unit}", bytes / factor))
}

pub(crate) const EARLIEST: &[&str] = &[
    "beginning",
    "the beginning",
    "the very beginning",
    "start",
    "the start",
    "earliest",
    "the earliest",
    "scratch",
    "zero",
    "the first record",
    "oldest",
    "the oldest",
    "the oldest record",
    "day one",
];
pub(crate) const LATEST: &[&str] = &[
    "latest",
    "the latest",
    "end",
    "the end",
    "now",
    "now on",
    "newest",
    "the newest",
    "tail",
    "the tail",
    "head",
    "the latest record",
];

/// Where reading begins: `the beginning`, `latest`, or a time.
pub(crate) fn start_point(input: &mut Input<'_>) -> Parsed<StartPoint> {
    if has(input, EARLIEST) {
        return Ok(StartPoint::Earliest);
    }
    if has(input, LATEST) {
        return Ok(StartPoint::Latest);
    }
    Ok(StartPoint::SinceMs(time(input)?.start_ms))
}

/// A time, or a period.
pub(crate) fn time(input: &mut Input<'_>) -> Parsed<spoken_time::Span> {
    let speaker = input.state.speaker;
    text(input, |text| spoken_time::time(text, &speaker), "a time, such as yesterday 9am")
}

/// Two times, behind `between` or `from`.
pub(crate) fn range(input: &mut Input<'_>) -> Parsed<spoken_time::Span> {
    let speaker = input.state.speaker;
    text(input, |text| spoken_time::range(text, &speaker), "two times, such as 9am and 10am yesterday")
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn names_of(input: &mut Input<'_>, kind: Kind) -> Parsed<Vec<Name>> {
    let mut all = vec![name(kind)(input)?];
    loop {
        let begun = input.checkpoint();
        let comma = mark(input, token::Kind::Comma);
        if !has(input, &["and", "plus"]) && !comma {
            return Ok(all);
        }
        match name(kind)(input) {
            Ok(name) if all.len() < NAMES_MAX => all.push(name),
            _ => {
                input.reset(&begun);
                return Ok(all);
            }
        }
    }
}

/// Inputs of one pipeline.
const NAMES_MAX: usize = 16;

/// The source text of tokens that were passed.
pub(crate) fn slice<'a>(input: &Input<'a>, from: usize, until: usize) -> &'a str {
    let tokens = &input.state.tokens[from..until];
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => input.state.sentence.get(first.start..last.end).unwrap_or_default(),
        _ => "",
    }
}
