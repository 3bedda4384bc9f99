//! One run of cargo for all the guests, then a component a guest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::component::{encode, write_if_changed};
use crate::route::{DEBIAN_CARGO, DEBIAN_RUSTC, Route, clean, find_route_in};

/// What to build, and where to.
pub struct Request<'a> {
    /// The Cargo.toml of one guest, or of a workspace.
    pub manifest_path: &'a Path,
    /// Names of packages; none is every guest of the manifest: each package whose library is a `cdylib`.
    pub packages: &'a [String],
    /// Cargo's folder for intermediate results. Keep it, and the next build takes seconds.
    pub target_dir: &'a Path,
    /// Where `<package>.wasm` is written.
    pub out_dir: &'a Path,
    /// Hears, in sentences, what is about to be done. Cargo's own messages go to the standard error.
    pub say: &'a mut dyn FnMut(&str),
}

/// A component that stands ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The package it was built from.
    pub name: String,
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Builds guests into components, in the order of their names. A component that came out as it was is not written again.
pub fn build(request: Request<'_>) -> Result<Vec<Component>> {
    let Request { manifest_path, packages, target_dir, out_dir, say } = request;
    // Cargo names packages by their real path, and runs in another folder than this process.
    let manifest_path = fs::canonicalize(manifest_path).with_context(|| {
        format!(
            "there is no {}; run this in a plugin's folder, or start one with `kafka-do plugin new`",
            manifest_path.display()
        )
    })?;
    let folder = manifest_path.parent().context("a manifest needs a folder")?;
    let target_dir = std::path::absolute(target_dir)?;

    let route = find_route_in(folder, say)?;
    say(&route.to_string());
    let guests = select(find_guests(&route, folder, &manifest_path)?, packages)?;

    let modules = compile(&route, folder, &manifest_path, &target_dir, &guests)?;
    modules
        .into_iter()
        .map(|(name, module)| {
            let wasm = fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
            let component = encode(wasm).with_context(|| format!("{name} was built, and is no plugin"))?;
            let path = out_dir.join(format!("{name}.wasm"));
            write_if_changed(&path, &component)?;
            Ok(Component { name, path, bytes: component.len() as u64 })
        })
        .collect()
}

/// A package that builds into WebAssembly.
struct Guest {
    /// How cargo's messages call it.
    id: String,
    name: String,
}

/// The part of `cargo metadata` that is needed here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    id: String,
    name: String,
    manifest_path: PathBuf,
    targets: Vec<MetadataTarget>,
}

#[derive(Deserialize)]
struct MetadataTarget {
    crate_types: Vec<String>,
}

/// The guests that a manifest speaks for: its own package, or each of its workspace where it has none.
fn find_guests(route: &Route, folder: &Path, manifest_path: &Path) -> Result<Vec<Guest>> {
    let output = cargo(route, folder)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest_path)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo did not start; is Rust installed? See https://rustup.rs")?;
    if !output.status.success() {
        bail!("cargo cannot read {}; its messages are above", manifest_path.display());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata is of an unknown form")?;
    let own = metadata
        .packages
        .iter()
        .find(|package| package.manifest_path == manifest_path)
        .map(|package| package.id.clone());
    let guests = metadata
        .packages
        .into_iter()
        .filter(|package| {
            own.as_ref().map_or(metadata.workspace_members.contains(&package.id), |own| *own == package.id)
        })
        .filter(|package| package.targets.iter().any(|target| target.crate_types.iter().any(|kind| kind == "cdylib")))
        .map(|package| Guest { id: package.id, name: package.name })
        .collect();
    Ok(guests)
}

fn select(guests: Vec<Guest>, names: &[String]) -> Result<Vec<Guest>> {
    let known = guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = names.iter().find(|name| guests.iter().all(|guest| guest.name != **name)) {
        bail!("there is no plugin named {unknown} here; there are: {known}");
    }
    let guests: Vec<Guest> =
        guests.into_iter().filter(|guest| names.is_empty() || names.contains(&guest.name)).collect();
    if guests.is_empty() {
        bail!("there is no plugin here: its Cargo.toml needs `[lib] crate-type = [\"cdylib\", \"rlib\"]`");
    }
    Ok(guests)
}

/// One of cargo's messages: of those about artefacts, what is needed here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The WebAssembly file of each guest, by name.
fn compile(
    route: &Route,
    folder: &Path,
    manifest_path: &Path,
    target_dir: &Path,
    guests: &[Guest],
) -> Result<BTreeMap<String, PathBuf>> {
    let names = guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut command = cargo(route, folder);
    command.args(["build", "--lib", "--profile", "guest", "--message-format", "json-render-diagnostics"]);
    command.args(["--target", route.target().triple()]);
    command.arg("--manifest-path").arg(manifest_path).arg("--target-dir").arg(target_dir);
    for guest in guests {
        command.args(["--package", &guest.name]);
    }
    if let Route::DebianPackages { linker } = route {
        command.arg("-Zbuild-std=std,panic_abort").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    let output = command.stderr(Stdio::inherit()).output().context("cargo did not start")?;
    if !output.status.success() {
        bail!("cargo could not build {names}; its messages are above");
    }

    let mut modules = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Message>(line) else {
            continue;
        };
        let guest = guests.iter().find(|guest| message.reason == "compiler-artifact" && guest.id == message.package_id);
        let wasm =
            message.filenames.into_iter().find(|file| file.extension().is_some_and(|extension| extension == "wasm"));
        if let (Some(guest), Some(wasm)) = (guest, wasm) {
            modules.insert(guest.name.clone(), wasm);
        }
    }
    if let Some(missing) = guests.iter().find(|guest| !modules.contains_key(&guest.name)) {
        bail!("cargo built {} without a WebAssembly file; is it a `cdylib`?", missing.name);
    }
    Ok(modules)
}

fn cargo(route: &Route, folder: &Path) -> Command {
    match route {
        Route::Toolchain { .. } | Route::Rustup => clean("cargo", folder),
        Route::DebianPackages { .. } => {
            let mut command = clean(DEBIAN_CARGO, folder);
            // Building the standard library is not stable yet: the switch lets a stable compiler do it.
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command
        }
    }
}
