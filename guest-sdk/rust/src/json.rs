//! Single fields of a JSON document, without building a tree of it.

mod condition;
mod event;
mod extract;
mod field;
mod insert;
mod path;
mod scan;

pub use condition::{Comparison, Condition, Operand};
pub use event::{Event, NoEvent, group_text};
pub use extract::extract;
pub use field::{Field, Number};
pub use insert::{InsertError, insert};
pub use path::Path;
pub use scan::top_level;

/// Why a document could not be read.
#[derive(Debug)]
pub enum Error {
    NotUtf8(std::str::Utf8Error),
    NotJson(serde_json::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotUtf8(error) => write!(f, "not JSON: {error}"),
            Self::NotJson(error) => write!(f, "not JSON: {error}"),
        }
    }
}

impl std::error::Error for Error {}
