//! The load generator of the host's own binary: durable produce as its clients see it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::environment;

/// What the load generator saw.
#[derive(Debug, Deserialize)]
pub(super) struct Load {
    pub(super) records_per_s: f64,
    pub(super) mib_per_s: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
}

/// Loads what listens there, with records of 1 KiB.
pub(super) fn load(binary: &Path, address: SocketAddr, seconds: u64, arguments: &[&str]) -> Result<Load> {
    let output = environment::for_host(&mut Command::new(binary))
        .args(["--json", "--url", &format!("http://{address}"), "bench"])
        .args(arguments)
        // The topic is on a host that is about to go.
        .args(["--keep", "--record-bytes", "1024", "--seconds", &seconds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("the load generator did not start")?;
    if !output.status.success() {
        bail!("the load generator ended with {}; its messages are above", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the load generator's answer is of an unknown form")
}
