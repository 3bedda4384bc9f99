//! What a test run is made of: the host's binary, components, tools; and processes that start with a clean environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the project")
}

pub(crate) fn from_environment(variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from)
}

/// The host's binary.
pub fn binary() -> PathBuf {
    from_environment("KAFKA_DO_TEST_BIN", "target/debug/kafka-do")
}

/// Folder of the components of plugins/.
pub fn plugins() -> PathBuf {
    from_environment("KAFKA_DO_TEST_PLUGINS", "target/plugins")
}

fn component(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; run cargo xtask test", path.display()))
}

/// A component of plugins/.
pub fn plugin(name: &str) -> Vec<u8> {
    component(&plugins().join(format!("{name}.wasm")))
}

/// A component of tests/guests.
pub fn guest(name: &str) -> Vec<u8> {
    component(&from_environment("KAFKA_DO_TEST_GUESTS", "target/test-guests").join(format!("{name}.wasm")))
}

/// Folder of programs that are no part of the project.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// A process that inherits none of the variables that configure a host: what a test does not set is not set.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KAFKA_DO_") {
            command.env_remove(name);
        }
    }
    command
}
