//! `kafka-do config`: what would hold for a host, and where each of it was said.

use clap::Args;
use serde::Serialize;

use super::flags::{Flags, Host};
use super::output::{Column, Output, Table, print};
use crate::config::{Effective, Shown, Source};

/// Show the settings that serve would run with, and where each comes from
///
/// Takes the flags of serve, and reads the same file and environment. Secrets are shown as (set). With --json, a list of
/// {"key", "value", "source"}, where source is default, file, environment or flag, and "name" is that of the file, the
/// variable or the flag.
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(flatten)]
    flags: Flags<Host>,
}

impl Config {
    pub(super) fn run(&self, output: Output) -> anyhow::Result<()> {
        let settings = self.flags.settings()?;
        let rows = settings.effective();
        // It is shown also where it does not fit together: that is when somebody looks.
        if output.json {
            print(&json(&rows)?)?;
        } else {
            print(&table(&rows))?;
        }
        settings.config()?;
        Ok(())
    }
}

fn table(rows: &[Effective]) -> String {
    let mut table = Table::new(&[Column::Text("key"), Column::Text("value"), Column::Text("source")]);
    for Effective { key, value, source } in rows {
        table.add([(*key).to_owned(), value.to_string(), source.to_string()]);
    }
    table.text()
}

/// A setting for programs.
#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    value: &'a Shown,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

fn json(rows: &[Effective]) -> serde_json::Result<String> {
    let rows = rows.iter().map(|Effective { key, value, source }| {
        let (source, name) = match source {
            Source::Default => ("default", None),
            Source::File(path) => ("file", Some(path.display().to_string())),
            Source::Environment(name) => ("environment", Some(name.clone())),
            Source::Flag(name) => ("flag", Some(format!("--{name}"))),
        };
        Row { key, value, source, name }
    });
    serde_json::to_string(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Flag, Settings};

    #[test]
    fn rows_are_for_people_and_for_programs() {
        let environment = [("KAFKA_DO_TIER_SECRET_ACCESS_KEY".into(), "hush".into())];
        let flag = Flag { key: "head_bytes", name: "head-bytes", value: "1GiB".to_owned() };
        let rows = Settings::layered(None, environment, &[flag]).unwrap().effective();
        let shown = table(&rows);
        assert!(shown.lines().any(|line| line.split_whitespace().eq(["head_bytes", "1GiB", "flag", "--head-bytes"])));
        assert!(shown.contains("(set)") && !shown.contains("hush"), "{shown}");
        let json: serde_json::Value = serde_json::from_str(&json(&rows).unwrap()).unwrap();
        let row = |key: &str| json.as_array().unwrap().iter().find(|row| row["key"] == key).unwrap().clone();
        let head = json!({ "key": "head_bytes", "value": "1GiB", "source": "flag", "name": "--head-bytes" });
        assert_eq!(row("head_bytes"), head);
        assert_eq!(row("plugins"), json!({ "key": "plugins", "value": null, "source": "default" }));
        assert_eq!(row("allowed_hosts")["value"], json!([]));
        assert_eq!(row("tier_secret_access_key")["value"], "(set)");
    }
}
