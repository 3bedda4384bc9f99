//! Outcomes as JSON: commands in the form that the host answers them in.

use kafka_do_sdk::parser::{
    Aggregate, AlterTopicCommand, Command, Comparison, Condition, ConnectCommand, ConsumeCommand, CreateTopicCommand,
    Interpretation, Outcome, ProduceCommand, Question, ResetGroupCommand, StartPoint, StreamCommand, Utterance,
};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeForm {
    Understood(Vec<InterpretationForm>),
    Unclear(QuestionForm),
    /// Asks back with what the host said of the speaker and of what exists.
    Echo,
}

#[derive(Deserialize)]
struct InterpretationForm {
    command: CommandForm,
    confidence: u8,
    restated: String,
}

#[derive(Deserialize)]
struct QuestionForm {
    text: String,
    suggestions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum CommandForm {
    Produce {
        topic: String,
        key: Option<String>,
        value: Option<String>,
    },
    Consume {
        topic: String,
        group: Option<String>,
        start: StartForm,
        until_ms: Option<i64>,
        #[serde(default)]
        conditions: Vec<ConditionForm>,
        limit: Option<u32>,
    },
    CreateTopic {
        topic: String,
        partitions: Option<u32>,
        retention_ms: Option<u64>,
        retention_bytes: Option<u64>,
        key_path: Option<String>,
        #[serde(default)]
        compacted: bool,
    },
    AlterTopic {
        topic: String,
        add_partitions: Option<u32>,
        partitions: Option<u32>,
        retention_ms: Option<u64>,
        retention_bytes: Option<u64>,
    },
    DescribeTopic {
        topic: String,
    },
    DeleteTopic {
        topic: String,
    },
    ListTopics,
    DescribeGroup {
        group: String,
    },
    ListGroups,
    ResetGroup {
        group: String,
        topic: Option<String>,
        to: StartForm,
    },
    DeleteGroup {
        group: String,
    },
    Stream {
        from: Vec<String>,
        to: String,
        #[serde(default)]
        conditions: Vec<ConditionForm>,
        window_ms: Option<u64>,
        group_by: Option<String>,
        aggregate: Option<AggregateForm>,
    },
    Connect {
        plugin: String,
        settings: Map<String, Value>,
        topic: Option<String>,
    },
    ListDeployments,
    DescribeDeployment {
        deployment: String,
    },
    Pause {
        deployment: String,
    },
    Resume {
        deployment: String,
    },
    Remove {
        deployment: String,
    },
    Help {
        about: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StartForm {
    Committed,
    Earliest,
    Latest,
    Last(u32),
    SinceMs(i64),
}

#[derive(Deserialize)]
struct ConditionForm {
    path: String,
    comparison: ComparisonForm,
    operand: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ComparisonForm {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AggregateForm {
    Count,
    Sum(String),
    Min(String),
    Max(String),
    Average(String),
}

impl From<StartForm> for StartPoint {
    fn from(form: StartForm) -> Self {
        match form {
            StartForm::Committed => Self::Committed,
            StartForm::Earliest => Self::Earliest,
            StartForm::Latest => Self::Latest,
            StartForm::Last(records) => Self::Last(records),
            StartForm::SinceMs(ms) => Self::SinceMs(ms),
        }
    }
}

impl From<ConditionForm> for Condition {
    fn from(ConditionForm { path, comparison, operand }: ConditionForm) -> Self {
        let comparison = match comparison {
            ComparisonForm::Equal => Comparison::Equal,
            ComparisonForm::NotEqual => Comparison::NotEqual,
            ComparisonForm::Less => Comparison::Less,
            ComparisonForm::LessOrEqual => Comparison::LessOrEqual,
            ComparisonForm::Greater => Comparison::Greater,
            ComparisonForm::GreaterOrEqual => Comparison::GreaterOrEqual,
            ComparisonForm::Contains => Comparison::Contains,
        };
        Self { path, comparison, operand }
    }
}

impl From<AggregateForm> for Aggregate {
    fn from(form: AggregateForm) -> Self {
        match form {
            AggregateForm::Count => Self::Count,
            AggregateForm::Sum(path) => Self::Sum(path),
            AggregateForm::Min(path) => Self::Min(path),
            AggregateForm::Max(path) => Self::Max(path),
            AggregateForm::Average(path) => Self::Average(path),
        }
    }
}

fn all(conditions: Vec<ConditionForm>) -> Vec<Condition> {
    conditions.into_iter().map(Condition::from).collect()
}

impl From<CommandForm> for Command {
    fn from(form: CommandForm) -> Self {
        match form {
            CommandForm::Produce { topic, key, value } => Self::Produce(ProduceCommand { topic, key, value }),
            CommandForm::Consume { topic, group, start, until_ms, conditions, limit } => {
                let (start, conditions) = (start.into(), all(conditions));
                Self::Consume(ConsumeCommand { topic, group, start, until_ms, conditions, limit })
            }
            CommandForm::CreateTopic { topic, partitions, retention_ms, retention_bytes, key_path, compacted } => {
                let command =
                    CreateTopicCommand { topic, partitions, retention_ms, retention_bytes, key_path, compacted };
                Self::CreateTopic(command)
            }
            CommandForm::AlterTopic { topic, add_partitions, partitions, retention_ms, retention_bytes } => {
                Self::AlterTopic(AlterTopicCommand { topic, add_partitions, partitions, retention_ms, retention_bytes })
            }
            CommandForm::DescribeTopic { topic } => Self::DescribeTopic(topic),
            CommandForm::DeleteTopic { topic } => Self::DeleteTopic(topic),
            CommandForm::ListTopics => Self::ListTopics,
            CommandForm::DescribeGroup { group } => Self::DescribeGroup(group),
            CommandForm::ListGroups => Self::ListGroups,
            CommandForm::ResetGroup { group, topic, to } => {
                Self::ResetGroup(ResetGroupCommand { group, topic, to: to.into() })
            }
            CommandForm::DeleteGroup { group } => Self::DeleteGroup(group),
            CommandForm::Stream { from, to, conditions, window_ms, group_by, aggregate } => {
                let (conditions, aggregate) = (all(conditions), aggregate.map(Aggregate::from));
                Self::Stream(StreamCommand { from, to, conditions, window_ms, group_by, aggregate })
            }
            CommandForm::Connect { plugin, settings, topic } => {
                Self::Connect(ConnectCommand { plugin, settings: Value::Object(settings).to_string(), topic })
            }
            CommandForm::ListDeployments => Self::ListDeployments,
            CommandForm::DescribeDeployment { deployment } => Self::DescribeDeployment(deployment),
            CommandForm::Pause { deployment } => Self::Pause(deployment),
            CommandForm::Resume { deployment } => Self::Resume(deployment),
            CommandForm::Remove { deployment } => Self::Remove(deployment),
            CommandForm::Help { about } => Self::Help(about),
        }
    }
}

/// What the sentence says; a question where it is no such JSON.
pub(crate) fn outcome(utterance: &Utterance) -> Outcome {
    match serde_json::from_str(&utterance.text) {
        Ok(OutcomeForm::Understood(readings)) => {
            let reading = |InterpretationForm { command, confidence, restated }| Interpretation {
                command: Command::from(command),
                confidence,
                restated,
            };
            Outcome::Understood(readings.into_iter().map(reading).collect())
        }
        Ok(OutcomeForm::Unclear(QuestionForm { text, suggestions })) => {
            Outcome::Unclear(Question::new(text).with_suggestions(suggestions))
        }
        Ok(OutcomeForm::Echo) => Outcome::Unclear(echo(utterance)),
        Err(error) => Outcome::Unclear(Question::new(format!("no outcome: {error}"))),
    }
}

fn echo(utterance: &Utterance) -> Question {
    let catalog = &utterance.catalog;
    let topics: Vec<String> =
        catalog.topics.iter().map(|topic| format!("{}/{}", topic.name, topic.partitions)).collect();
    Question::new(format!("{} {}", utterance.now_ms, utterance.utc_offset_minutes)).with_suggestions([
        topics.join(" "),
        catalog.groups.join(" "),
        catalog.plugins.join(" "),
        catalog.deployments.join(" "),
    ])
}
