//! An S3 server that ignores If-None-Match: nanio, from `PyPI`, in an environment of its own below target/tools.

use std::fs::File;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::host::HostOptions;
use crate::parts::{command, tools};
use crate::server::Server;

const PACKAGE: &str = "nanio==0.1.7";
const ACCESS_KEY: &str = "a-key-of-the-tests";
const SECRET_KEY: &str = "hunter2-and-nobody-else";

pub struct CarelessS3 {
    server: Server,
    folder: TempDir,
}

/// Installs it where it is missing. Tests of several processes wait for one another.
fn binary() -> PathBuf {
    let folder = tools().join("nanio");
    let binary = folder.join("bin/nanio");
    std::fs::create_dir_all(tools()).expect("a folder for tools");
    let lock = File::create(tools().join("nanio.lock")).expect("a lock");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("it can be locked");
    if !binary.is_file() {
        let run = |program: &str, arguments: &[&str]| {
            let output = command(program).args(arguments).output();
            let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {said}; {PACKAGE} of PyPI is needed here");
        };
        let text = folder.to_str().expect("a path in UTF-8");
        run("python3", &["-m", "venv", "--clear", text]);
        run(&format!("{text}/bin/pip"), &["install", "--quiet", "--disable-pip-version-check", PACKAGE]);
    }
    binary
}

impl CarelessS3 {
    /// Starts with one empty bucket.
    pub async fn start() -> Self {
        let binary = tokio::task::spawn_blocking(binary).await.expect("it installs");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("records")).expect("a bucket");
        let server = Server::start(move |port| {
            let mut server = command(&binary);
            server.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]);
            server.args(["--log-level", "error", "--no-access-log", "--data-dir"]).arg(&data);
            server.env("NANIO_ACCESS_KEY", ACCESS_KEY).env("NANIO_SECRET_KEY", SECRET_KEY);
            server
        })
        .await;
        Self { server, folder }
    }

    /// A host that is told to keep its segments there.
    pub fn host(&self) -> HostOptions {
        self.host_at("s3://records/tier")
    }

    pub fn host_at(&self, url: &str) -> HostOptions {
        let endpoint = format!("http://127.0.0.1:{}", self.server.port());
        HostOptions::default()
            .arguments(&["--tier", url, "--tier-endpoint", &endpoint, "--tier-region", "us-east-1"])
            .variable("KAFKA_DO_TIER_ACCESS_KEY_ID", ACCESS_KEY)
            .variable("KAFKA_DO_TIER_SECRET_ACCESS_KEY", SECRET_KEY)
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().join("data/records")
    }
}
