//! Where sealed segments are kept: a folder or a bucket, and how to reach it.

use std::fmt;
use std::path::PathBuf;

/// A place for sealed segments: a folder (`file:///path`) or a bucket (`s3://bucket/prefix`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TierSettings {
    pub url: String,
    /// Of any store that speaks S3; AWS unless given.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub storage_class: Option<String>,
}

impl fmt::Debug for TierSettings {
    /// Leaves out the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TierSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl TierSettings {
    /// What the URL names; `None` where it is of no form that is known.
    pub fn place(&self) -> Option<Place> {
        Place::parse(&self.url)
    }

    pub(super) fn is_bucket(&self) -> bool {
        matches!(self.place(), Some(Place::Bucket { .. }))
    }
}

/// What a tier's URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An absolute path, taken as it stands: nothing in it is percent-encoded.
    Folder(PathBuf),
    /// The prefix is empty, or neither begins nor ends with a slash.
    Bucket { name: String, prefix: String },
}

impl Place {
    pub fn parse(url: &str) -> Option<Self> {
        if let Some(path) = url.strip_prefix("file://") {
            let path = path.trim_end_matches('/');
            return path.starts_with('/').then(|| Self::Folder(path.into()));
        }
        let rest = url.strip_prefix("s3://")?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let is_step = |step: &str| !step.is_empty() && !matches!(step, "." | "..") && !step.contains(['?', '#', '\\']);
        let is_whole = !name.is_empty() && is_name(name) && (prefix.is_empty() || prefix.split('/').all(is_step));
        is_whole.then(|| Self::Bucket { name: name.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "file://{}", path.display()),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(f, "s3://{name}"),
            Self::Bucket { name, prefix } => write!(f, "s3://{name}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_buckets() {
        let bucket = |name: &str, prefix: &str| Place::Bucket { name: name.into(), prefix: prefix.into() };
        let cases = [
            ("file:///srv/tier", Place::Folder("/srv/tier".into())),
            ("file:///srv/my tier/", Place::Folder("/srv/my tier".into())),
            ("s3://logs", bucket("logs", "")),
            ("s3://logs/", bucket("logs", "")),
            ("s3://my.logs-1/a/b", bucket("my.logs-1", "a/b")),
            ("s3://logs/a/", bucket("logs", "a")),
        ];
        for (url, place) in cases {
            assert_eq!(Place::parse(url), Some(place), "{url}");
        }
        let wrong = [
            "",
            "logs",
            "/srv/tier",
            "file://srv/tier",
            "file:///",
            "file://",
            "s3://",
            "s3:///a",
            "s3://a b",
            "S3://a",
            "s3://key:secret@logs",
            "s3://logs//a",
            "s3://logs/a/../b",
            "s3://logs/a?b",
            "https://logs",
            "gs://logs",
        ];
        for url in wrong {
            assert_eq!(Place::parse(url), None, "{url}");
        }
    }

    #[test]
    fn what_is_shown_is_what_was_written() {
        for url in ["file:///srv/tier", "s3://logs", "s3://logs/a/b"] {
            assert_eq!(Place::parse(url).map(|place| place.to_string()).as_deref(), Some(url));
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let secret = || Some("hush".to_owned());
        let tier = TierSettings {
            url: "s3://logs".into(),
            access_key_id: secret(),
            secret_access_key: secret(),
            ..TierSettings::default()
        };
        assert_eq!(format!("{tier:?}"), "TierSettings { url: \"s3://logs\", .. }");
    }
}
