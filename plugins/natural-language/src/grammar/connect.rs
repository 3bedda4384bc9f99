//! What lies outside: change capture and webhooks into topics, topics into sinks.

use kafka_do_sdk::parser::{Command, ConnectCommand};
use winnow::Parser;
use winnow::stream::Stream;

use super::pipelines::target;
use super::slots::{is_reserved, known_name, name};
use crate::json::json_text;
use crate::names::{self, Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::{ARTICLES, Input, Parsed, end, expected, has, maybe, no, peek, said, skip};
use crate::token;

const CHANGES: &[&str] = &["changes", "change events", "cdc", "change stream", "change data", "updates"];
const VERBS: &[&str] = &[
    "stream",
    "capture",
    "sync",
    "ingest",
    "replicate",
    "follow",
    "pull",
    "watch",
    "receive",
    "take",
    "accept",
    "collect",
];
const INTO: &[&str] = &["to", "into", "onto", "in"];

/// A system outside, and what of it: `mongodb.users`.
struct Outside {
    name: Name,
    part: Option<String>,
}

/// `stream mongodb changes to cdc.users`, `create cdc pipeline from mongodb.users`, `connect stripe to payments`.
pub(super) fn connect(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    if let Some(reading) = maybe(input, cdc_pipeline) {
        return Ok(vec![reading]);
    }
    if has(input, &["connect", "attach", "hook up", "plug in", "link"]) {
        return plugged(input).map(|reading| vec![reading]);
    }
    said(VERBS).parse_next(input)?;
    skip(input, ARTICLES);
    let outside = if has(input, CHANGES) {
        said(&["from", "in", "of"]).parse_next(input)?;
        outside(input)?
    } else {
        let mut outside = outside(input)?;
        if has(input, &["webhooks", "webhook", "webhook events", "hooks"]) {
            outside.name = webhook(input, &outside.name);
        } else {
            said(CHANGES).parse_next(input)?;
            if outside.part.is_none() && has(input, &["of", "in", "for", "from"]) {
                outside.part = Some(part(input)?);
            }
        }
        outside
    };
    said(INTO).parse_next(input)?;
    let topic = target(input)?;
    end(input)?;
    Ok(vec![connected(&outside, Some(&topic))])
}

/// `create a cdc pipeline from mongodb.users to people`: unless it is said, the topic is named after what is captured.
fn cdc_pipeline(input: &mut Input<'_>) -> Parsed<Reading> {
    said(&["create", "make", "set up", "start", "add", "new", "build", "open"]).parse_next(input)?;
    skip(input, ARTICLES);
    skip(input, &["new"]);
    said(&["cdc", "change data capture", "change capture", "change-data-capture"]).parse_next(input)?;
    has(input, &["pipeline", "stream", "connector", "source", "connection", "feed"]);
    said(&["from", "for", "on", "of"]).parse_next(input)?;
    let outside = outside(input)?;
    let topic = if has(input, INTO) { Some(target(input)?) } else { None };
    end(input)?;
    let named = || {
        let part = outside.part.as_ref().unwrap_or(&outside.name.text);
        let text = format!("cdc.{part}");
        let fit =
            if Kind::Topic.names(input.state.catalog).any(|name| name == text) { Fit::Exact } else { Fit::Unknown };
        (Name { kind: Kind::Topic, text, fit, span: outside.name.span.clone() }, false)
    };
    let topic = topic.unwrap_or_else(named);
    Ok(connected(&outside, Some(&topic)))
}

/// `connect webhook-github to github-events`, `connect orders to http-sink`.
fn plugged(input: &mut Input<'_>) -> Parsed<Reading> {
    skip(input, ARTICLES);
    has(input, &["plugin"]);
    let begun = input.checkpoint();
    let from_topic = maybe(input, |input| {
        let topic = name(Kind::Topic)(input)?;
        if topic.fit == Fit::Unknown {
            return no(input);
        }
        said(&["to", "with", "into"]).parse_next(input)?;
        let outside = outside(input)?;
        end(input)?;
        if outside.name.fit == Fit::Unknown { no(input) } else { Ok(connected(&outside, Some(&(topic, false)))) }
    });
    if let Some(reading) = from_topic {
        return Ok(reading);
    }
    input.reset(&begun);
    let mut outside = outside(input)?;
    if has(input, &["webhooks", "webhook"]) {
        outside.name = webhook(input, &outside.name);
    }
    let topic = if has(input, &["to", "into", "with", "onto"]) { Some(target(input)?) } else { None };
    end(input)?;
    Ok(connected(&outside, topic.as_ref()))
}

/// What plugin brings it: one of its name, or one that has its name in it.
fn outside(input: &mut Input<'_>) -> Parsed<Outside> {
    skip(input, ARTICLES);
    if let Some(name) = maybe(input, |input| known_name(input, Kind::Plugin)) {
        return Ok(Outside { name, part: None });
    }
    let Some(token) =
        peek(input).copied().filter(|token| matches!(token.kind, token::Kind::Word | token::Kind::Quoted))
    else {
        return expected(input, "what to connect");
    };
    let catalog = input.state.catalog;
    let text = token.meant();
    if !names::is_valid(&text) || is_reserved(&token) {
        return expected(input, "the name of a plugin");
    }
    input.next_token();
    let name = |text: &str, fit| Name { kind: Kind::Plugin, text: text.to_owned(), fit, span: token.span() };
    let (system, part) = match text.split_once('.') {
        Some((system, part)) if !part.is_empty() && token.kind == token::Kind::Word => (system, Some(part.to_owned())),
        _ => (text.as_ref(), None),
    };
    let has_part = |plugin: &&str| plugin.split('-').any(|word| word.eq_ignore_ascii_case(system));
    let found = names::find(Kind::Plugin, &[system], catalog)
        .map(|(found, _)| found)
        .or_else(|| Kind::Plugin.names(catalog).find(has_part));
    let name = match found {
        Some(found) => name(found, Fit::Folded),
        None => name(system, Fit::Unknown),
    };
    Ok(Outside { name, part })
}

/// A collection, or a table.
fn part(input: &mut Input<'_>) -> Parsed<String> {
    skip(input, ARTICLES);
    has(input, &["collection", "table"]);
    let Some(token) =
        peek(input).copied().filter(|token| matches!(token.kind, token::Kind::Word | token::Kind::Quoted))
    else {
        return expected(input, "a table or a collection");
    };
    input.next_token();
    has(input, &["collection", "table"]);
    Ok(token.meant().into_owned())
}

/// The plugin that takes the webhooks of a sender.
fn webhook(input: &Input<'_>, sender: &Name) -> Name {
    if sender.fit != Fit::Unknown {
        return sender.clone();
    }
    let text = format!("webhook-{}", sender.text.to_ascii_lowercase());
    let is_known = Kind::Plugin.names(input.state.catalog).any(|name| name == text);
    Name { fit: if is_known { Fit::Exact } else { Fit::Unknown }, text, ..sender.clone() }
}

fn connected(outside: &Outside, topic: Option<&(Name, bool)>) -> Reading {
    let settings = outside.part.as_ref().map_or_else(
        || "{}".to_owned(),
        |part| {
            // What documents stand in, and what rows do.
            let field = if outside.name.text.to_ascii_lowercase().contains("mongo") { "collection" } else { "table" };
            format!("{{\"{field}\":{}}}", json_text(part))
        },
    );
    let command = ConnectCommand {
        plugin: outside.name.text.clone(),
        settings,
        topic: topic.map(|(topic, _)| topic.text.clone()),
    };
    let mut reading = Reading::new(Command::Connect(command), 92).about(&outside.name);
    if let Some((topic, is_joined)) = topic {
        reading = reading.coining(topic, *is_joined);
    }
    reading
}
