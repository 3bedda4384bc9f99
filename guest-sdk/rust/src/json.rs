//! Single fields of a JSON document, without building a tree of it.

mod condition;
mod extract;
mod field;
mod path;
mod scan;

pub use condition::{Comparison, Condition, Operand};
pub use extract::extract;
pub use field::{Field, Number};
pub use path::Path;

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
