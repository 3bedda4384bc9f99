//! Why a command is not run before it is confirmed, in the host's own words: what a parser says of it may be untrue.

use std::fmt;

use crate::model::name::{DeploymentName, GroupName, PluginName, TopicName};

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirm {
    DeletesTopic(TopicName),
    DeletesGroup(GroupName),
    DeletesDeployment(DeploymentName),
    Moves(GroupName),
    Shortens(TopicName),
    /// Deployments read a topic that gets more partitions.
    Spreads {
        topic: TopicName,
        readers: Vec<DeploymentName>,
    },
    ErasesKey(TopicName),
    /// A deployment of the name is there, and differs in these.
    Swaps {
        deployment: DeploymentName,
        differing: Vec<&'static str>,
    },
    /// A connector gets hosts to talk to, or secrets.
    ReachesOut {
        plugin: PluginName,
        topic: Option<TopicName>,
        hosts: Vec<String>,
        secrets: Vec<String>,
    },
    /// How sure the parser is.
    NotSure(u8),
}

impl fmt::Display for Confirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeletesTopic(topic) => {
                write!(f, "it deletes topic {topic} with all its records, which do not come back")
            }
            Self::DeletesGroup(group) => write!(f, "it deletes group {group}, and where it stands is forgotten"),
            Self::DeletesDeployment(deployment) => {
                write!(f, "it deletes deployment {deployment} with its state and its progress, which do not come back")
            }
            Self::Moves(group) => write!(f, "it moves group {group}, and where it stands now is forgotten"),
            Self::Shortens(topic) => {
                write!(f, "it shortens what topic {topic} keeps, and records beyond that do not come back")
            }
            Self::Spreads { topic, readers } => write!(
                f,
                "it spreads the keys of topic {topic} anew, for good, and what is kept by key stays where it was in {}",
                list(readers)
            ),
            Self::ErasesKey(topic) => {
                write!(f, "the value is null, which deletes what the key has where topic {topic} is compacted")
            }
            Self::Swaps { deployment, differing } => {
                write!(f, "it swaps deployment {deployment}, which is there already with {}", list(differing))
            }
            Self::ReachesOut { plugin, topic, hosts, secrets } => {
                let reached = (!hosts.is_empty()).then(|| format!("reach {}", list(hosts)));
                // Secrets are named by whoever names them, and read by people.
                let secrets: Vec<String> = secrets.iter().map(|name| format!("{name:?}")).collect();
                let told = (!secrets.is_empty()).then(|| format!("use the secret {}", list(&secrets)));
                let may: Vec<String> = [reached, told].into_iter().flatten().collect();
                write!(f, "it lets plugin {plugin} {}", list(&may))?;
                topic.as_ref().map_or(Ok(()), |topic| write!(f, " for topic {topic}"))
            }
            Self::NotSure(confidence) => {
                write!(f, "the parser is not sure that this is what was meant (confidence {confidence} of 100)")
            }
        }
    }
}

/// `a, b and c`.
fn list(items: &[impl fmt::Display]) -> String {
    let words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
