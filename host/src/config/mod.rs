//! How a host is told what to do: defaults, one TOML file, the environment, flags; the later wins.
//!
//! All settings stand in one table, [`SETTINGS`]; whatever reads, shows or documents them is derived from it. What is not
//! in it is an error, wherever it is written. Knows nothing of command lines, and is given the environment.

mod layers;
mod nearest;
mod secrets;
mod setting;
mod tier;
pub mod unit;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use ipnet::IpNet;

pub use layers::{Effective, Flag, Settings, Source};
pub use secrets::SecretSource;
pub use setting::{Group, SETTINGS, Setting, Shown};
pub use tier::{Place, TierSettings};

/// What every client assumes.
pub const DEFAULT_HTTP: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7070));
pub const DEFAULT_DATA: &str = "kafka-do-data";

/// When a commit is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// After its fsync.
    #[default]
    Always,
    /// At once; an fsync follows within this time, and a crash loses what came since the last one.
    IntervalMs(u64),
}

impl fmt::Display for Sync {
    /// As the setting is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("always"),
            Self::IntervalMs(ms) => f.write_str(&unit::ms_text(*ms)),
        }
    }
}

/// What holds for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Folder that everything is kept in.
    pub data: PathBuf,
    /// Address to serve HTTP on; port 0 takes a free one.
    pub http: SocketAddr,
    /// Folder of components to register at the start, each under its file's name.
    pub plugins: Option<PathBuf>,
    /// File of secrets for plugins.
    pub secrets: Option<PathBuf>,
    /// Networks that are not the internet's and that plugins may reach.
    pub egress_private: Vec<IpNet>,
    /// Names that the server is reached by, beside those of the loopback interface.
    pub allowed_hosts: Vec<String>,
    /// Pages that may call the server, as in `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    pub sync: Sync,
    /// Batches of all partitions together that the database keeps before they are sealed.
    pub head_bytes: u64,
    /// How long a consumer group without members keeps its offsets.
    pub group_retention_ms: u64,
    /// Where sealed segments go; `None` is the folder `tier` of the data folder.
    pub tier: Option<TierSettings>,
    /// Where old segments go.
    pub cold_tier: Option<TierSettings>,
}
