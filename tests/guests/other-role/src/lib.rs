//! A component that plays its role well, and another one than a deployment runs: it reads sentences, not records.
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code, reason = "what is generated speaks the canonical ABI, which is written in raw pointers")]

mod bindings {
    #![allow(clippy::pedantic, unreachable_pub, reason = "generated")]

    wit_bindgen::generate!({ world: "parsing", path: "../../../wit" });
}

use bindings::exports::kafka_do::plugin::parser::{Command, Description, Guest, Interpretation, Outcome, Utterance};

struct HelpOnly;

impl Guest for HelpOnly {
    fn describe() -> Description {
        Description {
            summary: "Answers every sentence with help.".to_owned(),
            settings_schema: r#"{"type": "object", "additionalProperties": false}"#.to_owned(),
            tables: Vec::new(),
            hosts: Vec::new(),
        }
    }

    fn parse(_: Utterance) -> Outcome {
        let help = Interpretation { command: Command::Help(None), confidence: 100, restated: "help".to_owned() };
        Outcome::Understood(vec![help])
    }
}

bindings::export!(HelpOnly with_types_in bindings);
