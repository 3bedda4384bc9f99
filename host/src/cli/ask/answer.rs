//! What a command came to, for people: in the tables and sentences of the equal subcommands.

use std::fmt::Write;

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::consume::escaped;
use super::super::deployment::{Deployment, Deployments};
use super::super::group::{Group, Groups, Moved};
use super::super::topic::{Topic, Topics};
use super::super::{connect, plugin};

/// A command of the API, as far as it matters how its result is shown.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(super) enum Command {
    Produce,
    Consume,
    CreateTopic,
    AlterTopic,
    DescribeTopic,
    DeleteTopic { topic: String },
    ListTopics,
    DescribeGroup,
    ListGroups,
    ResetGroup,
    DeleteGroup { group: String },
    Stream,
    Connect,
    ListDeployments,
    DescribeDeployment,
    Pause,
    Resume,
    Remove { deployment: String },
    Help,
}

#[derive(Deserialize)]
struct Produced {
    records: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    partition: u32,
    offset: u64,
}

#[derive(Deserialize)]
struct Help {
    phrases: Vec<Phrases>,
}

#[derive(Deserialize)]
struct Phrases {
    about: String,
    sentences: Vec<String>,
}

impl Command {
    /// Whether it is answered with records as they come.
    pub(super) fn reads(&self) -> bool {
        matches!(self, Self::Consume)
    }

    /// What is shown of its result, from the host at `place`.
    pub(super) fn text(&self, result: Option<&RawValue>, place: &str) -> anyhow::Result<String> {
        let result = result.map_or("null", RawValue::get);
        match self {
            Self::Produce => shown(result, |produced: Produced| produced.text()),
            Self::Consume => Ok(escaped(result)),
            Self::CreateTopic => shown(result, |topic: Topic| topic.sentence("is there")),
            Self::AlterTopic => shown(result, |topic: Topic| topic.altered()),
            Self::DescribeTopic => shown(result, |topic: Topic| topic.text()),
            Self::ListTopics => shown(result, |topics: Topics| topics.text()),
            Self::DescribeGroup => shown(result, |group: Group| group.text()),
            Self::ListGroups => shown(result, |groups: Groups| groups.text()),
            Self::ResetGroup => shown(result, |moved: Moved| moved.text()),
            Self::DeleteTopic { topic: name }
            | Self::DeleteGroup { group: name }
            | Self::Remove { deployment: name } => Ok(format!("{} is deleted", escaped(name))),
            Self::Stream => {
                shown(result, |deployment: Deployment| plugin::deployed(&deployment, deployment.generation == 1))
            }
            Self::Connect => shown(result, |deployment: Deployment| {
                connect::connected(&deployment, deployment.generation == 1, place)
            }),
            Self::ListDeployments => shown(result, |deployments: Deployments| deployments.text()),
            Self::DescribeDeployment => shown(result, |deployment: Deployment| deployment.text()),
            Self::Pause | Self::Resume => shown(result, |deployment: Deployment| deployment.steered()),
            Self::Help => shown(result, |help: Help| help.text()),
        }
    }
}

fn shown<T: DeserializeOwned>(result: &str, text: impl FnOnce(T) -> String) -> anyhow::Result<String> {
    let result = serde_json::from_str(result).context("the host's answer cannot be read; is it of this version?")?;
    Ok(text(result))
}

impl Produced {
    fn text(&self) -> String {
        let places =
            self.records.iter().map(|Place { partition, offset }| format!("partition {partition}, offset {offset}"));
        places.collect::<Vec<_>>().join("\n")
    }
}

impl Help {
    fn text(&self) -> String {
        let mut out = String::new();
        for Phrases { about, sentences } in &self.phrases {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}:", escaped(about));
            for sentence in sentences {
                let _ = writeln!(out, "  {}", escaped(sentence));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &str, result: &str) -> String {
        let command: Command = serde_json::from_str(command).unwrap();
        let result: Box<RawValue> = serde_json::from_str(result).unwrap();
        command.text(Some(&result), "http://127.0.0.1:7070").unwrap()
    }

    #[test]
    fn results_are_shown_as_those_of_the_equal_commands() {
        let produced = r#"{"records":[{"partition":1,"offset":5,"timestamp":7}],"durability":"synced"}"#;
        assert_eq!(text(r#"{"type":"produce","topic":"t","value":"1"}"#, produced), "partition 1, offset 5");
        assert_eq!(text(r#"{"type":"delete-topic","topic":"t"}"#, "null"), "t is deleted");
        assert_eq!(text(r#"{"type":"remove","deployment":"d"}"#, "null"), "d is deleted");
        let moved = r#"{"partitions":[{"topic":"t","partition":0,"from":null,"to":3}]}"#;
        let moved = text(r#"{"type":"reset-group","group":"g","to":"earliest"}"#, moved);
        assert!(moved.ends_with("t              0     -   3"), "{moved}");
        let help = r#"{"phrases":[{"about":"topics","sentences":["list topics"]}]}"#;
        assert_eq!(text(r#"{"type":"help"}"#, help), "topics:\n  list topics\n");
        let nothing = text(r#"{"type":"list-topics"}"#, r#"{"items":[],"next":null}"#);
        assert!(nothing.starts_with("There are no topics yet"), "{nothing}");
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        let command: Command = serde_json::from_str(r#"{"type":"describe-topic","topic":"t"}"#).unwrap();
        assert!(command.text(None, "").is_err());
    }
}
