//! Which module may know which: read off the `use crate::` lines of the host.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// From the top to the bottom. A module imports only from rows below its own; modules of one row are blind to each other.
const ROWS: [&[&str]; 9] = [
    &["main"],
    &["cli"],
    &["api"],
    &["broker"],
    &["task", "coordinator"],
    &["log", "group", "plugin", "ask"],
    &["store", "tier"],
    &["model"],
    &["limits", "error", "clock", "config", "shutdown", "telemetry"],
];

/// Libraries that stay behind one module.
const OWNED: [(&str, &[&str]); 6] = [
    ("redb", &["store"]),
    ("opendal", &["tier"]),
    ("wasmtime", &["plugin"]),
    ("axum", &["api"]),
    ("clap", &["cli", "main"]),
    ("rustyline", &["cli"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

#[test]
fn imports_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were found");
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap();
        let module = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let row = row_of(module).unwrap_or_else(|| panic!("{module} has no row; give it one"));
        let text = std::fs::read_to_string(&file).unwrap();
        // What a test borrows is its own affair.
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}: {}", path.display(), number + 1, line.trim());
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let Some(below) = row_of(&used) else { continue };
                *seen.entry(used.clone()).or_default() += 1;
                if used != module && below <= row && !(row == ROWS.len() - 1 && below == row) {
                    wrong.push(place());
                }
            }
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (library, owners) in OWNED {
                let used = [format!("use {library}::"), format!(" {library}::"), format!("({library}::")];
                if used.iter().any(|used| line.contains(used)) && !owners.contains(&module) {
                    wrong.push(place());
                }
            }
        }
    }
    assert!(seen.len() > 8, "the imports were read: {seen:?}");
    assert!(wrong.is_empty(), "imports that point up or sideways:\n{}", wrong.join("\n"));
}
