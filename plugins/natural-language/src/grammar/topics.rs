//! Topics: made, changed, shown, deleted.

use kafka_do_sdk::parser::{AlterTopicCommand, Command, CreateTopicCommand};
use winnow::Parser;
use winnow::stream::Stream;

use super::slots::{duration, name, new_name, partitions, path, size};
use crate::names::{Kind, Name};
use crate::reading::Reading;
use crate::syntax::{ARTICLES, Input, Parsed, end, expected, has, mark, maybe, no, peek, said, skip};
use crate::token;

const CREATE: &[&str] =
    &["create", "make", "new", "set up", "setup", "add", "open", "start", "i need", "give me", "build"];

/// What is said of a topic, before its name or behind it.
#[derive(Default)]
struct Options {
    partitions: Option<u32>,
    retention_ms: Option<u64>,
    retention_bytes: Option<u64>,
    key_path: Option<String>,
    compacted: bool,
}

/// `create topic logs with 3 partitions and 7-day retention`.
pub(super) fn create(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    said(CREATE).parse_next(input)?;
    skip(input, &["the", "a", "an", "me", "new", "another"]);
    let mut options = Options::default();
    while maybe(input, |input| leading_option(input, &mut options)).is_some() {
        mark(input, token::Kind::Comma);
        has(input, &["and"]);
    }
    let marked = has(input, &["topic", "new topic"]);
    if marked {
        has(input, &["called", "named", "with name", "with the name", "by the name of"]);
        mark(input, token::Kind::Colon);
    }
    let ends = |input: &mut Input<'_>| {
        end(input).is_ok() || option(input, &mut Options::default()).is_ok() || has(input, &["topic"])
    };
    let (name, is_joined) = new_name(input, Kind::Topic, ends)?;
    if !marked && !has(input, &["topic"]) {
        return expected(input, "topic");
    }
    while end(&mut input.clone()).is_err() {
        option(input, &mut options)?;
    }
    end(input)?;
    let Options { partitions, retention_ms, retention_bytes, key_path, compacted } = options;
    let command =
        CreateTopicCommand { topic: name.text.clone(), partitions, retention_ms, retention_bytes, key_path, compacted };
    Ok(vec![Reading::new(Command::CreateTopic(command), if is_joined { 80 } else { 97 }).coining(&name, is_joined)])
}

/// `a 3-partition compacted topic`.
fn leading_option(input: &mut Input<'_>, options: &mut Options) -> Parsed<()> {
    if has(input, &["compacted", "log-compacted", "compact"]) {
        options.compacted = true;
        return Ok(());
    }
    once(input, |input| partitions(input), &mut options.partitions)
}

/// Reads a value for what has none yet.
fn once<'a, T>(
    input: &mut Input<'a>,
    read: impl FnOnce(&mut Input<'a>) -> Parsed<T>,
    slot: &mut Option<T>,
) -> Parsed<()> {
    let begun = input.checkpoint();
    match read(input) {
        Ok(value) if slot.is_none() => {
            *slot = Some(value);
            Ok(())
        }
        read => {
            input.reset(&begun);
            read.and_then(|_| no(input))
        }
    }
}

const WITH: &[&str] = &["with", "and", "having", "that has", "which has", "of", "that is", "using", "and with", "but"];
const RETAIN: &[&str] = &[
    "keep",
    "keeping",
    "retain",
    "retaining",
    "retained for",
    "kept for",
    "keep for",
    "retain for",
    "that keeps",
    "which keeps",
    "expire after",
    "expiring after",
    "expires after",
    "that expires after",
    "deleted after",
    "delete after",
    "kept",
    "retained",
    "keep records for",
    "keep messages for",
    "keep data for",
    "keeping records for",
    "keeping data for",
    "keeping messages for",
    "keep everything for",
    "keep it for",
    "with a retention of",
    "retention of",
    "retention",
    "retention is",
    "retention to",
    "retention time",
    "retention period of",
];
const FOREVER: &[&str] = &["forever", "for ever", "unlimited", "infinite", "indefinitely", "for good", "unbounded"];

fn option(input: &mut Input<'_>, options: &mut Options) -> Parsed<()> {
    mark(input, token::Kind::Comma);
    has(input, WITH);
    skip(input, &["a", "an", "the", "its"]);
    if has(input, &["compacted", "compaction", "log compaction", "compact", "log compacted", "cleanup policy compact"])
    {
        options.compacted = true;
        return Ok(());
    }
    if has(
        input,
        &[
            "partitioned by",
            "partitioning by",
            "keyed by",
            "key by",
            "key",
            "keyed on",
            "partition by",
            "partition key",
            "by key",
            "partitions by",
        ],
    ) {
        mark(input, token::Kind::Colon);
        return once(input, path, &mut options.key_path);
    }
    if maybe(input, |input| once(input, |input| partitions(input), &mut options.partitions)).is_some() {
        return Ok(());
    }
    if has(input, &["partitions", "partition count", "number of partitions"]) {
        separator(input);
        return once(input, super::slots::number, &mut options.partitions);
    }
    retention(input, options)
}

fn separator(input: &mut Input<'_>) {
    if !mark(input, token::Kind::Colon) && !mark(input, token::Kind::Compare(kafka_do_sdk::parser::Comparison::Equal)) {
        has(input, &["of", "to", "is", "set to"]);
    }
}

/// `7 days retention`, `retention of 7 days`, `keep 10 GB`, `retained forever`.
fn retention(input: &mut Input<'_>, options: &mut Options) -> Parsed<()> {
    let begun = input.checkpoint();
    if has(input, RETAIN) {
        separator(input);
        skip(input, &["for", "records", "data", "messages", "a", "up", "last", "the", "at", "most"]);
        return bound(input, options);
    }
    let read = maybe(input, |input| {
        bound(input, options)?;
        said(&["retention", "of retention", "retention time", "retention period", "of history", "of data"])
            .parse_next(input)
            .map(drop)
    });
    if read.is_some() {
        return Ok(());
    }
    input.reset(&begun);
    expected(input, "partitions, a retention, a key or compaction")
}

/// What a topic keeps: a time, a size, or all.
fn bound(input: &mut Input<'_>, options: &mut Options) -> Parsed<()> {
    if has(input, FOREVER) {
        return once(input, |_| Ok(u64::MAX), &mut options.retention_ms);
    }
    if maybe(input, |input| once(input, size, &mut options.retention_bytes)).is_some() {
        return Ok(());
    }
    once(input, duration, &mut options.retention_ms)
}

const SET: &[&str] = &[
    "set", "change", "update", "alter", "modify", "make", "increase", "reduce", "raise", "lower", "extend", "shorten",
    "adjust", "decrease", "bump",
];

/// What changes a retention from what it is.
const MORE_OR_LESS: &[&str] =
    &["increase", "reduce", "raise", "lower", "extend", "shorten", "decrease", "bump", "adjust"];

/// `add 3 partitions to orders`, `set orders retention to 30 days`, `keep orders for 2 weeks`, `grow orders to 12 partitions`.
pub(super) fn alter(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    use winnow::combinator::alt;
    let (name, command) = alt((add_partitions, set_partitions, grow, set_retention, keep)).parse_next(input)?;
    end(input)?;
    Ok(vec![Reading::new(Command::AlterTopic(command), 98).about(&name)])
}

fn altered(name: &Name) -> AlterTopicCommand {
    AlterTopicCommand {
        topic: name.text.clone(),
        add_partitions: None,
        partitions: None,
        retention_ms: None,
        retention_bytes: None,
    }
}

fn add_partitions(input: &mut Input<'_>) -> Parsed<(Name, AlterTopicCommand)> {
    if has(input, &["give"]) {
        let name = name(Kind::Topic)(input)?;
        let count = partitions(input)?;
        return Ok((name.clone(), AlterTopicCommand { add_partitions: Some(count), ..altered(&name) }));
    }
    said(&["add", "create", "append"]).parse_next(input)?;
    skip(input, &["another"]);
    let count =
        maybe(input, |input| partitions(input)).or_else(|| has(input, &["partition", "more partition"]).then_some(1));
    let Some(count) = count else { return expected(input, "partitions") };
    said(&["to", "on", "for", "in"]).parse_next(input)?;
    let name = name(Kind::Topic)(input)?;
    Ok((name.clone(), AlterTopicCommand { add_partitions: Some(count), ..altered(&name) }))
}

/// `set orders partitions to 12`, `set the number of partitions of orders to 12`.
fn set_partitions(input: &mut Input<'_>) -> Parsed<(Name, AlterTopicCommand)> {
    said(SET).parse_next(input)?;
    let name = property(input, &["partitions", "partition count", "number of partitions"])?;
    separator(input);
    let count = super::slots::number(input)?;
    has(input, &["partitions"]);
    Ok((name.clone(), AlterTopicCommand { partitions: Some(count), ..altered(&name) }))
}

/// `grow orders to 12 partitions`, `grow orders by 3 partitions`.
fn grow(input: &mut Input<'_>) -> Parsed<(Name, AlterTopicCommand)> {
    said(&[
        "grow",
        "scale",
        "expand",
        "increase",
        "set",
        "resize",
        "repartition",
        "extend",
        "change",
        "bring",
        "scale up",
    ])
    .parse_next(input)?;
    let name = name(Kind::Topic)(input)?;
    let adds = said(&["to", "by"]).parse_next(input)? == "by";
    let count = partitions(input)?;
    let (add_partitions, partitions) = if adds { (Some(count), None) } else { (None, Some(count)) };
    Ok((name.clone(), AlterTopicCommand { add_partitions, partitions, ..altered(&name) }))
}

/// A topic's property, said as `orders retention`, `the retention of orders` or `retention for topic orders`.
fn property(input: &mut Input<'_>, words: &'static [&'static str]) -> Parsed<Name> {
    skip(input, ARTICLES);
    if has(input, words) {
        said(&["of", "for", "on", "in"]).parse_next(input)?;
        return name(Kind::Topic)(input);
    }
    let name = name(Kind::Topic)(input)?;
    said(words).parse_next(input)?;
    Ok(name)
}

fn set_retention(input: &mut Input<'_>) -> Parsed<(Name, AlterTopicCommand)> {
    let verb = said(SET).parse_next(input)?;
    let name = property(input, &["retention", "retention time", "retention period", "retention size"])?;
    let is_told = matches!(peek(input), Some(token) if token.is("to"));
    if peek(input).is_none() || !is_told && MORE_OR_LESS.contains(&verb) {
        return expected(input, "to, and the whole duration or size that is to be");
    }
    separator(input);
    keeping(input, name)
}

/// `keep orders for 30 days`, `retain 10 GB of orders`.
fn keep(input: &mut Input<'_>) -> Parsed<(Name, AlterTopicCommand)> {
    said(&["keep", "retain", "expire", "store"]).parse_next(input)?;
    let mut options = Options::default();
    if maybe(input, |input| bound(input, &mut options)).is_some() {
        said(&["of", "in", "for"]).parse_next(input)?;
        skip(input, &["records", "data", "messages", "in", "of"]);
        let name = name(Kind::Topic)(input)?;
        let Options { retention_ms, retention_bytes, .. } = options;
        return Ok((name.clone(), AlterTopicCommand { retention_ms, retention_bytes, ..altered(&name) }));
    }
    has(input, &["records in", "data in", "messages in", "records of", "data of", "everything in", "the records of"]);
    let name = name(Kind::Topic)(input)?;
    if !peek(input).is_some_and(|token| token.is_one_of(FOREVER)) {
        said(&["for", "after", "up to", "at"]).parse_next(input)?;
    }
    keeping(input, name)
}

fn keeping(input: &mut Input<'_>, name: Name) -> Parsed<(Name, AlterTopicCommand)> {
    let mut options = Options::default();
    bound(input, &mut options)?;
    let Options { retention_ms, retention_bytes, .. } = options;
    Ok((name.clone(), AlterTopicCommand { retention_ms, retention_bytes, ..altered(&name) }))
}

/// `list topics`, `what topics are there`, `topics`.
pub(super) fn list(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    super::listing(input, &["topics", "topic names"], Command::ListTopics)
}

/// `how many partitions does orders have`.
pub(super) fn ask_partitions(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    said(&[
        "how many partitions does",
        "how many partitions has",
        "how many partitions are in",
        "how many records are in",
        "how big is",
        "how large is",
        "what is the retention of",
    ])
    .parse_next(input)?;
    let name = name(Kind::Topic)(input)?;
    has(input, &["have", "got"]);
    end(input)?;
    Ok(vec![Reading::new(Command::DescribeTopic(name.text.clone()), 92).about(&name)])
}
