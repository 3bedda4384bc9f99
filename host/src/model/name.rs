//! Names: checked once, where they enter, and a type of their own afterwards.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits::{NAME_CHARS_MAX, TOPIC_NAME_CHARS_MAX};

/// Kafka's rule for topic names, and ours for all names: letters, digits, `.`, `_` and `-`.
fn check(what: &str, name: &str, chars_max: usize) -> Result<()> {
    let complaint = if name.is_empty() {
        "is empty"
    } else if name.len() > chars_max {
        "is too long"
    } else if name == "." || name == ".." {
        "cannot be a name of its own"
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        "holds a character that names cannot have"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(60).collect();
    Err(Error::invalid(
        "invalid-name",
        format!("the {what} name {shown:?} {complaint}; use 1 to {chars_max} of the characters a-z A-Z 0-9 . _ -"),
    ))
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Box<str>);

        impl $type {
            pub fn parse(name: &str) -> Result<Self> {
                check($what, name, $max).map(|()| Self(name.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = Error;

            fn try_from(name: String) -> Result<Self> {
                check($what, &name, $max).map(|()| Self(name.into()))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.into()
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(TopicName, "topic", TOPIC_NAME_CHARS_MAX);
name!(
    /// A consumer group. A deployment's progress is kept under a group of its own name.
    GroupName, "group", NAME_CHARS_MAX);
name!(
    /// A static member of a group: what stays the same when its process starts anew.
    InstanceId, "instance", NAME_CHARS_MAX);
name!(DeploymentName, "deployment", NAME_CHARS_MAX);
name!(PluginName, "plugin", NAME_CHARS_MAX);
name!(
    /// Deployments under one name.
    PipelineName, "pipeline", NAME_CHARS_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafka_names() {
        for good in ["a", "orders", "user-events", "cdc.users", "A_1", &"x".repeat(249)] {
            assert_eq!(TopicName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "a b", "a/b", "ü", "a\n", &"x".repeat(250)] {
            let error = TopicName::parse(bad).unwrap_err();
            assert_eq!(error.code, "invalid-name");
            assert!(error.detail.contains("249"), "{error}");
        }
    }

    #[test]
    fn a_name_in_json_is_checked() {
        assert!(serde_json::from_str::<GroupName>("\"my-group\"").is_ok());
        assert!(serde_json::from_str::<GroupName>("\"my group\"").is_err());
    }
}
