//! Shell sessions of a Markdown page: its `console` blocks, run line by line, and what they print compared.

use std::path::Path;
use std::process::Stdio;

use crate::parts::{binary, command as clean};

/// One command and what the page says that it prints.
#[derive(Debug)]
struct Step {
    command: String,
    expected: Vec<String>,
}

fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        let goes_on = steps.last().is_some_and(|step| step.expected.is_empty() && step.command.ends_with('\\'));
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), expected: Vec::new() });
        } else if let Some(step) = steps.last_mut().filter(|_| goes_on) {
            step.command.push('\n');
            step.command.push_str(line);
        } else if let Some(step) = steps.last_mut() {
            step.expected.push(line.to_owned());
        }
    }
    steps
}

/// `...` stands for any lines, `[..]` for any text within one.
fn matches(expected: &[String], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "..." => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        Some((first, rest)) => {
            found.split_first().is_some_and(|(line, later)| line_matches(first, line) && matches(rest, later))
        }
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.trim_end().split("[..]").map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.trim().strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Runs the sessions of a page against the host at `url`, in the project's folder. Commands that build are taken as done.
pub fn run_sessions(page: &Path, url: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the project");
    let text = std::fs::read_to_string(root.join(page)).expect("the page is there");
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{} has a session", page.display());
    let path =
        format!("{}:{}", binary().parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    for Step { command, expected } in steps {
        if command.starts_with("cargo xtask") {
            continue;
        }
        let output = clean("bash")
            .args(["-o", "pipefail", "-c", &command.replace("http://127.0.0.1:7070", url)])
            .current_dir(root)
            .env("PATH", &path)
            .env("KAFKA_DO_URL", url)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .expect("bash runs");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "$ {command}\n{stdout}{stderr}");
        let found: Vec<&str> = stdout.lines().collect();
        assert!(
            matches(&expected, &found),
            "{}: $ {command}\nprints\n{stdout}{stderr}\nand the page says\n{}",
            page.display(),
            expected.join("\n")
        );
    }
}

#[test]
fn wildcards_match_what_they_should() {
    let page = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&page("a\n...\nd"), &["a", "b", "c", "d"]));
    assert!(matches(&page("..."), &[]));
    assert!(!matches(&page("a"), &["a", "b"]));
    assert!(!matches(&page("a\n...\nd"), &["a", "b"]));
    assert!(line_matches("x [..] y [..]", "x 1 y 2"));
    assert!(line_matches("x [..]", "x"));
    assert!(!line_matches("x [..] y", "x 1 z"));
    assert!(!line_matches("x", "x 1"));
}
