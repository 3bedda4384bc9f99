//! Where things are.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The one folder that everything is built into. Every build is told it, whatever the environment says.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// Components of `plugins/`.
pub(crate) fn plugins() -> PathBuf {
    target().join("plugins")
}

/// Components of `tests/guests/`.
pub(crate) fn test_guests() -> PathBuf {
    target().join("test-guests")
}

/// The page that tells of the benchmarks.
pub(crate) fn benchmarks() -> PathBuf {
    root().join("docs/benchmarks")
}

/// Programs of others that the tests run.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// One week of earthquakes, an object a line, in the order of their `time` (USGS, public domain).
pub(crate) fn earthquakes() -> PathBuf {
    root().join("tests/fixtures/earthquakes.ndjson")
}

/// Real data that is too large for the repository: beside it, or where `KAFKA_DO_TEST_DATA` says.
pub(crate) fn large_data(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("KAFKA_DO_TEST_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    Some(folder.join(file)).filter(|path| path.is_file())
}

/// As a person in the workspace's folder would write it.
pub(crate) fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
