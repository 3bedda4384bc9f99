//! Starting cargo.

use std::os::unix::process::CommandExt;
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
        self.folder().join("kafka-do")
    }

    fn folder(self) -> PathBuf {
        let folder = match self {
            Self::Release => "release",
            Self::Dev => "debug",
        };
        paths::target().join(folder)
    }
}

/// A cargo that builds what the caller adds, in this workspace and its target folder.
pub(crate) fn cargo(subcommand: &str, profile: Profile) -> Command {
    let mut command = bare(subcommand);
    command.args(["--profile", profile.flag()]).arg("--target-dir").arg(paths::target());
    command
}

/// A cargo in this workspace, and no more.
pub(crate) fn bare(subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root()).arg(subcommand);
    command
}

/// Runs it to its end; its messages go where ours go.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} did not start"))?;
    if !status.success() {
        bail!("{program} ended with {status}; its messages are above");
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

/// What measures must be as quick as what it measures: where a release is measured, an xtask that is not optimised builds
/// one that is, and lets it take this process's place.
pub(crate) fn become_optimised(profile: Profile) -> Result<()> {
    if profile == Profile::Dev || !cfg!(debug_assertions) {
        return Ok(());
    }
    let optimised = profile.folder().join("xtask");
    if !optimised.exists() {
        eprintln!("Building an optimised xtask, which measures. The first time takes some minutes.");
    }
    run(cargo("build", profile).args(["--package", "xtask", "--bin", "xtask"])).context("xtask does not build")?;
    let error = Command::new(&optimised).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot run {}", optimised.display()))
}
