//! The registry: which plugins there are, in which versions. The components stand in the tier under their content's hash;
//! the rows stand in the store, and whoever changes them there tells the registry.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};

use super::{Code, Runtime};
use crate::error::{Error, Result};
use crate::limits::{COMPONENT_BYTES_MAX, PLUGIN_VERSIONS_MAX};
use crate::model::generation::Version;
use crate::model::name::PluginName;
use crate::store::plugins::PluginRow;
use crate::tier::Tier;

/// Where components stand in the tier.
const FOLDER: &str = "plugins/";

/// A version of a plugin.
pub type Artefact = PluginRow;

#[derive(Debug)]
pub struct Registry {
    runtime: Arc<Runtime>,
    tier: Tier,
    /// The versions of each plugin, oldest first.
    plugins: RwLock<BTreeMap<PluginName, Vec<Artefact>>>,
    /// Code that somebody uses now.
    loaded: Mutex<HashMap<Version, Weak<Code>>>,
    /// Held while code is loaded: what many want at once is loaded once.
    loading: tokio::sync::Mutex<()>,
}

impl Registry {
    pub fn new(runtime: Arc<Runtime>, tier: Tier, rows: Vec<PluginRow>) -> Self {
        let mut plugins: BTreeMap<PluginName, Vec<Artefact>> = BTreeMap::new();
        for row in rows {
            plugins.entry(row.name.clone()).or_default().push(row);
        }
        for versions in plugins.values_mut() {
            versions.sort_by_key(|row| row.sequence);
        }
        Self {
            runtime,
            tier,
            plugins: RwLock::new(plugins),
            loaded: Mutex::default(),
            loading: tokio::sync::Mutex::new(()),
        }
    }

    /// Deletes components that no row knows: uploads that were not committed, and removals that were not finished.
    pub async fn sweep(&self) -> Result<()> {
        let known: HashSet<String> = self.plugins.read().values().flatten().map(|row| path_of(&row.version)).collect();
        for path in self.tier.list(FOLDER).await? {
            if !known.contains(&path) {
                tracing::info!(path, "an orphan is swept");
                self.tier.delete(&path).await?;
            }
        }
        Ok(())
    }

    /// Checks an upload, and puts its bytes where they can be found again. The answer is its row, which the caller commits
    /// and then [`Registry::add`]s; until then there is nothing but a file that nobody knows.
    pub async fn inspect(&self, name: &PluginName, bytes: Vec<u8>, now_ms: i64) -> Result<Artefact> {
        if bytes.len() > COMPONENT_BYTES_MAX {
            return Err(Error::too_large(
                "component-too-large",
                format!(
                    "a component of {} bytes is over the {COMPONENT_BYTES_MAX} allowed; strip it, and build it for release",
                    bytes.len()
                ),
            ));
        }
        let version = version_of(&bytes);
        let code = Code::load(&self.runtime, bytes.clone(), None).await?;
        let sequence = {
            let plugins = self.plugins.read();
            let versions = plugins.get(name).map_or(&[][..], Vec::as_slice);
            if versions.len() >= PLUGIN_VERSIONS_MAX {
                return Err(Error::conflict(
                    "too-many-versions",
                    format!(
                        "plugin {name} has {PLUGIN_VERSIONS_MAX} versions; remove old ones with DELETE /v1/plugins/{name}/versions/{{version}}"
                    ),
                ));
            }
            versions.last().map_or(1, |last| last.sequence + 1)
        };
        let bytes_len = bytes.len() as u64;
        self.keep(&version, bytes).await?;
        self.loaded.lock().insert(version.clone(), Arc::downgrade(&code));
        let description = code.description().clone();
        let role = code.role();
        Ok(Artefact { name: name.clone(), version, bytes: bytes_len, uploaded_ms: now_ms, sequence, role, description })
    }

    /// Puts the bytes of a version where they are looked for.
    pub async fn keep(&self, version: &Version, bytes: Vec<u8>) -> Result<()> {
        self.tier.put(&path_of(version), bytes.into()).await
    }

    /// The version of these bytes, where the plugin has it.
    pub fn find_content(&self, name: &PluginName, bytes: &[u8]) -> Option<Artefact> {
        let version = version_of(bytes);
        self.plugins.read().get(name)?.iter().find(|row| row.version == version).cloned()
    }

    /// Makes a version known that the store has. A version that is uploaded again becomes the newest.
    pub fn add(&self, row: Artefact) {
        let mut plugins = self.plugins.write();
        let versions = plugins.entry(row.name.clone()).or_default();
        versions.retain(|known| known.version != row.version);
        versions.push(row);
        versions.sort_by_key(|row| row.sequence);
    }

    /// Forgets a version that the store no longer has, and its bytes, where no other plugin has the same.
    pub async fn remove(&self, name: &PluginName, version: &Version) -> Result<()> {
        let still_used = {
            let mut plugins = self.plugins.write();
            if let Some(versions) = plugins.get_mut(name) {
                versions.retain(|row| row.version != *version);
                if versions.is_empty() {
                    plugins.remove(name);
                }
            }
            plugins.values().flatten().any(|row| row.version == *version)
        };
        if !still_used {
            self.tier.delete(&path_of(version)).await?;
        }
        Ok(())
    }

    /// All plugins with their versions, oldest first.
    pub fn list(&self) -> Vec<Vec<Artefact>> {
        self.plugins.read().values().cloned().collect()
    }

    pub fn versions(&self, name: &PluginName) -> Result<Vec<Artefact>> {
        self.plugins.read().get(name).cloned().ok_or_else(|| {
            Error::not_found(
                "unknown-plugin",
                format!("there is no plugin {name}; upload its component with PUT /v1/plugins/{name}"),
            )
        })
    }

    /// The version that begins with `prefix`, or the newest where none is named.
    pub fn resolve(&self, name: &PluginName, prefix: Option<&str>) -> Result<Artefact> {
        let versions = self.versions(name)?;
        let Some(prefix) = prefix else {
            return versions.last().cloned().ok_or_else(|| Error::internal(format!("plugin {name} has no version")));
        };
        let mut found = versions.iter().filter(|row| !prefix.is_empty() && row.version.0.starts_with(prefix));
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row.clone()),
            (Some(_), Some(_)) => Err(Error::conflict(
                "ambiguous-version",
                format!("several versions of plugin {name} begin with {prefix:?}; write more of the digits"),
            )),
            (None, _) => Err(Error::not_found(
                "unknown-version",
                format!("plugin {name} has no version that begins with {prefix:?}; GET /v1/plugins/{name} lists them"),
            )),
        }
    }

    /// The code of a version: what is in use already, or else compiled (or from the cache) from the bytes in the tier.
    pub async fn code(&self, version: &Version) -> Result<Arc<Code>> {
        let loaded = || self.loaded.lock().get(version).and_then(Weak::upgrade);
        if let Some(code) = loaded() {
            return Ok(code);
        }
        let _loading = self.loading.lock().await;
        if let Some(code) = loaded() {
            return Ok(code);
        }
        let bytes = self.tier.get(&path_of(version)).await?.to_vec();
        if version_of(&bytes) != *version {
            return Err(Error::internal(format!(
                "the bytes of plugin version {} are not what was uploaded; upload it again",
                version.short()
            )));
        }
        let known = self.plugins.read().values().flatten().find(|row| row.version == *version).cloned();
        let code = Code::load(&self.runtime, bytes, known.map(|row| row.description)).await?;
        let mut loaded = self.loaded.lock();
        loaded.retain(|_, code| code.strong_count() > 0);
        loaded.insert(version.clone(), Arc::downgrade(&code));
        Ok(code)
    }
}

fn version_of(bytes: &[u8]) -> Version {
    use std::fmt::Write;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Version(hex)
}

fn path_of(version: &Version) -> String {
    format!("{FOLDER}{}.wasm", version.0)
}
