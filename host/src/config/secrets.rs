//! Where the secrets of plugins come from: the environment first, then a file of lines `NAME=value`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::limits::SECRETS_FILE_BYTES_MAX;

const PREFIX: &str = "KAFKA_DO_SECRET_";

/// Answers by name, and shows nobody what it has.
#[derive(Clone, Default)]
pub struct SecretSource {
    environment: HashMap<String, String>,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets of the environment, and the file {:?}", self.environment.len(), self.file)
    }
}

impl SecretSource {
    /// A file that cannot be read, or has a line that is none, is an error now, and not when a secret is first wanted.
    pub fn new(environment: impl IntoIterator<Item = (OsString, OsString)>, file: Option<PathBuf>) -> Result<Self> {
        let named = environment.into_iter().filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix(PREFIX)?.to_owned();
            Some((name, value.to_str()?.to_owned()))
        });
        let source = Self { environment: named.collect(), file };
        if let Some(file) = &source.file {
            read(file)?;
        }
        Ok(source)
    }

    /// The file is read anew each time: what changes there holds from the next deployment on.
    pub fn find(&self, name: &str) -> Result<Option<String>> {
        if let Some(value) = self.environment.get(name) {
            return Ok(Some(value.clone()));
        }
        match &self.file {
            Some(file) => Ok(read(file)?.remove(name)),
            None => Ok(None),
        }
    }
}

fn read(path: &Path) -> Result<HashMap<String, String>> {
    let unreadable = |reason: String| {
        Error::invalid("secrets-unreadable", format!("the file of secrets {} cannot be read: {reason}", path.display()))
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    file.take(SECRETS_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > SECRETS_FILE_BYTES_MAX {
        return Err(unreadable(format!("it has more than {SECRETS_FILE_BYTES_MAX} bytes")));
    }
    let mut secrets = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        // The line itself is not told: it may be a secret.
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| unreadable(format!("line {} is no NAME=value; comments begin with #", number + 1)))?;
        secrets.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_first_and_the_file_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        std::fs::write(&path, "# for webhooks\nA=from the file\nB=x=y\n\n").unwrap();
        let environment = [("KAFKA_DO_SECRET_A", "from the environment"), ("OTHER", "no"), ("KAFKA_DO_DATA", "no")];
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        let source = SecretSource::new(environment, Some(path.clone())).unwrap();
        assert_eq!(source.find("A").unwrap().as_deref(), Some("from the environment"));
        assert_eq!(source.find("B").unwrap().as_deref(), Some("x=y"));
        assert_eq!(source.find("OTHER").unwrap(), None);
        std::fs::write(&path, "B=rotated\n").unwrap();
        assert_eq!(source.find("B").unwrap().as_deref(), Some("rotated"));
        assert!(!format!("{source:?}").contains("from"));
    }

    #[test]
    fn a_line_that_is_none_is_named_and_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets");
        std::fs::write(&path, "A=1\nhunter2\n").unwrap();
        let error = SecretSource::new([], Some(path)).unwrap_err();
        assert_eq!(error.code, "secrets-unreadable");
        assert!(error.detail.contains("line 2") && !error.detail.contains("hunter2"), "{error}");
    }
}
