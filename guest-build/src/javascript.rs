//! Plugins written in JavaScript or TypeScript: npm installs what they take, and their SDK makes the component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::compile::Component;
use crate::route::clean;

/// The oldest Node that the SDK runs on.
const NODE_MAJOR_MIN: u32 = 20;
const SDK: &str = "node_modules/kafka-do-sdk";

/// What to build, and where to.
pub struct JsRequest<'a> {
    /// The plugin's package.json.
    pub manifest_path: &'a Path,
    /// Where `<package>.wasm` is written.
    pub out_dir: &'a Path,
    /// Hears, in sentences, what is about to be done. The messages of npm and of the SDK go to the standard error.
    pub say: &'a mut dyn FnMut(&str),
}

/// Whether this is the manifest of a JavaScript package: then [`build_js`] builds it, else [`build`](crate::build) does.
pub fn is_js(manifest_path: &Path) -> bool {
    manifest_path.file_name().is_some_and(|name| name == "package.json")
}

/// Builds a plugin into a component. What was made of the same source already is left as it is.
pub fn build_js(request: JsRequest<'_>) -> Result<Component> {
    let JsRequest { manifest_path, out_dir, say } = request;
    let manifest_path = fs::canonicalize(manifest_path).with_context(|| {
        format!(
            "there is no {}; run this in a plugin's folder, or start one with `kafka-do plugin new NAME --language js`",
            manifest_path.display()
        )
    })?;
    let folder = manifest_path.parent().context("a manifest needs a folder")?;
    let name = package_name(&manifest_path)?;
    let path = std::path::absolute(out_dir)?.join(format!("{name}.wasm"));

    check_node(folder)?;
    install(folder, say)?;
    let sdk = fs::canonicalize(folder.join(SDK)).with_context(|| {
        format!(
            "{} does not depend on kafka-do-sdk, which builds it: npm install kafka-do-sdk",
            manifest_path.display()
        )
    })?;
    // An SDK that npm only links to has its own dependencies beside it.
    if sdk.join("package-lock.json").is_file() {
        install(&sdk, say)?;
    }
    let status = clean("node", folder)
        .arg(sdk.join("src/cli.js"))
        .args(["build", "--out"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .context("node did not start")?;
    if !status.success() {
        bail!("{name} does not build; the messages are above");
    }
    let bytes = fs::metadata(&path).with_context(|| format!("the SDK built no {}", path.display()))?.len();
    Ok(Component { name, path, bytes })
}

#[derive(Deserialize)]
struct Manifest {
    name: String,
}

/// The package's name without its scope.
fn package_name(manifest_path: &Path) -> Result<String> {
    let unreadable = || format!("cannot read {}", manifest_path.display());
    let text = fs::read_to_string(manifest_path).with_context(unreadable)?;
    let Manifest { name } = serde_json::from_str(&text).with_context(unreadable)?;
    Ok(name.rsplit('/').next().unwrap_or(&name).to_owned())
}

fn check_node(folder: &Path) -> Result<()> {
    let found = clean("node", folder).arg("--version").stderr(Stdio::null()).output();
    let version = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        Some(_) => bail!(
            "this is Node {version}, and plugins in JavaScript take {NODE_MAJOR_MIN} or later: see https://nodejs.org"
        ),
        None => bail!(
            "plugins in JavaScript take Node {NODE_MAJOR_MIN} or later, and there is none here: see https://nodejs.org"
        ),
    }
}

/// Installs what the package depends on, where that is not there or another lock file came since.
fn install(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<()> {
    if is_installed(folder) {
        return Ok(());
    }
    // `ci` installs exactly what the lock file says; a package that has none yet is given one.
    let subcommand = if lock_file(folder).is_file() { "ci" } else { "install" };
    say(&format!("Installing what {} depends on with npm {subcommand}.", folder.display()));
    let status = clean("npm", folder)
        .args([subcommand, "--no-audit", "--no-fund", "--loglevel", "error"])
        .stdout(Stdio::null())
        .status()
        .context("npm did not start; it comes with Node: see https://nodejs.org")?;
    if !status.success() {
        bail!("`npm {subcommand}` failed in {}; its messages are above", folder.display());
    }
    Ok(())
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("package-lock.json")
}

/// npm leaves behind what it installed, at the time it did.
fn is_installed(folder: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let Some(installed) = modified(&folder.join("node_modules/.package-lock.json")) else { return false };
    [lock_file(folder), folder.join("package.json")]
        .iter()
        .filter_map(|path| modified(path))
        .all(|changed| changed <= installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_tells_the_language() {
        assert!(is_js(Path::new("a/package.json")));
        assert!(!is_js(Path::new("a/Cargo.toml")));
    }

    #[test]
    fn a_scope_is_no_part_of_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.json");
        for (given, name) in [("small", "small"), ("@me/small", "small")] {
            fs::write(&path, format!(r#"{{"name":"{given}","main":"a.js"}}"#)).unwrap();
            assert_eq!(package_name(&path).unwrap(), name);
        }
        fs::write(&path, "{}").unwrap();
        assert!(package_name(&path).is_err());
    }

    #[test]
    fn what_is_not_there_is_told_how_to_start() {
        let folder = tempfile::tempdir().unwrap();
        let request =
            JsRequest { manifest_path: &folder.path().join("package.json"), out_dir: folder.path(), say: &mut |_| {} };
        let error = build_js(request).unwrap_err().to_string();
        assert!(error.contains("--language js"), "{error}");
    }

    #[test]
    fn a_newer_manifest_is_installed_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("package.json"), "{}").unwrap();
        assert!(!is_installed(folder));
        fs::create_dir(folder.join("node_modules")).unwrap();
        fs::write(folder.join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(is_installed(folder));
        let installed = fs::metadata(folder.join("node_modules/.package-lock.json")).unwrap().modified().unwrap();
        let lock = fs::File::create(folder.join("package-lock.json")).unwrap();
        lock.set_modified(installed + std::time::Duration::from_mins(1)).unwrap();
        assert!(!is_installed(folder));
    }
}
