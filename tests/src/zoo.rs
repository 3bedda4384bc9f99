//! The zoo: every guest of `tests/guests` and every mode of those that have several, with how it must end; and what must
//! not notice, the neighbour and the host's memory.

mod cases;
mod connectors;
mod memory;
mod neighbour;

use serde_json::{Value, json};

pub use cases::ZOO;
pub use connectors::{BAD_PARSERS, BAD_SINKS, BAD_SOURCES, BAD_WEBHOOKS, CONNECTORS, ConnectorCase, ConnectorEnd};
pub use memory::Memory;
pub use neighbour::{Latencies, Neighbour};

use crate::parts::root;

/// Records that each case is given.
pub const RECORDS: u64 = 50;
/// The one that sets off the modes which wait for it.
pub const MARKED: u64 = 20;

/// One way to go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The folder in `tests/guests`.
    pub guest: &'static str,
    /// Where the guest has several.
    pub mode: Option<&'static str>,
    pub end: End,
}

/// How it must end, and a part of what the operator must get to see.
#[derive(Clone, Copy, Debug)]
pub enum End {
    UploadRefused {
        code: &'static str,
        says: &'static str,
    },
    DeployRefused {
        status: u16,
        code: &'static str,
        says: &'static str,
    },
    /// As a newer version of a plugin that keeps state.
    SwapRefused {
        code: &'static str,
        says: &'static str,
    },
    /// The task stands before this offset, in this state; what came before is through, and nothing else.
    Stands {
        state: &'static str,
        next_offset: u64,
        says: &'static str,
    },
    /// All is read, and all but these became output.
    Passes {
        dead_letters: u64,
    },
}

impl Case {
    /// What its topics and its deployment are named after.
    pub fn name(&self) -> &'static str {
        self.mode.unwrap_or(self.guest)
    }

    /// The settings that it is deployed with.
    pub fn settings(&self) -> Value {
        match (self.guest, self.mode) {
            (_, Some(mode)) => json!({ "mode": mode }),
            ("filter-next", None) => json!({"path": "n", "comparison": "greater-or-equal", "operand": 0}),
            _ => json!({}),
        }
    }
}

/// The values of the records that each case is given.
pub fn values() -> Vec<Value> {
    (0..RECORDS).map(|n| if n == MARKED { json!({"n": n, "x": "poison"}) } else { json!({ "n": n }) }).collect()
}

/// Each guest, with each of its modes, as the folders and the schemas of their settings have them.
pub fn offered() -> Vec<(String, Option<String>)> {
    let mut offered = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/guests")).expect("the guests are there") {
        let folder = entry.expect("it can be read").path();
        if !folder.join("Cargo.toml").is_file() {
            continue;
        }
        let guest = folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let schema = std::fs::read(folder.join("settings.schema.json")).unwrap_or_else(|_| b"{}".to_vec());
        let schema: Value = serde_json::from_slice(&schema).expect("a schema");
        match schema["properties"]["mode"]["enum"].as_array() {
            Some(modes) => {
                let mode = |mode: &Value| mode.as_str().expect("a name").to_owned();
                offered.extend(modes.iter().map(|it| (guest.clone(), Some(mode(it)))));
            }
            None => offered.push((guest, None)),
        }
    }
    offered
}
