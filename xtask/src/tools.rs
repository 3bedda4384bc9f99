//! `cargo xtask tools`: programs of others that the tests run, installed once into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{cargo, paths};

/// A server of the S3 protocol over a folder, which checks signatures and enforces conditional writes.
const S3_SERVER: &str = "s3s-fs";
const S3_SERVER_VERSION: &str = "0.14.1";

pub(crate) fn run() -> Result<ExitCode> {
    println!("{}", paths::short(&s3_server()?));
    Ok(ExitCode::SUCCESS)
}

/// Where the S3 server is; it is installed where it is not.
pub(crate) fn s3_server() -> Result<PathBuf> {
    let folder = paths::tools();
    let program = folder.join("bin").join(S3_SERVER);
    if program.is_file() && is_installed(&folder) {
        return Ok(program);
    }
    eprintln!(
        "Installing {S3_SERVER} {S3_SERVER_VERSION} into {}. This takes some minutes, once.",
        paths::short(&folder)
    );
    install(&folder).with_context(|| {
        format!("the tests of the S3 tier need {S3_SERVER} {S3_SERVER_VERSION} from crates.io, and it did not install")
    })?;
    Ok(program)
}

/// What cargo wrote down of what it installed there.
fn is_installed(folder: &Path) -> bool {
    let list = std::fs::read_to_string(folder.join(".crates.toml"));
    list.is_ok_and(|list| list.contains(&format!("\"{S3_SERVER} {S3_SERVER_VERSION} (")))
}

fn install(folder: &Path) -> Result<()> {
    let build = folder.join("build");
    let mut install = cargo::bare("install");
    install.args([S3_SERVER, "--version", S3_SERVER_VERSION, "--features", "binary", "--root"]).arg(folder);
    // In a folder of its own, which goes: half a gigabyte that nobody needs twice.
    cargo::run(install.env("CARGO_TARGET_DIR", &build))?;
    std::fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
}
