//! A path that a deployment claims for the requests that it receives.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits::HOOK_PATH_CHARS_MAX;

/// First segments that are the host's own.
const RESERVED: [&str; 6] = ["v1", "hooks", "metrics", "healthz", "readyz", "openapi.json"];

/// Begins with a slash, and does not end in one: `/webhooks/github`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HookPath(String);

impl HookPath {
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |reason: &str| {
            Err(Error::invalid(
                "invalid-path",
                format!("{text:?} cannot be claimed: {reason}; write a path such as /webhooks/github"),
            ))
        };
        let Some(rest) = text.strip_prefix('/') else { return invalid("it does not begin with a slash") };
        if text.len() > HOOK_PATH_CHARS_MAX {
            return invalid("it is too long");
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_segment =
            |segment: &str| !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(is_plain);
        if !rest.split('/').all(is_segment) {
            return invalid("its segments may have letters, digits, and - . _ ~");
        }
        if rest.split('/').next().is_some_and(|first| RESERVED.contains(&first)) {
            return invalid("what begins so is the host's own");
        }
        Ok(Self(text.to_owned()))
    }

    /// What follows in a request's path, empty or with a slash, where it is this path or below it.
    pub fn rest_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.0.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether a request could be for both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.rest_of(&other.0).is_some() || other.rest_of(&self.0).is_some()
    }
}

impl std::fmt::Display for HookPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HookPath {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<HookPath> for String {
    fn from(path: HookPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_claimed_is_a_path_of_its_own() {
        for path in ["/a", "/webhooks/github", "/a.b/c-d_e~f"] {
            assert_eq!(HookPath::parse(path).unwrap().to_string(), path);
        }
        for path in ["", "a", "/", "/a/", "/a//b", "/v1/topics", "/hooks/x", "/metrics", "/a/../v1", "/a b", "/%2e"] {
            assert_eq!(HookPath::parse(path).map_err(|error| error.code), Err("invalid-path"), "{path}");
        }
    }

    #[test]
    fn requests_are_for_it_or_below_it() {
        let path = HookPath::parse("/webhooks/github").unwrap();
        assert_eq!(path.rest_of("/webhooks/github"), Some(""));
        assert_eq!(path.rest_of("/webhooks/github/x"), Some("/x"));
        assert_eq!(path.rest_of("/webhooks/github2"), None);
        assert!(path.overlaps(&HookPath::parse("/webhooks").unwrap()));
        assert!(!path.overlaps(&HookPath::parse("/webhooks/gitlab").unwrap()));
    }
}
