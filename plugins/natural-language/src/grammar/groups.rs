//! Consumer groups: listed, and moved. They are described and deleted as other things are.

use kafka_do_sdk::parser::{Command, ResetGroupCommand};
use winnow::Parser;

use super::slots::{is_reserved, name, start_point};
use crate::names::Kind;
use crate::reading::Reading;
use crate::syntax::{Input, Parsed, end, expected, has, said};
use crate::token;

/// `list groups`, `consumer groups`.
pub(super) fn list(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    super::listing(input, &["groups", "consumer groups", "consumers"], Command::ListGroups)
}

const RESET: &[&str] = &[
    "reset",
    "rewind",
    "move",
    "seek",
    "reset the offsets of",
    "reset offsets of",
    "reset offsets for",
    "reset the offsets for",
    "set the offsets of",
    "set offsets of",
    "move offsets of",
    "reset the offset of",
    "reset offset of",
    "reposition",
    "skip",
    "fast forward",
    "fast-forward",
    "roll back",
    "reset the position of",
    "set",
];
const TO: &[&str] = &["to", "back to", "from", "at", "ahead to", "forward to", "to the time", "to time"];

/// A number with fewer digits is no time in milliseconds.
const MS_CHARS_MIN: usize = 13;

/// `reset group my-processor to yesterday 9am`, `rewind audit on orders to the beginning`.
pub(super) fn reset(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    said(RESET).parse_next(input)?;
    let group = name(Kind::Group)(input)?;
    has(input, &["offsets", "offset", "position"]);
    let topic = if has(input, &["on", "for", "in", "on topic", "in topic", "for topic"]) {
        Some(name(Kind::Topic)(input)?)
    } else {
        None
    };
    if !has(input, TO) {
        return expected(input, "to, and where the group goes on from");
    }
    let is_number = |token: &token::Token<'_>| token.text.bytes().all(|byte| byte.is_ascii_digit());
    if let [first, rest @ ..] = input.input
        && is_number(first)
        && first.text.len() < MS_CHARS_MIN
        && rest.first().is_none_or(is_reserved)
    {
        return expected(input, "a time, such as yesterday 9am: a number could be an offset, a year or an hour");
    }
    let to = start_point(input)?;
    let topic = match topic {
        None if has(input, &["on", "for", "in", "of"]) => Some(name(Kind::Topic)(input)?),
        topic => topic,
    };
    end(input)?;
    let command =
        ResetGroupCommand { group: group.text.clone(), topic: topic.as_ref().map(|topic| topic.text.clone()), to };
    let mut reading = Reading::new(Command::ResetGroup(command), 96).about(&group);
    if let Some(topic) = &topic {
        reading = reading.about(topic);
    }
    Ok(vec![reading])
}
