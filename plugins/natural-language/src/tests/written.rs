//! Commands as the table of phrasings writes them: by their fields, and not in words that the grammar reads.

use std::fmt::Write;

use kafka_do_sdk::parser::{Aggregate, Command, Comparison, Condition, StartPoint};
use spoken_time::{Speaker, write_time};

pub(super) fn written(command: &Command) -> String {
    match command {
        Command::Produce(c) => {
            let value = c.value.as_ref().map(|value| {
                let is_plain = value.starts_with(['{', '[']) || value.bytes().all(|byte| byte.is_ascii_digit());
                if is_plain { value.clone() } else { format!("{value:?}") }
            });
            line("produce", &[&c.topic], &[("key", c.key.as_deref().map(text)), ("value", value)])
        }
        Command::Consume(c) => line(
            "consume",
            &[&c.topic],
            &[
                ("group", c.group.clone()),
                ("start", Some(start(&c.start))),
                ("until", c.until_ms.map(time)),
                ("where", conditions(&c.conditions)),
                ("limit", c.limit.map(|limit| limit.to_string())),
            ],
        ),
        Command::CreateTopic(c) => {
            let fields = [
                ("partitions", c.partitions.map(|count| count.to_string())),
                ("retention_ms", c.retention_ms.map(|ms| ms.to_string())),
                ("retention_bytes", c.retention_bytes.map(|bytes| bytes.to_string())),
                ("key_path", c.key_path.as_deref().map(text)),
            ];
            let mut written = line("create-topic", &[&c.topic], &fields);
            if c.compacted {
                written.push_str(" compacted");
            }
            written
        }
        Command::AlterTopic(c) => line(
            "alter-topic",
            &[&c.topic],
            &[
                ("add_partitions", c.add_partitions.map(|count| count.to_string())),
                ("partitions", c.partitions.map(|count| count.to_string())),
                ("retention_ms", c.retention_ms.map(|ms| ms.to_string())),
                ("retention_bytes", c.retention_bytes.map(|bytes| bytes.to_string())),
            ],
        ),
        Command::DescribeTopic(name) => line("describe-topic", &[name], &[]),
        Command::DeleteTopic(name) => line("delete-topic", &[name], &[]),
        Command::ListTopics => "list-topics".to_owned(),
        Command::DescribeGroup(name) => line("describe-group", &[name], &[]),
        Command::ListGroups => "list-groups".to_owned(),
        Command::ResetGroup(c) => {
            line("reset-group", &[&c.group], &[("topic", c.topic.clone()), ("to", Some(start(&c.to)))])
        }
        Command::DeleteGroup(name) => line("delete-group", &[name], &[]),
        Command::Stream(c) => line(
            "stream",
            &[&c.from.join(",")],
            &[
                ("to", Some(c.to.clone())),
                ("where", conditions(&c.conditions)),
                ("window", c.window_ms.map(|ms| ms.to_string())),
                ("by", c.group_by.clone()),
                ("aggregate", c.aggregate.as_ref().map(aggregate)),
            ],
        ),
        Command::Connect(c) => {
            line("connect", &[&c.plugin], &[("settings", Some(c.settings.clone())), ("topic", c.topic.clone())])
        }
        Command::ListDeployments => "list-deployments".to_owned(),
        Command::DescribeDeployment(name) => line("describe-deployment", &[name], &[]),
        Command::Pause(name) => line("pause", &[name], &[]),
        Command::Resume(name) => line("resume", &[name], &[]),
        Command::Remove(name) => line("remove", &[name], &[]),
        Command::Help(about) => line("help", &[], &[("about", about.clone())]),
    }
}

fn line(kind: &str, names: &[&str], fields: &[(&str, Option<String>)]) -> String {
    let mut line = kind.to_owned();
    for name in names {
        let _ = write!(line, " {name}");
    }
    for (name, value) in fields {
        if let Some(value) = value {
            let _ = write!(line, " {name}={value}");
        }
    }
    line
}

/// In quotes where there is a space in it.
fn text(text: &str) -> String {
    if text.contains(' ') { format!("{text:?}") } else { text.to_owned() }
}

fn start(start: &StartPoint) -> String {
    match start {
        StartPoint::Committed => "committed".to_owned(),
        StartPoint::Earliest => "earliest".to_owned(),
        StartPoint::Latest => "latest".to_owned(),
        StartPoint::Last(count) => format!("last {count}"),
        StartPoint::SinceMs(ms) => time(*ms),
    }
}

fn time(ms: i64) -> String {
    write_time(ms, &Speaker { now_ms: super::NOW_MS, utc_offset_minutes: 0 }).replace(' ', "T")
}

fn conditions(conditions: &[Condition]) -> Option<String> {
    let condition = |Condition { path, comparison, operand }: &Condition| {
        let comparison = match comparison {
            Comparison::Equal => "equal",
            Comparison::NotEqual => "not-equal",
            Comparison::Less => "less",
            Comparison::LessOrEqual => "less-or-equal",
            Comparison::Greater => "greater",
            Comparison::GreaterOrEqual => "greater-or-equal",
            Comparison::Contains => "contains",
        };
        format!("{path} {comparison} {}", text(operand))
    };
    let all: Vec<String> = conditions.iter().map(condition).collect();
    (!all.is_empty()).then(|| all.join(" & "))
}

fn aggregate(aggregate: &Aggregate) -> String {
    match aggregate {
        Aggregate::Count => "count".to_owned(),
        Aggregate::Sum(path) => format!("sum {path}"),
        Aggregate::Average(path) => format!("average {path}"),
        Aggregate::Min(path) => format!("min {path}"),
        Aggregate::Max(path) => format!("max {path}"),
    }
}
