//! `cargo xtask plugins`: components from the folders of plugins.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use kafka_do_guest_build::{Request, build};

use crate::paths;

#[derive(Debug, Args)]
pub(crate) struct Plugins {
    /// Also the guests of the tests, into target/test-guests
    #[arg(long)]
    all: bool,
}

impl Plugins {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        build_plugins()?;
        if self.all {
            build_test_guests()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds every folder of `plugins/`.
pub(crate) fn build_plugins() -> Result<()> {
    build_folder("plugins", &paths::plugins())
}

/// Builds every folder of `tests/guests/`, most of which misbehave on purpose.
pub(crate) fn build_test_guests() -> Result<()> {
    build_folder("tests/guests", &paths::test_guests())
}

fn build_folder(folder: &str, out_dir: &Path) -> Result<()> {
    let packages = packages_in(&paths::root().join(folder))?;
    eprintln!("Building the plugins of {folder}: {}.", packages.join(", "));
    let request = Request {
        manifest_path: &paths::root().join("Cargo.toml"),
        packages: &packages,
        target_dir: &paths::target().join("guests"),
        out_dir,
        say: &mut |sentence| eprintln!("{sentence}"),
    };
    for component in build(request)? {
        let path = paths::short(&component.path);
        println!("{:>7} KiB  {path}", component.bytes.div_ceil(1024));
    }
    Ok(())
}

/// A plugin's folder has the name of its package.
fn packages_in(folder: &Path) -> Result<Vec<String>> {
    let unreadable = || format!("cannot list {}", folder.display());
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.join("Cargo.toml").is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            packages.push(name.to_owned());
        }
    }
    packages.sort();
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_a_package() {
        let packages = packages_in(&paths::root().join("plugins")).unwrap();
        assert!(packages.contains(&"filter-json".to_owned()), "{packages:?}");
        assert!(packages_in(Path::new("/no/such/folder")).is_err());
    }
}
