//! `cargo xtask plugins`: components from the folders of plugins.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use kafka_do_guest_build::{Component, JsRequest, Request, build, build_js};

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
    let inside = paths::root().join(folder);
    let packages = folders_with("Cargo.toml", &inside)?;
    eprintln!("Building the plugins of {folder}: {}.", packages.join(", "));
    let request = Request {
        manifest_path: &paths::root().join("Cargo.toml"),
        packages: &packages,
        target_dir: &paths::target().join("guests"),
        out_dir,
        say: &mut |sentence| eprintln!("{sentence}"),
    };
    build(request)?.iter().for_each(show);

    for name in folders_with("package.json", &inside)? {
        eprintln!("Building {folder}/{name}, which is JavaScript.");
        let request = JsRequest {
            manifest_path: &inside.join(&name).join("package.json"),
            out_dir,
            say: &mut |sentence| eprintln!("{sentence}"),
        };
        show(&build_js(request)?);
    }
    Ok(())
}

fn show(component: &Component) {
    println!("{:>7} KiB  {}", component.bytes.div_ceil(1024), paths::short(&component.path));
}

/// The folders that hold this manifest. A plugin's folder has the name of its package.
fn folders_with(manifest: &str, folder: &Path) -> Result<Vec<String>> {
    let unreadable = || format!("cannot list {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.join(manifest).is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_is_a_package() {
        let plugins = paths::root().join("plugins");
        for (manifest, name) in [("Cargo.toml", "filter-json"), ("package.json", "script")] {
            let names = folders_with(manifest, &plugins).unwrap();
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
        assert!(folders_with("Cargo.toml", Path::new("/no/such/folder")).is_err());
    }
}
