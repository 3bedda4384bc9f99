//! A command in the words of the grammar: read again, they give the same command.

use std::cell::Cell;
use std::fmt::Write;

use kafka_do_sdk::parser::{
    Aggregate, AlterTopicCommand, Catalog, Command, Comparison, Condition, ConnectCommand, ConsumeCommand,
    CreateTopicCommand, ProduceCommand, ResetGroupCommand, StartPoint, StreamCommand,
};
use spoken_time::{Speaker, write_duration, write_time};

use crate::grammar::slots::{size_text, word_is_reserved};
use crate::json::{is_json, is_json_scalar, is_number, read_json_text};
use crate::names::{Kind, is_mistakable, is_valid};
use crate::token::{self, quote, tokens};
use crate::vocabulary::is_known_word;

/// What names are looked up in, and whose clock times are written by.
pub(crate) struct Restating<'a> {
    catalog: &'a Catalog,
    speaker: Speaker,
    /// Whether names stand in quotes that begin others, or are like them.
    is_careful: bool,
    /// Whether there was such a name.
    has_doubts: Cell<bool>,
}

impl<'a> Restating<'a> {
    pub(crate) fn new(catalog: &'a Catalog, speaker: Speaker) -> Self {
        Self { catalog, speaker, is_careful: false, has_doubts: Cell::new(false) }
    }

    /// With more quotes.
    pub(crate) fn careful(self) -> Self {
        Self { is_careful: true, ..self }
    }

    /// Whether it could be that what was written is read as something else.
    pub(crate) fn has_doubts(&self) -> bool {
        self.has_doubts.get()
    }

    pub(crate) fn command(&self, command: &Command) -> String {
        let named = |words: &str, kind: Kind, name: &str| format!("{words} {}", self.name(kind, name));
        match command {
            Command::Produce(command) => self.produce(command),
            Command::Consume(command) => self.consume(command),
            Command::CreateTopic(command) => self.create(command),
            Command::AlterTopic(command) => self.alter(command),
            Command::DescribeTopic(topic) => named("describe topic", Kind::Topic, topic),
            Command::DeleteTopic(topic) => named("delete topic", Kind::Topic, topic),
            Command::ListTopics => "list topics".to_owned(),
            Command::DescribeGroup(group) => named("describe group", Kind::Group, group),
            Command::ListGroups => "list groups".to_owned(),
            Command::ResetGroup(command) => self.reset(command),
            Command::DeleteGroup(group) => named("delete group", Kind::Group, group),
            Command::Stream(command) => self.stream(command),
            Command::Connect(command) => self.connect(command),
            Command::ListDeployments => "list deployments".to_owned(),
            Command::DescribeDeployment(name) => named("describe deployment", Kind::Deployment, name),
            Command::Pause(name) => named("pause deployment", Kind::Deployment, name),
            Command::Resume(name) => named("resume deployment", Kind::Deployment, name),
            Command::Remove(name) => named("remove deployment", Kind::Deployment, name),
            Command::Help(None) => "help".to_owned(),
            Command::Help(Some(about)) => format!("help with {about}"),
        }
    }

    /// A name, in quotes where it would be read as something else without them.
    fn name(&self, kind: Kind, name: &str) -> String {
        let is_mistakable = is_known_word(name) || is_mistakable(kind, name, self.catalog);
        self.has_doubts.set(self.has_doubts.get() || is_mistakable);
        let is_plain = is_valid(name)
            && name.starts_with(|char: char| char.is_ascii_alphabetic())
            && !name.ends_with('.')
            && !word_is_reserved(name)
            && (!is_mistakable || !self.is_careful);
        if is_plain { name.to_owned() } else { quote(name) }
    }

    fn write_conditions(&self, words: &mut String, conditions: &[Condition]) {
        for (index, Condition { path, comparison, operand }) in conditions.iter().enumerate() {
            words.push_str(if index == 0 { " where " } else { " and " });
            let sign = match comparison {
                Comparison::Equal => "=",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
                Comparison::Contains => "contains",
            };
            let operand = if is_number(operand) { operand.clone() } else { quote(operand) };
            let _ = write!(words, "{} {sign} {operand}", self.path(path));
        }
    }

    /// A field, in quotes where its name would be read as something else without them.
    fn path(&self, path: &str) -> String {
        let is_mistakable = is_known_word(path);
        self.has_doubts.set(self.has_doubts.get() || is_mistakable);
        let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
            && path.starts_with(|char: char| char.is_ascii_alphabetic())
            && !path.ends_with('.')
            && !word_is_reserved(path)
            && (!is_mistakable || !self.is_careful);
        if is_plain { path.to_owned() } else { quote(path) }
    }

    fn produce(&self, command: &ProduceCommand) -> String {
        let ProduceCommand { topic, key, value } = command;
        let mut words = String::from("produce ");
        if let Some(value) = value {
            words.push_str(&written_value(value));
            words.push(' ');
        }
        let _ = write!(words, "to {}", self.name(Kind::Topic, topic));
        if let Some(key) = key {
            let _ = write!(words, " with key {}", quote(key));
        }
        words
    }

    fn consume(&self, command: &ConsumeCommand) -> String {
        let ConsumeCommand { topic, group, start, until_ms, conditions, limit } = command;
        let topic = self.name(Kind::Topic, topic);
        let mut words = match start {
            StartPoint::Last(count) => format!("consume the last {count} from {topic}"),
            _ => format!("consume {topic}"),
        };
        if let Some(group) = group {
            let _ = write!(words, " as {}", self.name(Kind::Group, group));
        }
        match start {
            StartPoint::Last(_) | StartPoint::Committed => {}
            StartPoint::Earliest => words.push_str(" from earliest"),
            StartPoint::Latest => words.push_str(" from latest"),
            StartPoint::SinceMs(ms) => {
                let _ = write!(words, " since {}", write_time(*ms, &self.speaker));
            }
        }
        if let Some(ms) = until_ms {
            let _ = write!(words, " until {}", write_time(*ms, &self.speaker));
        }
        self.write_conditions(&mut words, conditions);
        if let Some(limit) = limit {
            let _ = write!(words, " limit {limit}");
        }
        words
    }

    fn create(&self, command: &CreateTopicCommand) -> String {
        let CreateTopicCommand { topic, partitions, retention_ms, retention_bytes, key_path, compacted } = command;
        let count = |count: &u32| format!("{count} {}", if *count == 1 { "partition" } else { "partitions" });
        let options = [
            partitions.as_ref().map(count),
            retention_ms.map(|ms| format!("{} retention", lasting(ms))),
            retention_bytes.map(|bytes| format!("{} retention", size_text(bytes))),
            compacted.then(|| "compaction".to_owned()),
        ];
        let options: Vec<String> = options.into_iter().flatten().collect();
        let mut words = format!("create topic {}", self.name(Kind::Topic, topic));
        if !options.is_empty() {
            let _ = write!(words, " with {}", options.join(" and "));
        }
        if let Some(path) = key_path {
            let _ = write!(words, " partitioned by {}", self.path(path));
        }
        words
    }

    fn alter(&self, command: &AlterTopicCommand) -> String {
        let AlterTopicCommand { topic, add_partitions, partitions, retention_ms, retention_bytes } = command;
        let topic = self.name(Kind::Topic, topic);
        if let Some(count) = add_partitions {
            return format!("add {count} {} to {topic}", if *count == 1 { "partition" } else { "partitions" });
        }
        if let Some(count) = partitions {
            return format!("set partitions of {topic} to {count}");
        }
        let kept = retention_ms.map(lasting).or(retention_bytes.map(size_text));
        format!("set retention of {topic} to {}", kept.unwrap_or_default())
    }

    fn reset(&self, command: &ResetGroupCommand) -> String {
        let ResetGroupCommand { group, topic, to } = command;
        let mut words = format!("reset group {}", self.name(Kind::Group, group));
        if let Some(topic) = topic {
            let _ = write!(words, " on topic {}", self.name(Kind::Topic, topic));
        }
        words.push_str(" to ");
        let to = match to {
            StartPoint::Earliest => "earliest".to_owned(),
            StartPoint::Latest => "latest".to_owned(),
            StartPoint::Committed => "where it stands".to_owned(),
            StartPoint::Last(count) => format!("the last {count}"),
            StartPoint::SinceMs(ms) => write_time(*ms, &self.speaker),
        };
        words.push_str(&to);
        words
    }

    fn stream(&self, command: &StreamCommand) -> String {
        let StreamCommand { from, to, conditions, window_ms, group_by, aggregate } = command;
        let from: Vec<String> = from.iter().map(|name| self.name(Kind::Topic, name)).collect();
        let mut words = match aggregate {
            None => String::from("copy "),
            Some(Aggregate::Count) => String::from("count "),
            Some(Aggregate::Sum(path)) => format!("sum {} of ", self.path(path)),
            Some(Aggregate::Average(path)) => format!("average {} of ", self.path(path)),
            Some(Aggregate::Min(path)) => format!("minimum {} of ", self.path(path)),
            Some(Aggregate::Max(path)) => format!("maximum {} of ", self.path(path)),
        };
        words.push_str(&from.join(" and "));
        if let Some(path) = group_by {
            let _ = write!(words, " per {}", self.path(path));
        }
        if let Some(ms) = window_ms {
            let _ = write!(words, " every {}", write_duration(*ms));
        }
        let _ = write!(words, " {} {}", if aggregate.is_some() { "into" } else { "to" }, self.name(Kind::Topic, to));
        self.write_conditions(&mut words, conditions);
        words
    }

    fn connect(&self, command: &ConnectCommand) -> String {
        let ConnectCommand { plugin, settings, topic } = command;
        let plugin = if plugin.contains('.') { quote(plugin) } else { self.name(Kind::Plugin, plugin) };
        // The settings are those of a capture, with the one field that says of what.
        let part = settings.split_once(':').and_then(|(_, value)| value.strip_suffix('}'));
        let mut words = match part {
            Some(part) => format!("capture {plugin} changes of {part}"),
            None => format!("connect {plugin}"),
        };
        if let Some(topic) = topic {
            let _ = write!(words, " {} {}", if part.is_some() { "into" } else { "to" }, self.name(Kind::Topic, topic));
        }
        words
    }
}

/// JSON as it is; a text in quotes, also one that comes as JSON's.
fn written_value(value: &str) -> String {
    if is_json_scalar(value) {
        return read_json_text(value).map_or_else(|| value.to_owned(), |text| quote(&text));
    }
    let is_whole = matches!(tokens(value).as_slice(), [only] if only.kind == token::Kind::Json && only.text == value);
    if is_whole && is_json(value) { value.to_owned() } else { quote(value) }
}

fn lasting(ms: u64) -> String {
    if ms == u64::MAX { "unlimited".to_owned() } else { write_duration(ms) }
}
