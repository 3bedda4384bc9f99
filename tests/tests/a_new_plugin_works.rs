//! `plugin new` makes a project that tests, builds and runs as it stands, far from this workspace.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::path::Path;

use kafka_do_tests::{Host, binary, command, read_topic};

fn run(program: &str, arguments: &[&str], folder: &Path, url: &str) {
    // One target folder for all runs: the library source of wasm32 is compiled once.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/new-plugin");
    let output = command(program)
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("KAFKA_DO_URL", url)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}\n{}{}", said(&output.stdout), said(&output.stderr));
}

/// Starts a plugin in a language, tests it with these commands, builds it and runs it.
async fn works(language: &[&'static str], tests: &'static [(&'static str, &'static [&'static str])]) {
    let host = Host::start().await;
    let url = host.url();
    let new = [&["plugin", "new", "large-orders"], language].concat();
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let binary = binary();
        let binary = binary.to_str().unwrap();
        let cli = |arguments: &[&str], folder: &Path| run(binary, arguments, folder, &url);
        cli(&new, folder.path());
        let project = folder.path().join("large-orders");
        for (program, arguments) in tests {
            run(program, arguments, &project, &url);
        }
        cli(&["plugin", "build", "--out-dir", "built"], &project);
        cli(&["topic", "create", "orders"], &project);
        let component = ["plugin", "deploy", "built/large-orders.wasm", "--from", "orders", "--to", "large"];
        cli(&[&component[..], &["--settings", r#"{"amount_min": 100}"#]].concat(), &project);
        cli(&["produce", "orders", r#"{"amount": 250.5}"#], &project);
        cli(&["produce", "orders", r#"{"amount": 2.5}"#], &project);
    })
    .await
    .unwrap();
    host.caught_up("large-orders").await;
    let large = read_topic(&host, "large").await.remove(0);
    assert_eq!(large.len(), 1);
    assert_eq!(large[0].value["amount"], 250.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_it_stands() {
    works(&[], &[("cargo", &["test", "--quiet"])]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_javascript_too() {
    works(&["--language", "js"], &[("npm", &["install", "--silent"]), ("npm", &["test", "--silent"])]).await;
}
