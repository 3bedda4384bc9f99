//! The shell sessions of the README and of each plugin's page do what the page says.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::Path;

use kafka_do_tests::{Host, plugins, run_sessions};

async fn check(page: &'static str) {
    let host = Host::start_with(&["--plugins", plugins().to_str().unwrap()]).await;
    let url = host.url();
    tokio::task::spawn_blocking(move || run_sessions(Path::new(page), &url)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour() {
    let _ = std::fs::remove_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/my-plugin"));
    check("README.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_json() {
    check("plugins/filter-json/README.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn count_window() {
    check("plugins/count-window/README.md").await;
}
