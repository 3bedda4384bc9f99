//! Starting cargo.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::paths;

/// How code is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    Release,
    Dev,
}

impl Profile {
    fn flag(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    /// The host's binary, once it is built.
    pub(crate) fn host(self) -> PathBuf {
        let folder = match self {
            Self::Release => "release",
            Self::Dev => "debug",
        };
        paths::target().join(folder).join("kafka-do")
    }
}

/// A cargo that builds what the caller adds, in this workspace and its target folder.
pub(crate) fn cargo(subcommand: &str, profile: Profile) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(paths::root())
        .arg(subcommand)
        .args(["--profile", profile.flag()])
        .arg("--target-dir")
        .arg(paths::target());
    command
}

/// Runs it to its end; its messages go where ours go.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context("cargo did not start")?;
    if !status.success() {
        bail!("cargo ended with {status}; its messages are above");
    }
    Ok(())
}

/// Builds the host and answers where its binary is.
pub(crate) fn build_host(profile: Profile) -> Result<PathBuf> {
    let host = profile.host();
    if profile == Profile::Release && !host.exists() {
        eprintln!("Building the host. The first release build takes several minutes.");
    }
    run(cargo("build", profile).args(["--package", "kafka-do", "--bin", "kafka-do"]))
        .context("the host does not build")?;
    Ok(host)
}
