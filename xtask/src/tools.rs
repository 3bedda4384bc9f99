//! `cargo xtask tools`: programs of others that the tests run, installed once into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::{cargo, paths};

/// A server of the S3 protocol over a folder, which checks signatures and enforces conditional writes.
const S3_SERVER: &str = "s3s-fs";
const S3_SERVER_VERSION: &str = "0.14.1";

/// Builds components of Python, each with an interpreter of its own.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";

/// What is said where there is no Node.
pub(crate) const HOW_TO_GET_NODE: &str =
    "is Node.js 20 or later installed? Debian: apt-get install nodejs npm; others: https://nodejs.org/en/download";

/// What posts webhooks in the tests, with the libraries of those who send them.
const SENDERS: &str = "tests/senders";

pub(crate) fn run() -> Result<ExitCode> {
    println!("{}", paths::short(&s3_server()?));
    println!("{}", paths::short(&python_processor()?));
    println!("{}", paths::short(&senders()?));
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

/// The component of `examples/python-processor`, built as its page says; what was built of the same source is not built again.
pub(crate) fn python_processor() -> Result<PathBuf> {
    let folder = paths::tools().join("python");
    let source = paths::root().join("examples/python-processor/app.py");
    let component = folder.join("python-processor.wasm");
    let modified = |path: &Path| std::fs::metadata(path).and_then(|metadata| metadata.modified());
    if modified(&component).is_ok_and(|built| modified(&source).is_ok_and(|written| written < built)) {
        return Ok(component);
    }
    let builder = folder.join("bin/componentize-py");
    if !builder.is_file() {
        eprintln!("Installing {COMPONENTIZE_PY} into {}.", paths::short(&folder));
        cargo::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        cargo::run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", COMPONENTIZE_PY]))
            .context("the test of a processor in Python needs componentize-py from PyPI, and it did not install")?;
    }
    eprintln!("Building examples/python-processor.");
    let mut build = Command::new(&builder);
    build.args(["-d", "../../wit", "-w", "column-processing", "componentize", "--stub-wasi", "app", "-o"]);
    build.arg(&component).current_dir(source.parent().unwrap_or(&source));
    cargo::run(&mut build).context("examples/python-processor does not build")?;
    Ok(component)
}

/// The folder of the senders, with their libraries.
pub(crate) fn senders() -> Result<PathBuf> {
    packages(SENDERS)
}

/// A folder with what its `package-lock.json` names; what is installed of the same lock file is not installed again.
pub(crate) fn packages(name: &str) -> Result<PathBuf> {
    let folder = paths::root().join(name);
    let read = |path: &str| std::fs::read(folder.join(path)).ok();
    let lock = read("package-lock.json");
    // npm has a lock file of its own in there, in another form; so the one that was obeyed is kept beside it.
    let obeyed = "node_modules/.obeyed-package-lock.json";
    if lock.is_some() && lock == read(obeyed) {
        return Ok(folder);
    }
    eprintln!("Installing the packages of {name}.");
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder);
    cargo::run(&mut install)
        .with_context(|| format!("the tests need the packages of {name} from npm; {HOW_TO_GET_NODE}"))?;
    std::fs::copy(folder.join("package-lock.json"), folder.join(obeyed)).context("cannot note what was installed")?;
    Ok(folder)
}
