//! Records into a topic, and out of one.

use kafka_do_sdk::parser::{Command, Condition, ConsumeCommand, ProduceCommand, StartPoint};

use super::conditions::conditions;
use super::slots::{
    EARLIEST, LATEST, duration, is_reserved, known_name, name, new_name, number, range, slice, start_point, time,
};
use crate::json::{is_json, is_json_scalar, json_text};
use crate::names::{self, Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::{
    ARTICLES, Input, Parsed, aside, end, expected, has, is_at_end, mark, maybe, next, no, nothing, peek, position,
    said, skip,
};
use crate::token;
use crate::vocabulary;
use winnow::Parser;
use winnow::combinator::preceded;
use winnow::stream::Stream;

const PRODUCE: &[&str] = &["produce", "send", "publish", "emit", "push", "post", "enqueue", "dispatch"];
/// Said of producing too, and of much else.
const WRITE: &[&str] = &["write", "put", "append", "add", "log", "record", "store", "insert", "stream", "save"];
/// Words that a topic comes behind.
const INTO: &[&str] = &["to", "into", "onto"];
/// The same, where nothing else can be meant.
const IN: &[&str] = &["in", "on"];
/// How many of these words are tried, from the last one back.
const INTO_TRIED: usize = 4;
/// The confidence of a verb that says nothing but this.
const SURE: u8 = 90;
/// What `send` and `push` are said of that produces nothing.
const TO_WHOM: &[&str] = &["me", "us", "back"];
/// What may be done to a topic rather than stand in it.
const PROPERTIES: &[&str] = &[
    "compaction",
    "retention",
    "filter",
    "hold",
    "lag",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "hours",
    "month",
    "months",
    "key",
    "group",
    "pipeline",
    "limit",
    "records",
    "messages",
    "offset",
    "offsets",
    "consumer",
    "schema",
    "everything",
];

/// `send payment confirmed to transactions`, `produce to orders: {"id": 1}`, `produce 42 to numbers with key a`.
pub(super) fn produce(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    if peek(input).is_some_and(|token| token.is("add")) && input.input.iter().any(is_of_partitions) {
        return no(input);
    }
    let confidence = if has(input, PRODUCE) { SURE } else { said(WRITE).parse_next(input).map(|_| 60)? };
    if peek(input).is_some_and(|token| token.is_one_of(TO_WHOM)) {
        return no(input);
    }
    let begun = input.checkpoint();
    if (has(input, INTO) || has(input, IN))
        && let Some(reading) = maybe(input, |input| value_behind(input, confidence))
    {
        return Ok(vec![reading]);
    }
    input.reset(&begun);
    value_before(input, confidence).map(|reading| vec![reading])
}

/// The topic, and then the value, or none: whoever says it sends the value along.
fn value_behind(input: &mut Input<'_>, confidence: u8) -> Parsed<Reading> {
    let topic = name(Kind::Topic)(input)?;
    let key = maybe(input, key);
    let has_colon = mark(input, token::Kind::Colon);
    if end(&mut input.clone()).is_err() {
        let is_literal = input.input.first().is_some_and(is_literal);
        if !has_colon && (!is_literal || input.input.len() > 1) {
            return no(input);
        }
        let begun = position(input);
        let said = input.input;
        input.finish();
        let value = value(input, begun, position(input));
        return Ok(produced(&topic, key, Some(value), confidence).unsure(doubt(input, said, SURE, false)));
    }
    end(input)?;
    Ok(produced(&topic, key, None, confidence))
}

/// The value, up to the last `to` that a topic follows.
fn value_before(input: &mut Input<'_>, confidence: u8) -> Parsed<Reading> {
    let begun = position(input);
    if is_at_end(input) {
        return expected(input, "what to produce");
    }
    let places = |words: &[&str]| -> Vec<usize> {
        let is_into = |at: &usize| *at > 0 && input.input[*at].is_one_of(words);
        (0..input.input.len()).rev().filter(is_into).take(INTO_TRIED).collect()
    };
    let mut last = places(INTO);
    let is_in = last.is_empty();
    if is_in {
        last = places(IN);
    }
    let is_aimed = !last.is_empty();
    for at in last {
        let mut rest = *input;
        rest.next_slice(at + 1);
        let Ok((topic, behind)) = target(&mut rest) else { continue };
        let (length, before) = key_before(input, at);
        let said = &input.input[..length];
        // What stands in quotes is all of a value.
        if said.len() > 1 && is_literal(&said[0]) {
            rest = *input;
            rest.next_slice(1);
            return expected(&rest, "to, and the name of a topic: what stands in quotes is all of the value");
        }
        if behind.is_some() && before.is_some() {
            return expected(&rest, "one key only");
        }
        let value = value(input, begun, begun + length);
        let question = doubt(input, said, confidence, is_in);
        let mut reading = produced(&topic, before.or(behind), Some(value), confidence);
        if question.is_some() {
            reading = reading.unsure(question);
        }
        *input = rest;
        return Ok(reading);
    }
    if is_aimed || confidence < SURE {
        return no(input);
    }
    input.finish();
    expected(input, "to, and the name of a topic")
}

fn is_literal(token: &token::Token<'_>) -> bool {
    matches!(token.kind, token::Kind::Json | token::Kind::Quoted)
}

/// What is to be asked of words that may be no value.
fn doubt(input: &Input<'_>, said: &[token::Token<'_>], confidence: u8, is_in: bool) -> Option<String> {
    if said.first().is_some_and(|first| first.kind != token::Kind::Quoted && first.text.starts_with(['{', '['])) {
        let is_json = said.len() == 1 && is_json(said[0].text);
        return (!is_json).then(|| "This begins like JSON and is none. If it is a text, put it in quotes.".to_owned());
    }
    if said.iter().any(is_literal) {
        return None;
    }
    let words: Vec<&str> = said.iter().map(|token| token.text).collect();
    let topic = names::find(Kind::Topic, &words, input.state.catalog).filter(|(_, fit)| *fit <= Fit::Folded);
    if let Some((topic, _)) = topic.filter(|_| words.len() <= NAME_WORDS_MAX) {
        return Some(format!(
            "Is {topic} the topic, or a text to produce? A text stands in quotes; to copy the topic, say copy."
        ));
    }
    let is_weak = confidence < SURE && (said.iter().any(|token| token.is_one_of(PROPERTIES)));
    let means_little = said.iter().all(is_reserved);
    let is_doubtful = is_weak || means_little || is_in;
    is_doubtful.then(|| "Is this a text to produce? Then put it in quotes.".to_owned())
}

/// The words of a topic's name.
const NAME_WORDS_MAX: usize = 4;

/// Partitions are added to topics too, however they are written.
fn is_of_partitions(token: &token::Token<'_>) -> bool {
    token.text.get(..6).is_some_and(|begun| begun.eq_ignore_ascii_case("partit"))
}

fn target(input: &mut Input<'_>) -> Parsed<(Name, Option<String>)> {
    let topic = name(Kind::Topic)(input)?;
    let key = maybe(input, key);
    end(input)?;
    Ok((topic, key))
}

/// How much of what stands before the topic is the value, and the key that ends it: `hello with key 5`.
fn key_before(input: &Input<'_>, at: usize) -> (usize, Option<String>) {
    for length in (1..at).rev().take(KEY_WORDS_MAX) {
        let mut rest = Input { input: &input.input[length..at], state: input.state };
        let begins = rest.input[0].is_one_of(&["with", "keyed", "using"]);
        if begins
            && let Ok(key) = key(&mut rest)
            && is_at_end(&rest)
        {
            return (length, Some(key));
        }
    }
    (at, None)
}

/// `with the key K`.
const KEY_WORDS_MAX: usize = 4;

/// `with key 42`, `keyed by "a b"`.
fn key(input: &mut Input<'_>) -> Parsed<String> {
    if !has(
        input,
        &["with key", "with the key", "key", "keyed", "keyed by", "under key", "under", "and key", "using key"],
    ) {
        return nothing(input);
    }
    mark(input, token::Kind::Colon);
    match peek(input).copied() {
        Some(token) if matches!(token.kind, token::Kind::Word | token::Kind::Quoted) => {
            next(input)?;
            Ok(token.meant().into_owned())
        }
        _ => expected(input, "a key"),
    }
}

/// What stands in quotes is a text, whatever it looks like, but for an object or an array; words are taken as they were said.
fn value(input: &Input<'_>, from: usize, until: usize) -> String {
    match &input.state.tokens[from..until] {
        [only] if only.kind == token::Kind::Quoted => {
            let text = only.meant();
            if is_json_scalar(&text) { json_text(&text) } else { text.into_owned() }
        }
        [only] => only.text.to_owned(),
        _ => slice(input, from, until).to_owned(),
    }
}

fn produced(topic: &Name, key: Option<String>, value: Option<String>, confidence: u8) -> Reading {
    Reading::new(Command::Produce(ProduceCommand { topic: topic.text.clone(), key, value }), confidence).about(topic)
}

const CONSUME: &[&str] = &[
    "consume",
    "read",
    "follow",
    "tail",
    "watch",
    "stream",
    "fetch",
    "subscribe to",
    "subscribe",
    "listen to",
    "listen",
    "poll",
    "print",
    "pull",
];
/// Said of a topic's records, and of the topic itself.
const SHOW: &[&str] = &["show", "show me", "get", "see", "give me", "view", "display", "look at", "list"];
const REPLAY: &[&str] = &["replay", "reprocess", "re-read", "reread"];
const RECORDS: &[&str] =
    &["records", "messages", "events", "entries", "record", "message", "event", "rows", "data", "everything"];
const OUT_OF: &[&str] = &["from", "of", "in", "on", "out of", "for"];

/// What narrows a reading of a topic down, in any order.
#[derive(Default)]
struct Clauses {
    group: Option<Name>,
    start: Option<StartPoint>,
    until_ms: Option<i64>,
    conditions: Vec<Condition>,
    limit: Option<u32>,
}

/// `consume orders as order-processor`, `orders since yesterday`, `the last 10 from orders`, or the topic alone.
pub(super) fn consume(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let mut clauses = Clauses::default();
    let replays = has(input, REPLAY);
    let shows = !replays && has(input, SHOW);
    let has_verb = shows || replays || has(input, CONSUME);
    skip(input, ARTICLES);
    let mut of_records = false;
    let counted = maybe(input, |input| leading(input, &mut clauses)).is_some();
    if counted || has_verb {
        let begun = input.checkpoint();
        let has_noun = has(input, RECORDS);
        of_records = has(input, OUT_OF) && has_noun;
        if !of_records && has_noun && !counted {
            // It may be the topic's own name.
            input.reset(&begun);
        }
    }
    let bare = !has_verb && !counted;
    let is_unknown =
        |input: &Input<'_>| name(Kind::Topic)(&mut input.clone()).is_ok_and(|topic| topic.fit == Fit::Unknown);
    let (topic, clauses) = if bare && is_unknown(input) {
        aside(input, |input| narrowed(input, clauses))?
    } else {
        narrowed(input, clauses)?
    };
    if bare && topic.fit == Fit::Unknown && !topic.is_quoted() && vocabulary::is_like_a_word(&topic.text) {
        // Rather a word of the grammar, at the beginning of something else.
        return nothing(input);
    }
    let has_clauses =
        clauses.group.is_some() || clauses.start.is_some() || clauses.until_ms.is_some() || clauses.limit.is_some();
    let has_clauses = has_clauses || !clauses.conditions.is_empty();
    if shows && !has_clauses && !of_records {
        return no(input);
    }
    let is_alone = bare && !has_clauses;
    end(input)?;
    let Clauses { group, start, until_ms, conditions, limit } = clauses;
    // Conditions are about what is there.
    let start =
        start.unwrap_or(match (&group, replays || !conditions.is_empty() || until_ms.is_some() || limit.is_some()) {
            (Some(_), _) => StartPoint::Committed,
            (None, true) => StartPoint::Earliest,
            (None, false) => StartPoint::Latest,
        });
    let named = group.as_ref().map(|group| group.text.clone());
    let command = ConsumeCommand { topic: topic.text.clone(), group: named, start, until_ms, conditions, limit };
    let confidence = match (is_alone, topic.fit) {
        (true, Fit::Unknown) => 65,
        (true, _) => 90,
        (false, _) => 95,
    };
    let mut reading = Reading::new(Command::Consume(command), confidence).about(&topic);
    if let Some(group) = &group {
        reading = reading.naming(group);
    }
    Ok(vec![reading])
}

/// The topic, and what is said of its records.
fn narrowed(input: &mut Input<'_>, mut clauses: Clauses) -> Parsed<(Name, Clauses)> {
    let topic = name(Kind::Topic)(input)?;
    while end(&mut input.clone()).is_err() {
        clause(input, &mut clauses)?;
    }
    match (&clauses.start, clauses.until_ms) {
        (Some(StartPoint::SinceMs(start_ms)), Some(until_ms)) if until_ms <= *start_ms => {
            expected(input, "an end that is after the beginning")
        }
        (Some(StartPoint::Last(_)), Some(_)) => expected(input, "no end: the last records are the newest ones"),
        _ => Ok((topic, clauses)),
    }
}

/// `last 10`, `first 5`, `10`, `the last 2 hours`: what is said before the topic.
fn leading(input: &mut Input<'_>, clauses: &mut Clauses) -> Parsed<()> {
    if has(input, &["last", "latest", "newest", "most recent", "past"]) {
        if let Some(ms) = maybe(input, |input| aside(input, duration)) {
            let since = input.state.speaker.now_ms.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX));
            clauses.start = Some(StartPoint::SinceMs(since));
            return said(&["of", "from", "in"]).parse_next(input).map(drop);
        }
        let count = if is_numeral(input) { some(input)? } else { maybe(input, some).unwrap_or(1) };
        clauses.start = Some(StartPoint::Last(count));
    } else if has(input, &["first", "oldest", "earliest"]) {
        let count = if is_numeral(input) { some(input)? } else { maybe(input, some).unwrap_or(1) };
        clauses.start = Some(StartPoint::Earliest);
        clauses.limit = Some(count);
    } else {
        if !is_numeral(input) {
            return no(input);
        }
        clauses.limit = Some(some(input)?);
    }
    Ok(())
}

fn is_numeral(input: &Input<'_>) -> bool {
    peek(input).is_some_and(|token| token.text.starts_with(|char: char| char.is_ascii_digit()))
}

/// A number of records.
fn some(input: &mut Input<'_>) -> Parsed<u32> {
    let begun = input.checkpoint();
    match number(input)? {
        0 => {
            input.reset(&begun);
            expected(input, "a number from 1 on")
        }
        count => Ok(count),
    }
}

/// Reads what is said once at most.
fn once<'a, T>(
    input: &mut Input<'a>,
    slot: &mut Option<T>,
    only: &'static str,
    read: impl FnOnce(&mut Input<'a>) -> Parsed<T>,
) -> Parsed<()> {
    if slot.is_some() {
        return expected(input, only);
    }
    *slot = Some(read(input)?);
    Ok(())
}

const CLAUSE: &str = "a time, a group, conditions or a limit";
const ONE_GROUP: &str = "one group only";
const ONE_BEGINNING: &str = "one beginning only";
const ONE_END: &str = "one end only";
const ONE_LIMIT: &str = "one limit only";

const GROUP: &[&str] = &[
    "as",
    "as group",
    "as the",
    "as consumer group",
    "group",
    "in group",
    "with group",
    "by group",
    "using group",
    "for group",
    "as the group",
    "in the group",
    "with the group",
    "with consumer group",
    "consumer group",
    "using consumer group",
    "in consumer group",
    "on behalf of",
    "under group",
    "for consumer group",
];
/// Two times may follow.
const RANGE: &[&str] = &[
    "between",
    "in between",
    "from",
    "since",
    "starting at",
    "starting from",
    "starting",
    "beginning at",
    "beginning",
];
const FROM: &[&str] = &[
    "from",
    "starting from",
    "starting at",
    "starting",
    "beginning at",
    "beginning",
    "start at",
    "start from",
    "back to",
    "since",
    "as of",
];
/// The beginnings of periods: `in the last hour`, `during november`, `from last week`.
const WITHIN: &[&str] = &["in", "on", "during", "within", "over", "for", "at", "of"];

fn clause(input: &mut Input<'_>, clauses: &mut Clauses) -> Parsed<()> {
    mark(input, token::Kind::Comma);
    if clauses.conditions.is_empty()
        && let Some(conditions) = maybe(input, conditions)
    {
        clauses.conditions = conditions;
        return Ok(());
    }
    if has(input, GROUP) {
        return once(input, &mut clauses.group, ONE_GROUP, |input| {
            // What comes behind `as` is a name, whatever it looks like.
            skip(input, ARTICLES);
            has(input, &["group", "consumer group"]);
            let group = match maybe(input, |input| known_name(input, Kind::Group)) {
                Some(known) => known,
                None => new_name(input, Kind::Group, begins_clause)?.0,
            };
            has(input, &["group", "consumer group"]);
            Ok(group)
        });
    }
    let limited = maybe(input, |input| {
        said(&["limit", "limit to", "limited to", "at most", "up to", "max", "only", "just", "stop after", "first"])
            .parse_next(input)?;
        let limit = some(input)?;
        has(input, RECORDS);
        Ok(limit)
    });
    if let Some(limit) = limited {
        return once(input, &mut clauses.limit, ONE_LIMIT, |_| Ok(limit));
    }
    let last = maybe(input, |input| {
        said(&["last", "latest"]).parse_next(input)?;
        let count = some(input)?;
        has(input, RECORDS);
        if begins_clause(input) { Ok(count) } else { no(input) }
    });
    if let Some(count) = last {
        return once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::Last(count)));
    }
    when(input, clauses)
}

/// A clause about time.
fn when(input: &mut Input<'_>, clauses: &mut Clauses) -> Parsed<()> {
    let span = maybe(input, |input| aside(input, |input| preceded(said(RANGE), range).parse_next(input)));
    if let Some(span) = span {
        once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::SinceMs(span.start_ms)))?;
        return once(input, &mut clauses.until_ms, ONE_END, |_| Ok(span.end_ms));
    }
    if has(input, &["between"]) {
        return expected(input, "two times, such as 9am and 10am yesterday");
    }
    if has(input, FROM) {
        return once(input, &mut clauses.start, ONE_BEGINNING, start_point);
    }
    if has(input, &["after"]) {
        return once(input, &mut clauses.start, ONE_BEGINNING, |input| Ok(StartPoint::SinceMs(time(input)?.end_ms)));
    }
    if has(input, &["before"]) {
        return once(input, &mut clauses.until_ms, ONE_END, |input| Ok(time(input)?.start_ms));
    }
    if has(input, &["until", "till", "up to", "through", "to", "up until"]) {
        return once(input, &mut clauses.until_ms, ONE_END, |input| {
            if has(input, LATEST) { Ok(input.state.speaker.now_ms) } else { Ok(time(input)?.end_ms) }
        });
    }
    if has(input, &["live", "as they come", "in real time", "in realtime"]) {
        return once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::Latest));
    }
    let is_within = has(input, WITHIN);
    if has(input, EARLIEST) {
        return once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::Earliest));
    }
    let span = if is_within {
        time(input)?
    } else {
        maybe(input, |input| aside(input, time)).map_or_else(|| expected(input, CLAUSE), Ok)?
    };
    once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::SinceMs(span.start_ms)))?;
    // What ends with now goes on.
    if span.end_ms > span.start_ms && span.end_ms < input.state.speaker.now_ms {
        once(input, &mut clauses.until_ms, ONE_END, |_| Ok(span.end_ms))?;
    }
    Ok(())
}

/// Words that begin a clause, or the end of a sentence, and that no name of several words goes on with.
const BEGIN_CLAUSES: &[&str] = &[
    "starting",
    "beginning",
    "consumer",
    "under",
    "limited",
    "max",
    "only",
    "just",
    "live",
    "please",
    "thanks",
    "yesterday",
    "today",
    "through",
    "stop",
    "newest",
    "earliest",
    "latest",
    "now",
];

/// Whether a clause could begin here.
fn begins_clause(input: &mut Input<'_>) -> bool {
    peek(input)
        .is_none_or(|token| token.kind != token::Kind::Word || token.is_one_of(BEGIN_CLAUSES) || is_reserved(token))
}
