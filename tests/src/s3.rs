//! An S3 server of one's own: s3s-fs, which checks signatures and keeps conditional writes, over a folder.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::host::HostOptions;
use crate::parts::{command, from_environment};
use crate::server::Server;

const BUCKET: &str = "records";
const ACCESS_KEY: &str = "a-key-of-the-tests";
const SECRET_KEY: &str = "hunter2-and-nobody-else";

pub struct S3 {
    server: Server,
    /// Each bucket is a folder in it, each object a file in that.
    folder: TempDir,
}

fn binary() -> PathBuf {
    let path = from_environment("KAFKA_DO_TEST_S3", "target/tools/bin/s3s-fs");
    assert!(
        path.is_file(),
        "{} is not there: `cargo xtask tools` installs it; or set KAFKA_DO_TEST_S3 to an s3s-fs",
        path.display()
    );
    path
}

impl S3 {
    /// Starts with one empty bucket.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let (binary, root) = (binary(), folder.path().to_owned());
        let server = Server::start(move |port| {
            let mut server = command(&binary);
            server.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
            server.args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY]).arg(&root).env("RUST_LOG", "off");
            server
        })
        .await;
        Self { server, folder }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    pub fn url(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// Where the objects below a prefix are files.
    pub fn folder(&self, prefix: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(prefix)
    }

    /// How a process is told of it: flags, and variables for the keys.
    pub fn flags(&self) -> [String; 4] {
        ["--tier-endpoint".into(), self.endpoint(), "--tier-region".into(), "us-east-1".into()]
    }

    pub fn keys(&self) -> [(&'static str, &'static str); 2] {
        [("KAFKA_DO_TIER_ACCESS_KEY_ID", ACCESS_KEY), ("KAFKA_DO_TIER_SECRET_ACCESS_KEY", SECRET_KEY)]
    }

    /// A host whose tier it is.
    pub fn host(&self, prefix: &str) -> HostOptions {
        let flags = self.flags();
        let mut options = HostOptions::default().arguments(&["--tier", &self.url(prefix)]);
        options = options.arguments(&flags.each_ref().map(String::as_str));
        for (name, value) in self.keys() {
            options = options.variable(name, value);
        }
        options
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Another one over the same folder, on the same port.
    pub async fn restart(&mut self) {
        self.server.restart().await;
    }

    /// Stops it where it stands, so that what is on its way to it stays on its way.
    pub fn pause(&self) {
        self.server.pause();
    }

    pub fn resume(&self) {
        self.server.resume();
    }

    /// Whether a request is on its way to it, or in its middle.
    pub fn has_unread(&self) -> bool {
        self.server.has_unread()
    }
}
