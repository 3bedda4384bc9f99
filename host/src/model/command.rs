//! What a sentence may ask for, as `wit/parser.wit` has it, with names that are names. A command says what is wanted; whether
//! it can be had is for those to say who do it.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::json_path::JsonPath;
use super::name::{DeploymentName, GroupName, PluginName, TopicName};

/// What the speaker says, and what exists at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utterance {
    pub text: String,
    pub now_ms: i64,
    /// How far the speaker's clock is ahead of UTC.
    pub utc_offset_minutes: i32,
    pub catalog: Catalog,
}

/// Names, each kind in its order, and how many partitions each topic has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub topics: Vec<(TopicName, u32)>,
    pub groups: Vec<GroupName>,
    pub plugins: Vec<PluginName>,
    pub deployments: Vec<DeploymentName>,
}

/// What a parser makes of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Best first, and never empty.
    Understood(Vec<Interpretation>),
    Unclear(Question),
}

/// One way to understand a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Interpretation {
    pub command: Command,
    /// 0 to 100.
    pub confidence: u8,
    /// The command in plain words.
    pub restated: String,
}

/// What the parser wants to know before it understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Question {
    pub text: String,
    /// Whole sentences, any of which may be what was meant.
    pub suggestions: Vec<String>,
}

/// What is to be done. Absent options, false flags and empty lists are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Command {
    Produce(ProduceCommand),
    Consume(ConsumeCommand),
    CreateTopic(CreateTopicCommand),
    AlterTopic(AlterTopicCommand),
    DescribeTopic(OfTopic),
    DeleteTopic(OfTopic),
    ListTopics,
    DescribeGroup(OfGroup),
    ListGroups,
    ResetGroup(ResetGroupCommand),
    DeleteGroup(OfGroup),
    Stream(StreamCommand),
    Connect(ConnectCommand),
    ListDeployments,
    DescribeDeployment(OfDeployment),
    Pause(OfDeployment),
    Resume(OfDeployment),
    Remove(OfDeployment),
    Help(HelpCommand),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfTopic {
    #[schema(value_type = String)]
    pub topic: TopicName,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfGroup {
    #[schema(value_type = String)]
    pub group: GroupName,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OfDeployment {
    #[schema(value_type = String)]
    pub deployment: DeploymentName,
}

/// A record to append. One without a value is sent the request's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProduceCommand {
    #[schema(value_type = String)]
    pub topic: TopicName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// JSON where it reads as such, else a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Records to read: those before `until_ms` of which all conditions hold, and `limit` of them at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConsumeCommand {
    #[schema(value_type = String)]
    pub topic: TopicName,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub group: Option<GroupName>,
    pub start: StartPoint,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Where reading begins, or where a group is moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartPoint {
    /// Where the group stands.
    Committed,
    Earliest,
    Latest,
    /// So many records before now, by their time.
    Last(u32),
    SinceMs(i64),
}

/// A field of a record compared with a constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Condition {
    pub path: JsonPath,
    pub comparison: Comparison,
    /// A JSON text, number or boolean; what is none of them is a text as it stands.
    pub operand: String,
}

impl Condition {
    /// What the field is compared with. A number is one only where it would be written so again: to a text of the field, 1.10
    /// is not 1.1.
    pub fn operand(&self) -> Value {
        match serde_json::from_str(&self.operand) {
            Ok(Value::String(text)) => Value::String(text),
            Ok(plain @ (Value::Number(_) | Value::Bool(_))) if format!("{plain}") == self.operand => plain,
            _ => Value::String(self.operand.clone()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

impl Comparison {
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::NotEqual => "not-equal",
            Self::Less => "less",
            Self::LessOrEqual => "less-or-equal",
            Self::Greater => "greater",
            Self::GreaterOrEqual => "greater-or-equal",
            Self::Contains => "contains",
        }
    }
}

/// A retention that is the greatest number is for ever, or without bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreateTopicCommand {
    #[schema(value_type = String)]
    pub topic: TopicName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_path: Option<JsonPath>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub compacted: bool,
}

/// One of `add_partitions` (so many more) and `partitions` (so many in all) at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlterTopicCommand {
    #[schema(value_type = String)]
    pub topic: TopicName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_partitions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResetGroupCommand {
    #[schema(value_type = String)]
    pub group: GroupName,
    /// All that the group has offsets of, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub topic: Option<TopicName>,
    pub to: StartPoint,
}

/// A standing pipeline: records of which all conditions hold, as they came or as aggregates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreamCommand {
    /// Never empty.
    #[schema(value_type = Vec<String>)]
    pub from: Vec<TopicName>,
    #[schema(value_type = String)]
    pub to: TopicName,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// A running aggregate, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    /// One group over all records, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<JsonPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<Aggregate>,
}

/// `"count"`, or what is aggregated of which field: `{"sum": "amount"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    Count,
    Sum(JsonPath),
    Min(JsonPath),
    Max(JsonPath),
    Average(JsonPath),
}

impl Aggregate {
    /// What it is called, and the field that it is of.
    pub fn parts(&self) -> (&'static str, Option<&JsonPath>) {
        match self {
            Self::Count => ("count", None),
            Self::Sum(path) => ("sum", Some(path)),
            Self::Min(path) => ("min", Some(path)),
            Self::Max(path) => ("max", Some(path)),
            Self::Average(path) => ("average", Some(path)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConnectCommand {
    #[schema(value_type = String)]
    pub plugin: PluginName,
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub topic: Option<TopicName>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HelpCommand {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    #[test]
    fn json_says_what_is_there_and_nothing_else() {
        let create = CreateTopicCommand {
            topic: topic("orders"),
            partitions: Some(3),
            retention_ms: None,
            retention_bytes: None,
            key_path: None,
            compacted: false,
        };
        let reset = |to| {
            let group = GroupName::parse("g").unwrap();
            Command::ResetGroup(ResetGroupCommand { group, topic: None, to })
        };
        let condition = Condition {
            path: JsonPath::parse("user.age").unwrap(),
            comparison: Comparison::GreaterOrEqual,
            operand: "7".into(),
        };
        let stream = StreamCommand {
            from: vec![topic("a")],
            to: topic("b"),
            conditions: vec![condition],
            window_ms: None,
            group_by: None,
            aggregate: Some(Aggregate::Sum(JsonPath::parse("amount").unwrap())),
        };
        for (command, written) in [
            (Command::CreateTopic(create), json!({"type": "create-topic", "topic": "orders", "partitions": 3})),
            (Command::ListTopics, json!({"type": "list-topics"})),
            (Command::Help(HelpCommand { about: None }), json!({"type": "help"})),
            (Command::DescribeTopic(OfTopic { topic: topic("t") }), json!({"type": "describe-topic", "topic": "t"})),
            (reset(StartPoint::Earliest), json!({"type": "reset-group", "group": "g", "to": "earliest"})),
            (reset(StartPoint::SinceMs(1)), json!({"type": "reset-group", "group": "g", "to": {"since_ms": 1}})),
            (reset(StartPoint::Last(2)), json!({"type": "reset-group", "group": "g", "to": {"last": 2}})),
            (
                Command::Stream(stream),
                json!({
                    "type": "stream", "from": ["a"], "to": "b", "aggregate": {"sum": "amount"},
                    "conditions": [{"path": "user.age", "comparison": "greater-or-equal", "operand": "7"}],
                }),
            ),
        ] {
            assert_eq!(serde_json::to_value(&command).unwrap(), written);
        }
    }

    #[test]
    fn an_operand_is_json_where_it_can_be_one() {
        for (text, operand) in [
            ("100", json!(100)),
            ("1.5", json!(1.5)),
            ("1.10", json!("1.10")),
            ("1.0", json!(1.0)),
            ("1e3", json!("1e3")),
            ("-0", json!("-0")),
            (" 5", json!(" 5")),
            ("18446744073709551615", json!(u64::MAX)),
            ("100000000000000000000", json!("100000000000000000000")),
            ("true", json!(true)),
            ("\"100\"", json!("100")),
            ("paid", json!("paid")),
            ("null", json!("null")),
            ("[1]", json!("[1]")),
            ("", json!("")),
        ] {
            let path = JsonPath::parse("p").unwrap();
            let condition = Condition { path, comparison: Comparison::Equal, operand: text.into() };
            assert_eq!(condition.operand(), operand, "{text}");
        }
    }
}
