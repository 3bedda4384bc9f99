//! The table of settings, and what each kind of setting takes and shows.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Serialize;
use toml::Value;

use super::tier::{Place, TierSettings};
use super::unit::{bytes_text, ms_text, parse_bytes, parse_ms};
use super::{DEFAULT_DATA, DEFAULT_HTTP, Sync};
use crate::limits::{
    GROUP_RETENTION_MS_DEFAULT, GROUP_RETENTION_MS_MAX, GROUP_RETENTION_MS_MIN, HEAD_BYTES_DEFAULT, HEAD_BYTES_MAX,
    HEAD_BYTES_MIN, SYNC_INTERVAL_MS_MAX, SYNC_INTERVAL_MS_MIN,
};

/// What the settings say so far. Begins with the defaults.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) data: PathBuf,
    pub(super) http: SocketAddr,
    pub(super) plugins: Option<PathBuf>,
    pub(super) secrets: Option<PathBuf>,
    pub(super) egress_private: Vec<IpNet>,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) allowed_origins: Vec<String>,
    pub(super) sync: Sync,
    pub(super) head_bytes: u64,
    pub(super) group_retention_ms: u64,
    /// Without a URL, it is not set.
    pub(super) tier: TierSettings,
    pub(super) cold_tier: TierSettings,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            data: DEFAULT_DATA.into(),
            http: DEFAULT_HTTP,
            plugins: None,
            secrets: None,
            egress_private: Vec::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            sync: Sync::default(),
            head_bytes: HEAD_BYTES_DEFAULT,
            group_retention_ms: GROUP_RETENTION_MS_DEFAULT,
            tier: TierSettings::default(),
            cold_tier: TierSettings::default(),
        }
    }
}

/// What can be set of a host.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file; in capitals and behind `KAFKA_DO_`, in the environment.
    pub key: &'static str,
    /// Its name on the command line, without the hyphens before it; a secret has none, for everyone sees command lines.
    pub flag: Option<&'static str>,
    pub group: Group,
    /// Whether its value is shown to nobody.
    pub is_secret: bool,
    pub help: &'static str,
    kind: Kind,
}

/// Settings that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Host,
    Durability,
    Tier,
    ColdTier,
}

/// Where a setting stands in the draft.
type At<T> = fn(&mut Draft) -> &mut T;

/// What a setting is, and where it is kept.
#[derive(Clone, Debug)]
enum Kind {
    Folder(At<PathBuf>),
    OptionalFolder(At<Option<PathBuf>>),
    OptionalFile(At<Option<PathBuf>>),
    Networks(At<Vec<IpNet>>),
    Address(At<SocketAddr>),
    Names(At<Vec<String>>),
    Sync(At<Sync>),
    Bytes(At<u64>, RangeInclusive<u64>),
    Time(At<u64>, RangeInclusive<u64>),
    Place(At<String>),
    Endpoint(At<Option<String>>),
    Text(At<Option<String>>),
}

/// Every setting, in the order in which they are shown.
pub static SETTINGS: [Setting; 22] = [
    Setting {
        key: "data",
        flag: Some("data"),
        group: Group::Host,
        is_secret: false,
        help: "Folder that everything is kept in",
        kind: Kind::Folder(|draft| &mut draft.data),
    },
    Setting {
        key: "http",
        flag: Some("http"),
        group: Group::Host,
        is_secret: false,
        help: "Address to serve HTTP on; port 0 takes a free one",
        kind: Kind::Address(|draft| &mut draft.http),
    },
    Setting {
        key: "plugins",
        flag: Some("plugins"),
        group: Group::Host,
        is_secret: false,
        help: "Folder of components to register at the start, each under its file's name",
        kind: Kind::OptionalFolder(|draft| &mut draft.plugins),
    },
    Setting {
        key: "secrets",
        flag: Some("secrets"),
        group: Group::Host,
        is_secret: false,
        help: "File of secrets for plugins, a line NAME=value each; those of the environment, KAFKA_DO_SECRET_NAME, come first",
        kind: Kind::OptionalFile(|draft| &mut draft.secrets),
    },
    Setting {
        key: "egress_private",
        flag: Some("egress-private"),
        group: Group::Host,
        is_secret: false,
        help: "Networks that are not the internet's and that plugins may reach all the same, as in 127.0.0.0/8",
        kind: Kind::Networks(|draft| &mut draft.egress_private),
    },
    Setting {
        key: "allowed_hosts",
        flag: Some("allowed-hosts"),
        group: Group::Host,
        is_secret: false,
        help: "Names that clients reach the host by, beside those of the loopback interface",
        kind: Kind::Names(|draft| &mut draft.allowed_hosts),
    },
    Setting {
        key: "allowed_origins",
        flag: Some("allowed-origins"),
        group: Group::Host,
        is_secret: false,
        help: "Web pages that may call the host, as in https://app.example.com",
        kind: Kind::Names(|draft| &mut draft.allowed_origins),
    },
    Setting {
        key: "sync",
        flag: Some("sync"),
        group: Group::Durability,
        is_secret: false,
        help: "When a produce is answered: always after its fsync, or at once, with an fsync within an interval such as \
               100ms, whose records a crash loses",
        kind: Kind::Sync(|draft| &mut draft.sync),
    },
    Setting {
        key: "head_bytes",
        flag: Some("head-bytes"),
        group: Group::Durability,
        is_secret: false,
        help: "What the database keeps of all partitions together before it is sealed into segments",
        kind: Kind::Bytes(|draft| &mut draft.head_bytes, HEAD_BYTES_MIN..=HEAD_BYTES_MAX),
    },
    Setting {
        key: "group_retention",
        flag: Some("group-retention"),
        group: Group::Durability,
        is_secret: false,
        help: "How long a consumer group without members keeps its offsets",
        kind: Kind::Time(|draft| &mut draft.group_retention_ms, GROUP_RETENTION_MS_MIN..=GROUP_RETENTION_MS_MAX),
    },
    Setting {
        key: "tier",
        flag: Some("tier"),
        group: Group::Tier,
        is_secret: false,
        help: "Where sealed segments go: s3://bucket/prefix or file:///folder; the folder tier of the data folder unless set",
        kind: Kind::Place(|draft| &mut draft.tier.url),
    },
    Setting {
        key: "tier_endpoint",
        flag: Some("tier-endpoint"),
        group: Group::Tier,
        is_secret: false,
        help: "Of a store that speaks S3, as in https://s3.example.com; AWS unless set",
        kind: Kind::Endpoint(|draft| &mut draft.tier.endpoint),
    },
    Setting {
        key: "tier_region",
        flag: Some("tier-region"),
        group: Group::Tier,
        is_secret: false,
        help: "Region of the bucket, as in eu-central-1",
        kind: Kind::Text(|draft| &mut draft.tier.region),
    },
    Setting {
        key: "tier_access_key_id",
        flag: Some("tier-access-key-id"),
        group: Group::Tier,
        is_secret: false,
        help: "Access key of the bucket; its secret comes from the file or the environment only",
        kind: Kind::Text(|draft| &mut draft.tier.access_key_id),
    },
    Setting {
        key: "tier_secret_access_key",
        flag: None,
        group: Group::Tier,
        is_secret: true,
        help: "Secret of the access key",
        kind: Kind::Text(|draft| &mut draft.tier.secret_access_key),
    },
    Setting {
        key: "tier_storage_class",
        flag: Some("tier-storage-class"),
        group: Group::Tier,
        is_secret: false,
        help: "Storage class of new objects, as in STANDARD_IA; the bucket's own unless set",
        kind: Kind::Text(|draft| &mut draft.tier.storage_class),
    },
    Setting {
        key: "cold_tier",
        flag: Some("cold-tier"),
        group: Group::ColdTier,
        is_secret: false,
        help: "Where segments go that are older than their topic's cold_after_ms: s3://bucket/prefix or file:///folder",
        kind: Kind::Place(|draft| &mut draft.cold_tier.url),
    },
    Setting {
        key: "cold_tier_endpoint",
        flag: Some("cold-tier-endpoint"),
        group: Group::ColdTier,
        is_secret: false,
        help: "As tier_endpoint, which it is taken from unless set",
        kind: Kind::Endpoint(|draft| &mut draft.cold_tier.endpoint),
    },
    Setting {
        key: "cold_tier_region",
        flag: Some("cold-tier-region"),
        group: Group::ColdTier,
        is_secret: false,
        help: "As tier_region, which it is taken from unless set",
        kind: Kind::Text(|draft| &mut draft.cold_tier.region),
    },
    Setting {
        key: "cold_tier_access_key_id",
        flag: Some("cold-tier-access-key-id"),
        group: Group::ColdTier,
        is_secret: false,
        help: "As tier_access_key_id, which it is taken from, together with its secret, unless set",
        kind: Kind::Text(|draft| &mut draft.cold_tier.access_key_id),
    },
    Setting {
        key: "cold_tier_secret_access_key",
        flag: None,
        group: Group::ColdTier,
        is_secret: true,
        help: "Secret of the cold tier's access key",
        kind: Kind::Text(|draft| &mut draft.cold_tier.secret_access_key),
    },
    Setting {
        key: "cold_tier_storage_class",
        flag: Some("cold-tier-storage-class"),
        group: Group::ColdTier,
        is_secret: false,
        help: "As tier_storage_class, which it is taken from unless set",
        kind: Kind::Text(|draft| &mut draft.cold_tier.storage_class),
    },
];

/// A setting's value, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Shown {
    Unset,
    Text(String),
    Names(Vec<String>),
}

impl Setting {
    /// Its variable in the environment.
    pub fn variable(&self) -> String {
        format!("KAFKA_DO_{}", self.key.to_ascii_uppercase())
    }

    /// What its value is called in the help of a command.
    pub fn value_name(&self) -> &'static str {
        match self.kind {
            Kind::Folder(_) | Kind::OptionalFolder(_) => "DIR",
            Kind::OptionalFile(_) => "FILE",
            Kind::Networks(_) => "NETWORKS",
            Kind::Address(_) => "ADDR",
            Kind::Names(_) => "NAMES",
            Kind::Sync(_) => "WHEN",
            Kind::Bytes(..) => "SIZE",
            Kind::Time(..) => "TIME",
            Kind::Place(_) | Kind::Endpoint(_) => "URL",
            Kind::Text(_) => "TEXT",
        }
    }

    pub fn is_list(&self) -> bool {
        matches!(self.kind, Kind::Names(_) | Kind::Networks(_))
    }

    /// What holds where nobody says anything.
    pub fn default(&self) -> Shown {
        self.shown(&mut Draft::default())
    }

    /// The end of "it is not ...".
    pub(super) fn expected(&self) -> String {
        match &self.kind {
            Kind::Folder(_) | Kind::OptionalFolder(_) => "a folder".to_owned(),
            Kind::OptionalFile(_) => "a file".to_owned(),
            Kind::Networks(_) => "a list of networks, as in 127.0.0.0/8, fd00::/8".to_owned(),
            Kind::Address(_) => format!("an address with a port, as in {DEFAULT_HTTP}"),
            Kind::Names(_) => "a list of names".to_owned(),
            Kind::Sync(_) => format!(
                "always or an interval from {} to {}, as in 100ms",
                ms_text(SYNC_INTERVAL_MS_MIN),
                ms_text(SYNC_INTERVAL_MS_MAX)
            ),
            Kind::Bytes(_, range) => {
                format!("a size from {} to {}, as in 256MiB", bytes_text(*range.start()), bytes_text(*range.end()))
            }
            Kind::Time(_, range) => {
                format!("a time from {} to {}, as in 7d", ms_text(*range.start()), ms_text(*range.end()))
            }
            Kind::Place(_) => "s3://bucket, s3://bucket/prefix or file:///folder, without keys in it".to_owned(),
            Kind::Endpoint(_) => "http://host or https://host, with a port where it has one".to_owned(),
            Kind::Text(_) => "a text".to_owned(),
        }
    }

    /// Takes a value from a flag or a variable; names in a list are separated by commas. The error tells what was given.
    pub(super) fn set_text(&self, draft: &mut Draft, text: &str) -> Result<(), String> {
        let wrong = || {
            // Keys are written into URLs at times.
            let is_fit_to_show = !self.is_secret && !text.contains('@');
            if is_fit_to_show { format!("{text:?}") } else { "what is given".to_owned() }
        };
        let text = text.trim();
        if text.is_empty() && !self.is_list() {
            return Err("an empty text".to_owned());
        }
        match &self.kind {
            Kind::Folder(at) => *at(draft) = text.into(),
            Kind::OptionalFolder(at) | Kind::OptionalFile(at) => *at(draft) = Some(text.into()),
            Kind::Networks(at) => *at(draft) = networks(text.split(',')).ok_or_else(wrong)?,
            Kind::Address(at) => *at(draft) = text.parse().map_err(|_| wrong())?,
            Kind::Names(at) => {
                *at(draft) =
                    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
            }
            Kind::Sync(at) => *at(draft) = sync(text).ok_or_else(wrong)?,
            Kind::Bytes(at, range) => {
                let bytes = parse_bytes(text).ok().filter(|bytes| range.contains(bytes));
                *at(draft) = bytes.ok_or_else(wrong)?;
            }
            Kind::Time(at, range) => {
                let ms = parse_ms(text).ok().filter(|ms| range.contains(ms));
                *at(draft) = ms.ok_or_else(wrong)?;
            }
            Kind::Place(at) => *at(draft) = Place::parse(text).ok_or_else(wrong)?.to_string(),
            Kind::Endpoint(at) => *at(draft) = Some(endpoint(text).ok_or_else(wrong)?.to_owned()),
            Kind::Text(at) => *at(draft) = Some(text.to_owned()),
        }
        Ok(())
    }

    /// Takes a value from the file. The error tells what was given.
    pub(super) fn set_toml(&self, draft: &mut Draft, value: &Value) -> Result<(), String> {
        match (&self.kind, value) {
            (Kind::Names(at), Value::Array(items)) => {
                let names = items.iter().map(|item| item.as_str().map(str::to_owned));
                *at(draft) = names.collect::<Option<_>>().ok_or("a list with something else in it")?;
                Ok(())
            }
            (Kind::Networks(at), Value::Array(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                *at(draft) = networks(texts.ok_or("a list with something else in it")?.into_iter())
                    .ok_or("a list with something else in it")?;
                Ok(())
            }
            (Kind::Bytes(..), Value::Integer(bytes)) => self.set_text(draft, &bytes.to_string()),
            (Kind::Names(_) | Kind::Networks(_), _) => Err(named(value).to_owned()),
            (_, Value::String(text)) => self.set_text(draft, text),
            _ => Err(named(value).to_owned()),
        }
    }

    /// What stands in the draft; of a secret, whether it is set.
    pub(super) fn shown(&self, draft: &mut Draft) -> Shown {
        let text = |text: Option<String>| text.map_or(Shown::Unset, Shown::Text);
        let shown = match &self.kind {
            Kind::Folder(at) => Shown::Text(at(draft).display().to_string()),
            Kind::OptionalFolder(at) | Kind::OptionalFile(at) => {
                text(at(draft).as_ref().map(|path| path.display().to_string()))
            }
            Kind::Address(at) => Shown::Text(at(draft).to_string()),
            Kind::Names(at) => Shown::Names(at(draft).clone()),
            Kind::Networks(at) => Shown::Names(at(draft).iter().map(IpNet::to_string).collect()),
            Kind::Sync(at) => Shown::Text(at(draft).to_string()),
            Kind::Bytes(at, _) => Shown::Text(bytes_text(*at(draft))),
            Kind::Time(at, _) => Shown::Text(ms_text(*at(draft))),
            Kind::Place(at) => text(Some(at(draft).clone()).filter(|url| !url.is_empty())),
            Kind::Endpoint(at) | Kind::Text(at) => text(at(draft).clone()),
        };
        if self.is_secret && shown != Shown::Unset { Shown::Text("(set)".to_owned()) } else { shown }
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unset => f.write_str("-"),
            Self::Names(names) if names.is_empty() => f.write_str("-"),
            Self::Text(text) => f.write_str(text),
            Self::Names(names) => f.write_str(&names.join(", ")),
        }
    }
}

fn named(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text alone",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

fn sync(text: &str) -> Option<Sync> {
    if text == "always" {
        return Some(Sync::Always);
    }
    let ms = parse_ms(text).ok()?;
    (SYNC_INTERVAL_MS_MIN..=SYNC_INTERVAL_MS_MAX).contains(&ms).then_some(Sync::IntervalMs(ms))
}

/// Networks, or addresses that stand for themselves.
fn networks<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Vec<IpNet>> {
    let network = |text: &str| text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from)).ok();
    texts.map(str::trim).filter(|text| !text.is_empty()).map(network).collect()
}

/// A scheme and an authority, and nothing behind them but the slash that they may end in.
fn endpoint(text: &str) -> Option<&str> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (!authority.is_empty() && authority.bytes().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn one_key_has_one_flag_and_one_variable() {
        let keys: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        assert_eq!(keys.len(), SETTINGS.len());
        for Setting { key, flag, is_secret, .. } in &SETTINGS {
            assert_eq!(flag.map(|flag| flag.replace('-', "_")), (!is_secret).then(|| (*key).to_owned()));
        }
    }

    #[test]
    fn each_setting_has_a_place_of_its_own() {
        for setting in &SETTINGS {
            let given = match setting.kind {
                Kind::Address(_) => "0.0.0.0:1",
                Kind::Sync(_) => "7s",
                Kind::Bytes(..) => "17MiB",
                Kind::Time(..) => "36h",
                Kind::Place(_) => "s3://bucket",
                Kind::Endpoint(_) => "http://endpoint",
                Kind::Networks(_) => "10.0.0.0/8",
                Kind::Folder(_) | Kind::OptionalFolder(_) | Kind::OptionalFile(_) | Kind::Names(_) | Kind::Text(_) => {
                    "something"
                }
            };
            let mut draft = Draft::default();
            setting.set_text(&mut draft, given).unwrap();
            let changed = SETTINGS.iter().filter(|other| other.shown(&mut draft) != other.default());
            assert_eq!(changed.map(|other| other.key).collect::<Vec<_>>(), [setting.key]);
        }
    }

    #[test]
    fn the_readme_documents_each_setting() {
        let readme = include_str!("../../../README.md");
        for setting in &SETTINGS {
            let default = match setting.default() {
                Shown::Unset => String::new(),
                Shown::Names(names) if names.is_empty() => String::new(),
                other => format!("`{other}` "),
            };
            let row = format!("| `{}` | {} | {default}|", setting.key, setting.help);
            assert!(readme.contains(&row), "README.md lacks this row:\n{row}");
        }
    }

    #[test]
    fn endpoints_are_hosts() {
        for (text, kept) in
            [("https://a.example.com/", "https://a.example.com"), ("http://[::1]:9000", "http://[::1]:9000")]
        {
            assert_eq!(endpoint(text), Some(kept));
        }
        for text in ["a.example.com", "https://", "https://a/b", "https://key:secret@a", "https://a?b", "ftp://a"] {
            assert_eq!(endpoint(text), None, "{text}");
        }
    }
}
