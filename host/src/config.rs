//! How a host is told what to do: one TOML file, then flags, which win. A key that is not known is an error.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// What every client assumes.
pub const DEFAULT_HTTP: &str = "127.0.0.1:7070";
pub const DEFAULT_DATA: &str = "kafka-do-data";

/// When a commit is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// After its fsync.
    #[default]
    Always,
    /// At once; an fsync follows within this time, and a crash loses what came since the last one.
    IntervalMs(u64),
}

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

impl std::fmt::Debug for TierSettings {
    /// Leaves out the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TierSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The file, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder that everything is kept in.
    pub data: Option<PathBuf>,
    /// Address to serve HTTP on; port 0 takes a free one.
    pub http: Option<SocketAddr>,
    /// Folder of components to register at the start, each under its file's name.
    pub plugins: Option<PathBuf>,
    /// Names that the server is reached by, beside those of the loopback interface.
    pub allowed_hosts: Vec<String>,
    /// Pages that may call the server, as in `https://app.example.com`.
    pub allowed_origins: Vec<String>,
}

impl Config {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid("config-unreadable", format!("{} cannot be read: {error}", path.display()))
        })?;
        Self::parse(&text).map_err(|error| Error { detail: format!("{}: {}", path.display(), error.detail), ..error })
    }

    fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::invalid("config-invalid", error.to_string()))
    }

    /// What `flags` say, and what this says where they are silent.
    #[must_use]
    pub fn overridden_by(self, flags: Self) -> Self {
        let or = |flags: Vec<String>, file| if flags.is_empty() { file } else { flags };
        Self {
            data: flags.data.or(self.data),
            http: flags.http.or(self.http),
            plugins: flags.plugins.or(self.plugins),
            allowed_hosts: or(flags.allowed_hosts, self.allowed_hosts),
            allowed_origins: or(flags.allowed_origins, self.allowed_origins),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let file = Config::parse("data = \"/a\"\nhttp = \"127.0.0.1:1\"\nallowed_hosts = [\"x\"]").unwrap();
        let flags = Config { data: Some("/b".into()), ..Config::default() };
        let config = file.overridden_by(flags);
        assert_eq!(config.data, Some("/b".into()));
        assert_eq!(config.http, Some("127.0.0.1:1".parse().unwrap()));
        assert_eq!(config.allowed_hosts, ["x"]);
    }

    #[test]
    fn unknown_keys_are_errors() {
        let error = Config::parse("dta = \"/a\"").unwrap_err();
        assert!(error.detail.contains("dta") && error.detail.contains("data"), "{error}");
        assert!(Config::parse("http = 7070").is_err());
    }
}
