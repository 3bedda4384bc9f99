//! Senders that are not ours: the scripts of tests/senders, which sign with the senders' own libraries.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::parts::{command, root};
use crate::webhook::Webhook;

/// What one run of a script sends.
pub struct Sender {
    pub webhooks: Vec<Webhook>,
    /// The object that tells of each.
    pub told: Vec<Value>,
}

fn folder() -> PathBuf {
    let folder = root().join("tests/senders");
    assert!(folder.join("node_modules").is_dir(), "{} is not installed; run cargo xtask tools", folder.display());
    folder
}

/// Runs a script to its end, and answers what it prints.
pub fn run_script(script: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut node = command("node");
    node.arg(script).args(arguments).current_dir(folder());
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = node.spawn().unwrap_or_else(|error| panic!("node: {error}; is Node.js 20 installed?"));
    // A script that reads prints at its end only, so neither waits for the other.
    let mut stdin = child.stdin.take().expect("it is piped");
    let written = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    written.expect("it reads what it is given");
    String::from_utf8(output.stdout).expect("UTF-8")
}

impl Sender {
    pub fn run(script: &str, arguments: &[&str]) -> Self {
        let told: Vec<Value> = run_script(script, arguments, b"")
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object a line"))
            .collect();
        Self { webhooks: told.iter().map(webhook).collect(), told }
    }
}

fn webhook(told: &Value) -> Webhook {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {told}")).to_owned();
    let headers = told["headers"].as_object().expect("headers");
    Webhook {
        headers: headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        body: STANDARD.decode(text(&told["body"])).expect("base64"),
        event: text(&told["event"]),
        id: text(&told["id"]),
    }
}
