//! opendal and nothing else: objects that are written once, under names that never change their meaning.
//!
//! Every operation has a timeout inside its retries, so that a store that hangs is tried again rather than waited for.
//! An object goes up in one request: there are no parts to abandon, and a create can be conditional on every store.
//! Knows nothing of what the objects mean; whoever reads one checks it.

mod folder;
mod tiers;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::{ErrorKind, Operator, services};

use folder::Folder;
pub use tiers::{Claims, Tiers, own, owner};

use crate::config::{Place, TierSettings};
use crate::error::{Error, Kind, Result};
use crate::limits::{TIER_OPERATION_MS_MAX, TIER_TRIES_MAX};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tier {
    operator: Operator,
    /// Of a tier that is a folder.
    folder: Option<Arc<Folder>>,
    /// What people call it.
    url: String,
}

impl Tier {
    /// A folder: the tier that is always there.
    pub fn folder(path: &Path) -> Result<Self> {
        let root = path.to_string_lossy();
        let operator = Operator::new(services::Fs::default().root(&root)).map_err(|error| failed(&root, &error))?;
        let folder = Folder::new(path.to_owned()).map_err(|error| folder::failed(&root, &error))?;
        Ok(Self { operator: guarded(operator), folder: Some(Arc::new(folder)), url: format!("file://{root}") })
    }

    /// The place that the settings name.
    pub fn named(settings: &TierSettings) -> Result<Self> {
        let url = settings.url.as_str();
        let (bucket, prefix) = match settings.place() {
            Some(Place::Folder(path)) => return Self::folder(&path),
            Some(Place::Bucket { name, prefix }) => (name, prefix),
            None => {
                return Err(Error::invalid(
                    "invalid-tier",
                    format!("{url} is no tier; write s3://bucket/prefix or file:///absolute/path"),
                ));
            }
        };
        let mut service = services::S3::default().bucket(&bucket).root(&format!("/{prefix}"));
        if let Some(endpoint) = &settings.endpoint {
            service = service.endpoint(endpoint);
        }
        // A store that has no regions still wants to be signed for one.
        service = service.region(settings.region.as_deref().unwrap_or(if settings.endpoint.is_some() {
            "auto"
        } else {
            "us-east-1"
        }));
        if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
            service = service.access_key_id(id).secret_access_key(secret).disable_config_load().disable_ec2_metadata();
        }
        if let Some(class) = &settings.storage_class {
            service = service.default_storage_class(class);
        }
        // Each is set once and stays; it is the same one every time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        opendal_http_transport_reqwest::install_default();
        let operator = Operator::new(service).map_err(|error| failed(url, &error))?;
        Ok(Self { operator: guarded(operator), folder: None, url: url.to_owned() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Writes a whole object; returns once it is safe there.
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<()> {
        if let Some(folder) = &self.folder {
            return Folder::put(folder, path, bytes).await.map_err(|error| folder::failed(&self.url, &error));
        }
        self.operator.write(path, bytes).await.map_err(|error| self.failed(&error)).map(drop)
    }

    /// Writes a whole object, unless there is one of that name; says whether it did.
    pub async fn create(&self, path: &str, bytes: Bytes) -> Result<bool> {
        if let Some(folder) = &self.folder {
            return Folder::create(folder, path, bytes).await.map_err(|error| folder::failed(&self.url, &error));
        }
        match self.operator.write_with(path, bytes).if_not_exists(true).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::ConditionNotMatch | ErrorKind::AlreadyExists) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Reads a whole object.
    pub async fn get(&self, path: &str) -> Result<Bytes> {
        Ok(self.operator.read(path).await.map_err(|error| self.failed(&error))?.to_bytes())
    }

    /// Reads a whole object; `None` where there is none of that name.
    pub async fn find(&self, path: &str) -> Result<Option<Bytes>> {
        match self.operator.read(path).await {
            Ok(bytes) => Ok(Some(bytes.to_bytes())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Reads a part of an object.
    pub async fn get_range(&self, path: &str, range: Range<u64>) -> Result<Bytes> {
        let read = self.operator.read_with(path).range(range).await;
        Ok(read.map_err(|error| self.failed(&error))?.to_bytes())
    }

    /// How many bytes an object has.
    pub async fn size(&self, path: &str) -> Result<u64> {
        Ok(self.operator.stat(path).await.map_err(|error| self.failed(&error))?.content_length())
    }

    /// The names of all objects under a folder, however deep.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let entries = match self.operator.list_with(folder).recursive(true).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
        };
        Ok(entries.iter().filter(|entry| entry.metadata().is_file()).map(|entry| entry.path().to_owned()).collect())
    }

    /// Deletes an object; one that is gone already is no error.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.operator.delete(path).await.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &opendal::Error) -> Error {
        failed(&self.url, error)
    }
}

fn guarded(operator: Operator) -> Operator {
    let timeout = Duration::from_millis(TIER_OPERATION_MS_MAX);
    operator
        .layer(TimeoutLayer::new().with_timeout(timeout).with_io_timeout(timeout))
        .layer(RetryLayer::new().with_max_times(TIER_TRIES_MAX).with_jitter())
}

fn failed(url: &str, error: &opendal::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::RangeNotSatisfied => Error::new(
            Kind::Internal,
            "tier-damaged",
            format!("an object is missing from {url}, or too short: {error}"),
        ),
        ErrorKind::PermissionDenied => Error::new(
            Kind::Unavailable,
            "tier-unavailable",
            format!("{url} refuses the host; look at the tier's keys: {error}"),
        ),
        _ => Error::new(Kind::Unavailable, "tier-unavailable", format!("{url} does not answer: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn objects_are_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let tier = Tier::folder(dir.path()).unwrap();
        assert!(tier.get("plugins/a").await.is_err());
        tier.put("plugins/a", Bytes::from_static(b"one")).await.unwrap();
        tier.put("plugins/a", Bytes::from_static(b"two")).await.unwrap();
        assert_eq!(tier.get("plugins/a").await.unwrap(), "two");
        assert_eq!(tier.list("plugins/").await.unwrap(), ["plugins/a"]);
        assert!(tier.list("nothing/").await.unwrap().is_empty());
        assert!(!tier.create("plugins/a", Bytes::from_static(b"three")).await.unwrap());
        assert!(tier.create("topics/1/2/b", Bytes::from_static(b"three")).await.unwrap());
        assert_eq!(tier.get_range("topics/1/2/b", 1..3).await.unwrap(), "hr");
        assert!(tier.get_range("topics/1/2/b", 3..9).await.is_err());
        assert_eq!(tier.size("topics/1/2/b").await.unwrap(), 5);
        assert_eq!(tier.list("topics/").await.unwrap(), ["topics/1/2/b"]);
        assert_eq!(tier.find("topics/1").await.ok().flatten(), None);
        assert_eq!(tier.find("topics/9").await.unwrap(), None);
        tier.delete("plugins/a").await.unwrap();
        tier.delete("plugins/a").await.unwrap();
        assert!(tier.get("plugins/a").await.is_err());
    }
}
