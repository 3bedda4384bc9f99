//! `cargo xtask test`: every test, from nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::{Profile, cargo, run};
use crate::{clock, environment, paths, plugins, tools};

/// The npm package `kafka.do`.
const CLIENT: &str = "client";

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Test optimised code
    #[arg(long)]
    release: bool,
    /// Only tests whose names contain this, and none of the client's
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
            npm(folder, &["test"], &[])?;
        }

        // One resolution of features for the host's binary and the tests: two would build half the dependencies twice.
        say("The host and the tests.");
        run(cargo("build", profile).args(["--workspace", "--bins", "--tests"]))?;

        if self.filter.is_none() {
            say("The TypeScript client, beside the host.");
            tools::packages(CLIENT)?;
            let parts = [("KAFKA_DO_BIN", profile.host()), ("KAFKA_DO_PLUGINS", paths::plugins())];
            npm(CLIENT, &["run", "check"], &[])?;
            npm(CLIENT, &["run", "package"], &[])?;
            npm(CLIENT, &["test"], &parts)?;
        }

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

/// Runs a script of a package, whose own packages are installed.
fn npm(folder: &str, script: &[&str], environment: &[(&str, PathBuf)]) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(script).arg("--silent").current_dir(paths::root().join(folder));
    npm.envs(environment.iter().map(|(name, value)| (name, value)));
    let status = npm.status().with_context(|| format!("npm did not start; {}", tools::HOW_TO_GET_NODE))?;
    if !status.success() {
        bail!("npm {} in {folder} failed; its messages are above", script.join(" "));
    }
    Ok(())
}
