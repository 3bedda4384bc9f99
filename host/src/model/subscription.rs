//! What a member of a group reads: topics by name, or all that match a pattern.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::name::TopicName;
use crate::error::{Error, Result};
use crate::limits::{PATTERN_BYTES_MAX, PATTERN_CHARS_MAX, SUBSCRIPTION_TOPICS_MAX};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subscription {
    /// In order, each once; they need not exist yet.
    Topics(Vec<TopicName>),
    Pattern(Pattern),
}

impl Subscription {
    pub fn topics(mut topics: Vec<TopicName>) -> Result<Self> {
        if topics.is_empty() || topics.len() > SUBSCRIPTION_TOPICS_MAX {
            return Err(Error::invalid(
                "invalid-subscription",
                format!(
                    "a member reads 1 to {SUBSCRIPTION_TOPICS_MAX} topics, and {} are named; write \"topics\": [\"my-topic\"], or a pattern",
                    topics.len()
                ),
            ));
        }
        topics.sort();
        topics.dedup();
        Ok(Self::Topics(topics))
    }

    pub fn matches(&self, topic: &TopicName) -> bool {
        match self {
            Self::Topics(topics) => topics.binary_search(topic).is_ok(),
            Self::Pattern(pattern) => pattern.0.is_match(topic.as_str()),
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topics(topics) => f.write_str(&topics.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
            Self::Pattern(pattern) => f.write_str(&String::from(pattern.clone())),
        }
    }
}

/// A regular expression that matches the whole name of a topic. It runs in linear time, whatever it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Regex);

impl Pattern {
    pub fn parse(pattern: &str) -> Result<Self> {
        let refused = |reason: &dyn fmt::Display| {
            let shown: String = pattern.chars().take(60).collect();
            Error::invalid(
                "invalid-pattern",
                format!(
                    "the pattern {shown:?} is none: {reason}; write a regular expression that matches whole topic names, such as orders-.*"
                ),
            )
        };
        if pattern.is_empty() || pattern.len() > PATTERN_CHARS_MAX {
            return Err(refused(&format!("it has {} characters, not 1 to {PATTERN_CHARS_MAX}", pattern.len())));
        }
        // By itself first: what is no expression alone could be one within the anchors.
        let build = |text: &str| {
            RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build()
        };
        let anchored = build(pattern).and_then(|_| build(&format!("^(?:{pattern})$")));
        anchored.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => refused(&"it is too large"),
            error => refused(&error.to_string().lines().last().unwrap_or_default()),
        })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl TryFrom<String> for Pattern {
    type Error = Error;

    fn try_from(pattern: String) -> Result<Self> {
        Self::parse(&pattern)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        let anchored = pattern.0.as_str();
        anchored.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(anchored).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> TopicName {
        TopicName::parse(name).unwrap()
    }

    #[test]
    fn names_are_matched_whole() {
        let pattern = Subscription::Pattern(Pattern::parse("orders|cdc\\..*").unwrap());
        for (name, expected) in [("orders", true), ("orders-2", false), ("cdc.users", true), ("my-cdc.users", false)] {
            assert_eq!(pattern.matches(&topic(name)), expected, "{name}");
        }
        let topics = Subscription::topics(vec![topic("b"), topic("a"), topic("b")]).unwrap();
        assert!(topics.matches(&topic("a")) && !topics.matches(&topic("c")));
        assert_eq!(topics.to_string(), "a, b");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["", "(", "a)(b", "*", "(?:a{1000}){1000}", &"a".repeat(1_001)] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert_eq!(error.code, "invalid-pattern", "{pattern}");
        }
        assert_eq!(Subscription::topics(vec![]).unwrap_err().code, "invalid-subscription");
    }

    #[test]
    fn survives_its_row() {
        for subscription in [
            Subscription::Pattern(Pattern::parse("a|b").unwrap()),
            Subscription::topics(vec![topic("x"), topic("y")]).unwrap(),
        ] {
            let text = serde_json::to_string(&subscription).unwrap();
            assert_eq!(serde_json::from_str::<Subscription>(&text).unwrap(), subscription, "{text}");
        }
    }
}
