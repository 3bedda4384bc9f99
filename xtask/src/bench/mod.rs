use anyhow::Result;
use clap::Args;
use std::process::ExitCode;
#[derive(Debug, Args)]
pub(crate) struct Bench {}
impl Bench {
    pub(crate) fn run(&self, _p: crate::cargo::Profile) -> Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
