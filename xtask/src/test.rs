//! `cargo xtask test`: every test, from nothing.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::{Profile, cargo, run};
use crate::{clock, environment, paths, plugins, tools};

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Test optimised code
    #[arg(long)]
    release: bool,
    /// Only tests whose names contain this
    filter: Option<String>,
    /// Arguments for the test programs, as in `cargo xtask test -- --nocapture`
    #[arg(last = true)]
    args: Vec<OsString>,
}

impl Test {
    pub(crate) fn run(self, profile: Option<Profile>) -> Result<ExitCode> {
        let profile = match (self.release, profile) {
            (true, _) => Profile::Release,
            (false, profile) => profile.unwrap_or(Profile::Dev),
        };
        let begun = clock::now();
        let say = |what: &str| eprintln!("\n[{:>4} s] {what}", begun.elapsed().as_secs());

        say("The tools that the tests run.");
        let s3_server = tools::s3_server()?;
        tools::senders()?;

        say("The plugins, and the guests that the tests run.");
        plugins::build_plugins()?;
        plugins::build_test_guests()?;
        let python = tools::python_processor()?;

        say("What is written in JavaScript.");
        for folder in ["guest-sdk/js", "plugins/script"] {
            npm_test(folder)?;
        }

        // One resolution of features for the host's binary and the tests: two would build half the dependencies twice.
        say("The host and the tests.");
        run(cargo("build", profile).args(["--workspace", "--bins", "--tests"]))?;

        say("The tests.");
        let mut tests = cargo("test", profile);
        environment::for_tests(&mut tests)
            .args(["--workspace", "--no-fail-fast"])
            .args(&self.filter)
            .env("KAFKA_DO_TEST_BIN", profile.host())
            .env("KAFKA_DO_TEST_PLUGINS", paths::plugins())
            .env("KAFKA_DO_TEST_GUESTS", paths::test_guests())
            .env("KAFKA_DO_TEST_PYTHON", python)
            .env("KAFKA_DO_TEST_S3", s3_server);
        if !self.args.is_empty() {
            tests.arg("--").args(&self.args);
        }
        run(&mut tests)?;
        say("All passed.");
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs a package's own tests; what it needs was installed when the plugins were built.
fn npm_test(folder: &str) -> Result<()> {
    let status = Command::new("npm").args(["test", "--silent"]).current_dir(paths::root().join(folder)).status();
    let status = status.context("npm did not start; is Node.js 20 installed?")?;
    if !status.success() {
        bail!("the tests of {folder} failed; their messages are above");
    }
    Ok(())
}
