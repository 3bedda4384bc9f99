//! Structured logging. The host adds the deployment, the partition and the generation, and limits what it keeps.

use std::fmt::Display;

pub use crate::bindings::kafka_do::plugin::log::Level;
use crate::imports;

/// Whether the host keeps lines of this level: ask before formatting something costly.
pub fn enabled(level: Level) -> bool {
    level as u8 >= imports::log::max_level() as u8
}

/// Writes one line with its fields, where the host keeps that level.
pub fn write(level: Level, message: impl Display, fields: &[(&str, &str)]) {
    if enabled(level) {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        imports::log::write(level, &message.to_string(), &fields);
    }
}

/// What only the plugin's author wants to see.
pub fn debug(message: impl Display) {
    write(Level::Debug, message, &[]);
}

/// What an operator may want to see.
pub fn info(message: impl Display) {
    write(Level::Info, message, &[]);
}

/// What an operator should look at.
pub fn warn(message: impl Display) {
    write(Level::Warn, message, &[]);
}

/// What an operator must look at.
pub fn error(message: impl Display) {
    write(Level::Error, message, &[]);
}
