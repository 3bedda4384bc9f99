//! What the tests share: a host as a child process that can be killed and started again, its API, and what it stands on:
//! buckets, disks, files of its tiers.

#![allow(clippy::disallowed_methods, reason = "what happens outside a host takes real time")]

mod bad_server;
mod batch;
mod careless_s3;
mod chain;
mod data;
mod disk;
mod follower;
mod host;
mod json;
mod member;
mod numbered;
mod partition;
mod parts;
mod s3;
mod segment;
mod senders;
mod server;
mod session;
mod sink_audit;
mod stored;
mod wait;
mod webhook;
pub mod zoo;

pub use bad_server::{Answer, Attempt, BadServer, Manners, Request, scrambled};
pub use batch::{fetch_raw, shown};
pub use careless_s3::CarelessS3;
pub use chain::{Auditor, Chain};
pub use data::{EARTHQUAKES, Flight, earthquakes, flights};
pub use disk::Disk;
pub use follower::Follower;
pub use host::{Host, HostOptions, Response};
pub use json::{Record, fetch_from, read_partition, read_topic, threshold_of};
pub use member::{Member, assigned, records};
pub use numbered::Numbered;
pub use partition::{Partition, partitions, sealed};
pub use parts::{binary, command, guest, plugin, plugins};
pub use s3::S3;
pub use segment::{Segment, exact, files, segments};
pub use senders::{Sender, run_script};
pub use session::run_sessions;
pub use sink_audit::SinkAudit;
pub use stored::{Stored, read_stored};
pub use wait::{until, until_equal};
pub use webhook::Webhook;
