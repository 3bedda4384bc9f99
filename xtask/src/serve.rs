//! `cargo xtask serve`: a host on what is built now.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::{Profile, build_host};
use crate::{paths, plugins};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Arguments for `kafka-do serve`, as in `cargo xtask serve -- --data my-data`
    #[arg(last = true)]
    args: Vec<OsString>,
}

impl Serve {
    pub(crate) fn run(self, profile: Profile) -> Result<ExitCode> {
        plugins::build_plugins()?;
        let host = build_host(profile)?;
        match self.become_host(&host)? {}
    }

    /// The host takes this process's place: signals reach it, and its exit code is ours.
    fn become_host(self, host: &std::path::Path) -> Result<Infallible> {
        let error = Command::new(host).args(["serve", "--plugins"]).arg(paths::plugins()).args(self.args).exec();
        Err(error).with_context(|| format!("cannot run {}", host.display()))
    }
}
