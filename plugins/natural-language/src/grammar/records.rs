//! Records into a topic, and out of one.

use kafka_do_sdk::parser::{Command, Condition, ConsumeCommand, ProduceCommand, StartPoint};

use super::conditions::conditions;
use super::slots::{
    EARLIEST, LATEST, duration, is_reserved, known_name, name, new_name, number, range, slice, start_point, time,
};
use crate::names::{Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::{
    ARTICLES, Input, Parsed, aside, end, expected, has, is_at_end, mark, maybe, next, no, peek, position, said, skip,
};
use crate::token;
use crate::vocabulary;
use winnow::Parser;
use winnow::combinator::preceded;
use winnow::stream::Stream;

const PRODUCE: &[&str] = &["produce", "send", "publish", "emit", "push", "post", "enqueue", "dispatch"];
/// Said of producing too, and of much else.
const WRITE: &[&str] = &["write", "put", "append", "add", "log", "record", "store", "insert", "stream", "save", "drop"];
const INTO: &[&str] = &["to", "into", "onto", "in", "on"];
/// How many of the words `to` are tried, from the last one back.
const INTO_TRIED: usize = 4;
/// The confidence of a verb that says nothing but this.
const SURE: u8 = 90;

/// `send payment confirmed to transactions`, `produce to orders: {"id": 1}`, `produce 42 to numbers with key a`.
pub(super) fn produce(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    if peek(input).is_some_and(|token| token.is("add")) && input.input.iter().any(is_of_partitions) {
        return no(input);
    }
    let confidence = if has(input, PRODUCE) { SURE } else { said(WRITE).parse_next(input).map(|_| 60)? };
    let begun = input.checkpoint();
    if has(input, INTO)
        && let Some(reading) = maybe(input, |input| value_behind(input, confidence))
    {
        return Ok(vec![reading]);
    }
    input.reset(&begun);
    value_before(input, confidence).map(|reading| vec![reading])
}

/// Partitions are added to topics too, however they are written.
fn is_of_partitions(token: &token::Token<'_>) -> bool {
    token.text.get(..6).is_some_and(|begun| begun.eq_ignore_ascii_case("partit"))
}

/// The topic, and then the value, or none: whoever says it sends the value along.
fn value_behind(input: &mut Input<'_>, confidence: u8) -> Parsed<Reading> {
    let topic = name(Kind::Topic)(input)?;
    let key = maybe(input, key);
    let has_colon = mark(input, token::Kind::Colon);
    let value = if end(&mut input.clone()).is_ok() {
        end(input)?;
        None
    } else {
        let begun = position(input);
        let is_literal = peek(input).is_some_and(|token| matches!(token.kind, token::Kind::Json | token::Kind::Quoted));
        if !has_colon && !is_literal {
            return no(input);
        }
        input.finish();
        Some(value(input, begun, position(input)))
    };
    Ok(produced(&topic, key, value, confidence))
}

/// The value, up to the last `to` that a topic follows.
fn value_before(input: &mut Input<'_>, confidence: u8) -> Parsed<Reading> {
    let begun = position(input);
    let is_into = |at: &usize| *at > 0 && input.input[*at].is_one_of(INTO);
    let last: Vec<usize> = (0..input.input.len()).rev().filter(is_into).take(INTO_TRIED).collect();
    for at in last {
        let mut rest = *input;
        let value = value(input, begun, begun + at);
        rest.next_slice(at + 1);
        if let Ok((topic, key)) = target(&mut rest) {
            *input = rest;
            return Ok(produced(&topic, key, Some(value), confidence));
        }
    }
    let (is_blank, is_aimed) = (is_at_end(input), input.input.iter().skip(1).any(|token| token.is_one_of(INTO)));
    if is_blank || is_aimed || confidence < SURE {
        return if is_blank { expected(input, "what to produce") } else { no(input) };
    }
    input.finish();
    expected(input, "to, and the name of a topic")
}

fn target(input: &mut Input<'_>) -> Parsed<(Name, Option<String>)> {
    let topic = name(Kind::Topic)(input)?;
    let key = maybe(input, key);
    end(input)?;
    Ok((topic, key))
}

/// `with key 42`, `keyed by "a b"`.
fn key(input: &mut Input<'_>) -> Parsed<String> {
    said(&["with key", "with the key", "key", "keyed", "keyed by", "under key", "under", "and key", "using key"])
        .parse_next(input)?;
    mark(input, token::Kind::Colon);
    match peek(input).copied() {
        Some(token) if matches!(token.kind, token::Kind::Word | token::Kind::Quoted) => {
            next(input)?;
            Ok(token.meant().into_owned())
        }
        _ => expected(input, "a key"),
    }
}

/// A literal stands for itself; words are taken as they were said.
fn value(input: &Input<'_>, from: usize, until: usize) -> String {
    match &input.state.tokens[from..until] {
        [only] => only.meant().into_owned(),
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
        return no(input);
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
    let start = start.unwrap_or(match (&group, replays || until_ms.is_some() || limit.is_some()) {
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
    Ok((topic, clauses))
}

/// `last 10`, `first 5`, `10`, `the last 2 hours`: what is said before the topic.
fn leading(input: &mut Input<'_>, clauses: &mut Clauses) -> Parsed<()> {
    if has(input, &["last", "latest", "newest", "most recent", "past"]) {
        if let Some(ms) = maybe(input, duration) {
            let since = input.state.speaker.now_ms.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX));
            clauses.start = Some(StartPoint::SinceMs(since));
            return said(&["of", "from", "in"]).parse_next(input).map(drop);
        }
        let count = maybe(input, number).unwrap_or(1);
        clauses.start = Some(StartPoint::Last(count.max(1)));
    } else if has(input, &["first", "oldest", "earliest"]) {
        let count = maybe(input, number).unwrap_or(1);
        clauses.start = Some(StartPoint::Earliest);
        clauses.limit = Some(count.max(1));
    } else {
        let digits = peek(input).is_some_and(|token| token.text.starts_with(|char: char| char.is_ascii_digit()));
        if !digits {
            return no(input);
        }
        clauses.limit = Some(number(input)?.max(1));
    }
    Ok(())
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
    "since the",
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
        let limit = number(input)?;
        has(input, RECORDS);
        Ok(limit.max(1))
    });
    if let Some(limit) = limited {
        return once(input, &mut clauses.limit, ONE_LIMIT, |_| Ok(limit));
    }
    let last = maybe(input, |input| {
        said(&["last", "latest"]).parse_next(input)?;
        let count = number(input)?;
        has(input, RECORDS);
        if begins_clause(input) { Ok(count.max(1)) } else { no(input) }
    });
    if let Some(count) = last {
        return once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::Last(count)));
    }
    when(input, clauses)
}

/// A clause about time.
fn when(input: &mut Input<'_>, clauses: &mut Clauses) -> Parsed<()> {
    let span = maybe(input, |input| preceded(said(&["between", "from", "in between"]), range).parse_next(input));
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
    has(input, WITHIN);
    if has(input, EARLIEST) {
        return once(input, &mut clauses.start, ONE_BEGINNING, |_| Ok(StartPoint::Earliest));
    }
    let span = time(input)?;
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
