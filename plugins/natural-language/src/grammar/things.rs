//! What is said of topics, groups and deployments alike: described and deleted, by their kind's word or by what there is.

use kafka_do_sdk::parser::Command;
use winnow::Parser;
use winnow::stream::Stream;

use super::slots::{bare_name, marked_name, name};
use crate::names::{Fit, Kind, Name};
use crate::reading::Reading;
use crate::syntax::{ARTICLES, Input, Parsed, aside, end, has, maybe, no, said, skip};

const DESCRIBE: &[&str] = &[
    "describe",
    "show",
    "show me",
    "inspect",
    "info",
    "info about",
    "info on",
    "information about",
    "details",
    "details of",
    "details about",
    "tell me about",
    "explain",
    "status",
    "status of",
    "the status of",
    "what is",
    "what's",
    "how is",
    "look at",
    "get",
    "check",
    "check on",
    "display",
    "show me the status of",
    "show the status of",
    "describe the status of",
    "what is the status of",
    "what about",
    "view",
];
const DELETE: &[&str] =
    &["delete", "drop", "remove", "destroy", "get rid of", "erase", "undeploy", "tear down", "kill", "uninstall"];

/// The kinds that can be described, the likeliest first.
const KINDS: [Kind; 3] = [Kind::Topic, Kind::Deployment, Kind::Group];

fn describing(name: &Name) -> Command {
    let text = name.text.clone();
    match name.kind {
        Kind::Group => Command::DescribeGroup(text),
        Kind::Deployment => Command::DescribeDeployment(text),
        Kind::Topic | Kind::Plugin => Command::DescribeTopic(text),
    }
}

fn deleting(name: &Name) -> Command {
    let text = name.text.clone();
    match name.kind {
        Kind::Group => Command::DeleteGroup(text),
        Kind::Deployment => Command::Remove(text),
        Kind::Topic | Kind::Plugin => Command::DeleteTopic(text),
    }
}

/// `describe orders`, `status of group audit`, `lag of audit`.
pub(super) fn describe(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    if let Some(name) = maybe(input, lag) {
        return Ok(vec![Reading::new(Command::DescribeGroup(name.text.clone()), 93).about(&name)]);
    }
    said(DESCRIBE).parse_next(input)?;
    let found = named(input)?;
    Ok(found
        .iter()
        .map(|(name, is_marked)| Reading::new(describing(name), sure(*is_marked, name, 92)).about(name))
        .collect())
}

/// `how far behind is audit`, `audit's lag`, `lag of group audit`.
fn lag(input: &mut Input<'_>) -> Parsed<Name> {
    has(input, &["show", "show me", "what is", "what's", "get", "describe"]);
    skip(input, ARTICLES);
    if has(
        input,
        &[
            "lag of",
            "lag for",
            "lag",
            "how far behind is",
            "members of",
            "offsets of",
            "progress of",
            "who is in",
            "consumer lag of",
            "consumer lag for",
        ],
    ) {
        let name = name(Kind::Group)(input)?;
        has(input, &["members", "lag"]);
        end(input)?;
        return Ok(name);
    }
    aside(input, |input| {
        let name = name(Kind::Group)(input)?;
        said(&["lag", "lagging", "members", "progress"]).parse_next(input)?;
        end(input)?;
        Ok(name)
    })
}

/// `delete topic old-events`, `remove group audit`, `drop the pipeline big-orders`.
pub(super) fn delete(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let verb = said(DELETE).parse_next(input)?;
    let found = named(input)?;
    let is_deployments = matches!(verb, "remove" | "undeploy" | "tear down" | "kill" | "uninstall");
    let unsure = |name: &Name| match name.kind {
        // What nobody knows is what the verb is mostly said of.
        Kind::Topic if name.fit == Fit::Unknown && is_deployments => 50,
        Kind::Deployment if name.fit == Fit::Unknown && !is_deployments => 50,
        _ => 90,
    };
    let reading = |(name, is_marked): &(Name, bool)| {
        // Removing is said of what runs; the records of a topic go with it.
        let is_rash = is_deployments && !is_marked && name.kind == Kind::Topic && name.fit != Fit::Unknown;
        let question = is_rash.then(|| format!("Is topic {} to be deleted, with all its records?", name.text));
        Reading::new(deleting(name), sure(*is_marked, name, unsure(name))).about(name).unsure(question)
    };
    Ok(found.iter().map(reading).collect())
}

fn sure(is_marked: bool, name: &Name, unsure: u8) -> u8 {
    match (is_marked, name.fit, name.kind) {
        (true, ..) => 98,
        (false, Fit::Unknown, Kind::Group) => unsure.saturating_sub(45),
        (false, Fit::Unknown, Kind::Deployment) => unsure.saturating_sub(20),
        (false, ..) => unsure,
    }
}

/// What the rest of the sentence names: by its kind's word, or else as each kind that it could be of, with whether the word was
/// there.
fn named(input: &mut Input<'_>) -> Parsed<Vec<(Name, bool)>> {
    let begun = input.checkpoint();
    for kind in KINDS {
        if let Some(name) = maybe(input, |input| finished(input, marked_name(kind))) {
            return Ok(vec![(name, true)]);
        }
        input.reset(&begun);
    }
    let mut found = Vec::new();
    for kind in KINDS {
        if let Some(name) = maybe(input, |input| {
            skip(input, ARTICLES);
            finished(input, |input| bare_name(input, kind))
        }) {
            found.push((name, false));
        }
        input.reset(&begun);
    }
    if found.iter().any(|(name, _)| name.fit != Fit::Unknown) {
        found.retain(|(name, _)| name.fit != Fit::Unknown);
    }
    if found.is_empty() {
        return no(input);
    }
    input.finish();
    Ok(found)
}

fn finished<'a>(input: &mut Input<'a>, mut name: impl FnMut(&mut Input<'a>) -> Parsed<Name>) -> Parsed<Name> {
    let name = name(input)?;
    end(input)?;
    Ok(name)
}

const PAUSE: &[&str] = &["pause", "stop", "halt", "suspend", "hold", "freeze", "disable"];
const RESUME: &[&str] = &["resume", "start", "continue", "unpause", "restart", "enable", "unfreeze", "run", "wake up"];

/// `pause orders-to-big`, `resume the pipeline big`.
pub(super) fn pause_or_resume(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let pauses = has(input, PAUSE);
    if !pauses {
        said(RESUME).parse_next(input)?;
    }
    let name = name(Kind::Deployment)(input)?;
    end(input)?;
    let command = if pauses { Command::Pause(name.text.clone()) } else { Command::Resume(name.text.clone()) };
    Ok(vec![Reading::new(command, 95).about(&name)])
}

/// `list deployments`, `pipelines`.
pub(super) fn list_deployments(input: &mut Input<'_>) -> Parsed<Vec<Reading>> {
    let words = &[
        "deployments",
        "pipelines",
        "processors",
        "connectors",
        "running pipelines",
        "running deployments",
        "stream processors",
    ];
    super::listing(input, words, Command::ListDeployments)
}
