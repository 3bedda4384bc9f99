//! Pure nouns: no clock, no I/O, no lock. Everything above speaks in these.

pub mod batch;
pub mod command;
pub mod condition;
pub mod dead_letter;
pub mod deployment;
pub mod egress;
pub mod event;
pub mod generation;
pub mod group;
pub mod hook_path;
pub mod json_path;
pub mod name;
pub mod partitioner;
pub mod pipeline;
pub mod plugin;
pub mod record;
pub mod request;
pub mod secret;
pub mod segment;
pub mod subscription;
pub mod topic;
pub mod varint;
