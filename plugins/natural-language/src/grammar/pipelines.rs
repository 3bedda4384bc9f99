//! Standing pipelines: topics to a topic, as they are, those records that meet conditions, or counted and summed up.

use kafka_do_sdk::parser::{Aggregate, Command, Condition, StreamCommand};
use winnow::Parser;

use super::conditions::conditions;
use super::slots::{duration, is_reserved, known_name, names_of, new_name, noun, path};
use crate::names::{self, Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::{ARTICLES, Input, Parsed, aside, end, expected, has, mark, maybe, no, nothing, peek, said, skip};
use crate::token;

/// Said of topics, and of records too: only where there is such a topic is it a pipeline.
const STREAM: &[&str] = &["stream", "send", "push", "publish", "put", "write"];
const COPY: &[&str] =
    &["copy", "pipe", "forward", "route", "mirror", "filter", "replicate", "duplicate", "keep copying", "tee", "sync"];
const RECORDS: &[&str] = &["records", "messages", "events", "everything", "data", "all records", "all messages"];
const INTO: &[&str] = &[
    "to",
    "into",
    "onto",
    "and send them to",
    "and write them to",
    "and put them into",
    "and send to",
    "and write to",
];
/// Said of people and places rather than of topics: a topic that they would make anew is asked about.
const SEND: &[&str] = &["send", "push", "publish", "put", "write"];

/// `stream orders to audit`, `orders where amount > 100 to high-value-orders`.
pub(super) fn stream(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let copies = has(input, COPY);
    let sends = peek(input).is_some_and(|token| token.is_one_of(SEND));
    let streams = !copies && has(input, STREAM);
    if copies || streams {
        let begun = *input;
        skip(input, ARTICLES);
        if !(has(input, RECORDS) && has(input, &["from", "of", "in"])) {
            *input = begun;
        }
    }
    if copies || streams {
        let (reading, to) = piped(input, copies, streams)?;
        let question = || format!("There is no topic {}. Is a new one to be filled from now on?", to.text);
        return Ok(vec![reading.unsure((sends && to.fit == Fit::Unknown).then(question))]);
    }
    let known =
        names_of(&mut input.clone(), Kind::Topic).is_ok_and(|from| from.iter().all(|name| name.fit != Fit::Unknown));
    let piped = if known { piped(input, false, false) } else { aside(input, |input| piped(input, false, false)) };
    piped.map(|(reading, _)| vec![reading])
}

/// What is piped where, behind the verb, where there is one.
fn piped(input: &mut Input<'_>, copies: bool, streams: bool) -> Parsed<(Reading, Name)> {
    let from = names_of(input, Kind::Topic)?;
    let mut found = maybe(input, conditions).unwrap_or_default();
    let is_known = from.iter().all(|name| name.fit != Fit::Unknown);
    let mistyped = |name: &Name| {
        name.fit == Fit::Unknown && !names::near(&name.text, Kind::Topic.names(input.state.catalog)).is_empty()
    };
    let is_mistyped = streams && from.iter().any(mistyped);
    mark(input, token::Kind::Comma);
    if !has(input, INTO) {
        return if copies { expected(input, "to, and the name of a topic") } else { no(input) };
    }
    let to = target(input)?;
    if found.is_empty() {
        found = maybe(input, conditions).unwrap_or_default();
    }
    end(input)?;
    if !copies && !is_known && !is_mistyped && found.is_empty() {
        // Words that are no topic are text to produce.
        return nothing(input);
    }
    let says_so = copies || streams || !found.is_empty();
    if !says_so && to.0.fit == Fit::Unknown {
        // `orders to go` makes nothing.
        return nothing(input);
    }
    let reading = pipeline(&from, &to, found, None, Window::default(), if says_so { 96 } else { 80 });
    Ok((reading, to.0))
}

/// The topic that a pipeline fills, which may be new.
pub(super) fn target(input: &mut Input<'_>) -> Parsed<(Name, bool)> {
    skip(input, &["the", "a", "an", "my", "our"]);
    if noun(input, Kind::Topic) {
        has(input, &["called", "named"]);
    }
    // What has a topic's name in it and more is another topic's name.
    let known = maybe(input, |input| {
        let name = known_name(input, Kind::Topic)?;
        let goes_on = peek(input).is_some_and(|token| token.kind == token::Kind::Word && !is_reserved(token));
        if goes_on && end(&mut input.clone()).is_err() { nothing(input) } else { Ok(name) }
    });
    let target = if let Some(known) = known { (known, false) } else { new_target(input)? };
    noun(input, Kind::Topic);
    Ok(target)
}

/// A number, or somebody, is none.
fn new_target(input: &mut Input<'_>) -> Parsed<(Name, bool)> {
    let is_name = peek(input).is_some_and(|token| {
        token.kind == token::Kind::Quoted || token.text.starts_with(|char: char| char.is_ascii_alphabetic())
    });
    if !is_name {
        return expected(input, "the name of a topic");
    }
    new_name(input, Kind::Topic, |input| end(input).is_ok() || has(input, &["topic"]))
}

/// How records are brought together.
#[derive(Default)]
struct Window {
    ms: Option<u64>,
    group_by: Option<String>,
}

fn pipeline(
    from: &[Name],
    (to, is_joined): &(Name, bool),
    conditions: Vec<Condition>,
    aggregate: Option<Aggregate>,
    window: Window,
    confidence: u8,
) -> Reading {
    let command = StreamCommand {
        from: from.iter().map(|name| name.text.clone()).collect(),
        to: to.text.clone(),
        conditions,
        window_ms: window.ms,
        group_by: window.group_by,
        aggregate,
    };
    let mut reading = Reading::new(Command::Stream(command), confidence);
    for name in from {
        reading = reading.about(name);
    }
    reading.coining(to, *is_joined)
}

const SUM: &[&str] = &["sum", "total", "add up", "sum up"];
const AVERAGE: &[&str] = &["average", "avg", "mean"];
const MIN: &[&str] = &["min", "minimum", "smallest", "lowest", "least"];
const MAX: &[&str] = &["max", "maximum", "largest", "highest", "greatest", "biggest"];

/// `count page-views per page every minute into page-view-counts`, `sum amount of orders by customer into totals`.
pub(super) fn aggregate(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    has(input, &["compute", "calculate", "keep", "track", "emit"]);
    skip(input, ARTICLES);
    let aggregate = what(input)?;
    let begun = *input;
    skip(input, ARTICLES);
    if !(has(input, RECORDS) && has(input, &["from", "of", "in"])) {
        *input = begun;
    }
    let from = names_of(input, Kind::Topic)?;
    let (mut window, mut found, mut to) = (Window::default(), Vec::new(), None);
    while end(&mut input.clone()).is_err() {
        mark(input, token::Kind::Comma);
        if to.is_none()
            && has(input, &["into", "to", "onto", "as", "in topic", "and write them to", "and send them to"])
        {
            to = Some(target(input)?);
        } else if found.is_empty()
            && let Some(conditions) =
                maybe(input, |input| if has(&mut input.clone(), &["by"]) { no(input) } else { conditions(input) })
        {
            found = conditions;
        } else {
            grouping(input, &mut window)?;
        }
    }
    end(input)?;
    let Some(to) = to else { return expected(input, "into, and the name of a topic") };
    Ok(vec![pipeline(&from, &to, found, Some(aggregate), window, 96)])
}

/// Of what an aggregate is.
fn what(input: &mut Input<'_>) -> Parsed<Aggregate> {
    if has(input, &["count", "count the", "count up", "number of", "count of", "counts of"]) {
        return Ok(Aggregate::Count);
    }
    let aggregate: fn(String) -> Aggregate = if has(input, SUM) {
        Aggregate::Sum
    } else if has(input, AVERAGE) {
        Aggregate::Average
    } else if has(input, MIN) {
        Aggregate::Min
    } else {
        said(MAX).parse_next(input)?;
        Aggregate::Max
    };
    has(input, &["of", "of the"]);
    let path = path(input)?;
    said(&["of", "in", "from", "over", "across", "for"]).parse_next(input)?;
    Ok(aggregate(path))
}

const UNITS: [(&[&str], u64); 7] = [
    (&["second", "secondly"], 1_000),
    (&["minute"], 60_000),
    (&["quarter hour", "quarter of an hour"], 900_000),
    (&["half hour", "half an hour"], 1_800_000),
    (&["hour", "hourly"], 3_600_000),
    (&["day", "daily"], 86_400_000),
    (&["week", "weekly"], 604_800_000),
];

fn grouping(input: &mut Input<'_>, window: &mut Window) -> Parsed<()> {
    let begun = *input;
    if window.ms.is_none() {
        let begins = has(
            input,
            &[
                "every",
                "each",
                "over",
                "over each",
                "in windows of",
                "in",
                "per",
                "in tumbling windows of",
                "with windows of",
                "in a window of",
                "with a window of",
                "for every",
                "for each",
                "by",
                "windowed by",
            ],
        );
        if let Some(ms) = maybe(input, length).filter(|_| begins || input.input.len() < begun.input.len()) {
            has(input, &["windows", "window", "tumbling windows", "intervals", "buckets"]);
            window.ms = Some(ms);
            return Ok(());
        }
        *input = begun;
    }
    if window.group_by.is_none()
        && has(
            input,
            &[
                "per",
                "by",
                "for each",
                "for every",
                "grouped by",
                "group by",
                "each",
                "keyed by",
                "for",
                "and group by",
                "split by",
            ],
        )
    {
        window.group_by = Some(path(input)?);
        return Ok(());
    }
    expected(input, "per and a field, every and a time, or into and a topic")
}

/// A window's: `5 minutes`, or a unit that is meant once.
fn length(input: &mut Input<'_>) -> Parsed<u64> {
    if let Some((_, ms)) = UNITS.iter().find(|(words, _)| has(input, words)) {
        return Ok(*ms);
    }
    duration(input)
}
