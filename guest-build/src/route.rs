//! Which toolchain on this machine can build for WebAssembly.
//!
//! Rust's standard library for wasm32 does not come with a plain toolchain. It is there already, or Debian's packages bring
//! its source along and cargo builds it, or rustup downloads it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What is compiled for. Either way a component comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `wasm32-unknown-unknown`: a core module, which is then encoded as a component.
    Wasm32,
    /// `wasm32-wasip2`: the toolchain's own linker makes the component.
    WasiP2,
}

impl Target {
    pub fn triple(self) -> &'static str {
        match self {
            Self::Wasm32 => "wasm32-unknown-unknown",
            Self::WasiP2 => "wasm32-wasip2",
        }
    }
}

/// A way to build for WebAssembly. Its text says in a sentence what is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The active toolchain has the standard library for this target.
    Toolchain { target: Target },
    /// Debian's compiler builds the standard library from its source; `linker` is an `lld`.
    DebianPackages { linker: PathBuf },
    /// rustup has just added the target to the active toolchain.
    Rustup,
}

impl Route {
    pub fn target(&self) -> Target {
        match self {
            Self::Toolchain { target } => *target,
            Self::DebianPackages { .. } | Self::Rustup => Target::Wasm32,
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toolchain { target } => {
                write!(f, "The active Rust toolchain builds for {} by itself.", target.triple())
            }
            Self::DebianPackages { linker } => write!(
                f,
                "Debian's {DEBIAN_CARGO} builds the standard library for {} from its source (the first time takes a minute), \
                 and {} links.",
                Target::Wasm32.triple(),
                linker.display()
            ),
            Self::Rustup => {
                write!(f, "rustup has added {} to the active Rust toolchain.", Target::Wasm32.triple())
            }
        }
    }
}

pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
pub(crate) const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Finds a way to build for WebAssembly, and makes one where it can: as root on Debian or Ubuntu it installs packages, and
/// with rustup it adds the target. It says so before it does.
pub fn find_route(say: &mut dyn FnMut(&str)) -> Result<Route> {
    find_route_in(Path::new("."), say)
}

/// Answers a route where this way can be gone, and none where the machine has nothing that it takes.
type Way = fn(&Path, &mut dyn FnMut(&str)) -> Result<Option<Route>>;

/// [`find_route`] for the toolchain that is active in this folder.
pub(crate) fn find_route_in(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Route> {
    if let Some(route) = active_toolchain(folder) {
        return Ok(route);
    }
    let ways: [Way; 2] = [debian_packages, rustup];
    let mut tried = Vec::new();
    for way in ways {
        match way(folder, say) {
            Ok(Some(route)) => return Ok(route),
            Ok(None) => {}
            Err(error) => tried.push(format!("Tried: {error:#}\n")),
        }
    }
    bail!(
        "No Rust toolchain here builds for WebAssembly.\n{}\
         Type one of these, then try again:\n\
         \n  rustup target add {}\
         \n  sudo apt-get update && sudo apt-get install --no-install-recommends {} lld      (Debian, Ubuntu)",
        tried.concat(),
        Target::Wasm32.triple(),
        DEBIAN_PACKAGES.join(" ")
    )
}

fn active_toolchain(folder: &Path) -> Option<Route> {
    let libraries = sysroot("rustc", folder)?.join("lib/rustlib");
    [Target::Wasm32, Target::WasiP2]
        .into_iter()
        .find(|target| libraries.join(target.triple()).join("lib").is_dir())
        .map(|target| Route::Toolchain { target })
}

fn debian_packages(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Option<Route>> {
    let apt_get = Path::new("/usr/bin/apt-get");
    let may_install = apt_get.exists() && is_root();
    if !has_debian_compiler() {
        if !may_install {
            return Ok(None);
        }
        install(apt_get, &DEBIAN_PACKAGES, say)?;
        if !has_debian_compiler() {
            bail!(
                "{} are installed, and {DEBIAN_RUSTC} still finds no source of the library",
                DEBIAN_PACKAGES.join(", ")
            );
        }
    }
    let linker = match find_linker(folder) {
        Some(linker) => linker,
        None if may_install => {
            install(apt_get, &["lld"], say)?;
            find_linker(folder).context("lld is installed, and there is still no wasm-ld")?
        }
        None => {
            bail!("Debian's Rust is here, and no linker for WebAssembly: sudo apt-get install lld")
        }
    };
    Ok(Some(Route::DebianPackages { linker }))
}

fn install(apt_get: &Path, packages: &[&str], say: &mut dyn FnMut(&str)) -> Result<()> {
    say(&format!(
        "Installing {} with apt-get: no Rust toolchain here builds for WebAssembly yet.",
        packages.join(", ")
    ));
    let run = |arguments: &[&str]| {
        let status = Command::new(apt_get)
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .context("apt-get did not start")?;
        if status.success() {
            Ok(())
        } else {
            bail!("`apt-get {}` failed; its messages are above", arguments.join(" "))
        }
    };
    run(&["update"])?;
    run(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

fn rustup(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Option<Route>> {
    let triple = Target::Wasm32.triple();
    let has_rustup = Command::new("rustup")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_rustup {
        return Ok(None);
    }
    say(&format!("Adding {triple} to the Rust toolchain with rustup."));
    let status = clean("rustup", folder).args(["target", "add", triple]).stdout(Stdio::null()).status()?;
    if status.success() {
        Ok(Some(Route::Rustup))
    } else {
        bail!("`rustup target add {triple}` failed; its messages are above")
    }
}

fn has_debian_compiler() -> bool {
    Path::new(DEBIAN_CARGO).exists()
        && sysroot(DEBIAN_RUSTC, Path::new("."))
            .is_some_and(|sysroot| sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").exists())
}

/// rustup's toolchains carry an `lld`; Debian has it as a package.
fn find_linker(folder: &Path) -> Option<PathBuf> {
    let active = sysroot("rustc", folder).map(|sysroot| vec![sysroot]).unwrap_or_default();
    let rustup_home = std::env::var_os("RUSTUP_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".rustup")));
    let toolchains = rustup_home.map(|home| children(&home.join("toolchains"))).unwrap_or_default();
    let carried = active.into_iter().chain(toolchains).flat_map(|toolchain| children(&toolchain.join("lib/rustlib")));
    let installed =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    carried
        .map(|host| host.join("bin/rust-lld"))
        .chain(installed.into_iter().map(|folder| folder.join("wasm-ld")))
        .chain(children(Path::new("/usr/lib")).into_iter().map(|folder| folder.join("bin/wasm-ld")))
        .find(|linker| linker.is_file())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut children: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    children.sort();
    children
}

fn sysroot(rustc: &str, folder: &Path) -> Option<PathBuf> {
    let output = clean(rustc, folder).args(["--print", "sysroot"]).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim_end()))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command in a folder, without what a cargo or rustup that started this process says about its own build: each would
/// steer the build of the guest.
pub(crate) fn clean(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let steers = [
            "CARGO",
            "RUSTC",
            "RUSTDOC",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WRAPPER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "CARGO_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_MAKEFLAGS",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
        ];
        let steered = ["CARGO_BUILD_", "CARGO_PKG_", "CARGO_PROFILE_", "CARGO_TARGET_WASM32_", "CARGO_UNSTABLE_"];
        if steers.contains(&name) || steered.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_says_what_is_used() {
        let text = Route::Toolchain { target: Target::WasiP2 }.to_string();
        assert_eq!(text, "The active Rust toolchain builds for wasm32-wasip2 by itself.");
    }

    #[test]
    fn a_guest_is_built_without_the_environment_of_its_parent() {
        // Cargo runs this test with these set.
        let command = clean("cargo", Path::new("."));
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(removed.iter().any(|name| *name == "CARGO"), "{removed:?}");
        assert!(removed.iter().any(|name| *name == "CARGO_MANIFEST_DIR"), "{removed:?}");
    }
}
