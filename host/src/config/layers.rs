//! Default, file, environment, flag: each layer takes the word of the one before, and what holds is known by its source.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Table;

use super::nearest::nearest;
use super::setting::{Draft, SETTINGS, Setting, Shown};
use super::tier::{Place, TierSettings};
use super::{Config, Group};
use crate::error::{Error, Result};

const PREFIX: &str = "KAFKA_DO_";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    /// The variable's name.
    Environment(String),
    /// The flag's name, without the hyphens before it.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Flag {
    pub key: &'static str,
    /// What it is called there, without the hyphens before it.
    pub name: &'static str,
    pub value: String,
}

/// All settings, and where each comes from.
#[derive(Clone, Debug)]
pub struct Settings {
    draft: Draft,
    /// In the order of the table.
    sources: Vec<Source>,
}

/// One setting as it holds.
#[derive(Clone, Debug)]
pub struct Effective {
    pub key: &'static str,
    pub value: Shown,
    pub source: Source,
}

/// What a bucket needs beside its URL: its keys as the tier's and as the cold tier's, and where it is kept.
struct Part {
    tier: &'static str,
    cold_tier: &'static str,
    at: fn(&mut TierSettings) -> &mut Option<String>,
}

const ENDPOINT: Part = Part { tier: "tier_endpoint", cold_tier: "cold_tier_endpoint", at: |tier| &mut tier.endpoint };
const REGION: Part = Part { tier: "tier_region", cold_tier: "cold_tier_region", at: |tier| &mut tier.region };
const CLASS: Part =
    Part { tier: "tier_storage_class", cold_tier: "cold_tier_storage_class", at: |tier| &mut tier.storage_class };
const KEY_ID: Part =
    Part { tier: "tier_access_key_id", cold_tier: "cold_tier_access_key_id", at: |tier| &mut tier.access_key_id };
const SECRET: Part = Part {
    tier: "tier_secret_access_key",
    cold_tier: "cold_tier_secret_access_key",
    at: |tier| &mut tier.secret_access_key,
};

impl Part {
    fn key(&self, group: Group) -> &'static str {
        if group == Group::ColdTier { self.cold_tier } else { self.tier }
    }
}

impl Settings {
    /// Reads all layers. Each value is checked, also where a later layer wins.
    pub fn layered(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        flags: &[Flag],
    ) -> Result<Self> {
        let mut settings = Self { draft: Draft::default(), sources: vec![Source::Default; SETTINGS.len()] };
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Error::invalid("config-unreadable", format!("{} cannot be read: {error}", path.display()))
            })?;
            settings.take_file(path, &text)?;
        }
        settings.take_environment(environment)?;
        settings.take_flags(flags)?;
        settings.hand_down();
        Ok(settings)
    }

    fn take_file(&mut self, path: &Path, text: &str) -> Result<()> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let (line, at) = place(text, error.span().map_or(0, |span| span.start));
            let at = at.map(|key| format!(" ({key})")).unwrap_or_default();
            invalid(format!("{}, line {line}{at}: {}", path.display(), error.message()))
        })?;
        for (key, value) in &table {
            let index = index_of(key).ok_or_else(|| {
                let meant = nearest(key, SETTINGS.iter().map(|setting| setting.key)).map(str::to_owned);
                unknown(&format!("{key} in {}", path.display()), meant)
            })?;
            let taken = SETTINGS[index].set_toml(&mut self.draft, value);
            self.taken(index, Source::File(path.to_owned()), taken)?;
        }
        Ok(())
    }

    fn take_environment(&mut self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<()> {
        for (name, value) in environment {
            let name = name.to_string_lossy();
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            if key == "URL" || key.starts_with("SECRET_") || key.starts_with("TEST_") {
                continue;
            }
            let position = SETTINGS.iter().position(|setting| setting.variable() == name);
            let index = position.ok_or_else(|| {
                let key = key.to_ascii_lowercase();
                let meant = nearest(&key, SETTINGS.iter().map(|setting| setting.key));
                unknown(&format!("{name} in the environment"), meant.and_then(by_key).map(Setting::variable))
            })?;
            let taken = match value.to_str() {
                Some(text) => SETTINGS[index].set_text(&mut self.draft, text),
                None => Err("what is no UTF-8".to_owned()),
            };
            self.taken(index, Source::Environment(name.into_owned()), taken)?;
        }
        Ok(())
    }

    fn take_flags(&mut self, flags: &[Flag]) -> Result<()> {
        for Flag { key, name, value } in flags {
            let index = index_of(key).ok_or_else(|| unknown(&format!("--{name}"), None))?;
            let taken = SETTINGS[index].set_text(&mut self.draft, value);
            self.taken(index, Source::Flag(name), taken)?;
        }
        Ok(())
    }

    fn taken(&mut self, index: usize, source: Source, taken: Result<(), String>) -> Result<()> {
        let setting = &SETTINGS[index];
        taken.map_err(|what| invalid(format!("{} ({source}): {what} is not {}", setting.key, setting.expected())))?;
        self.sources[index] = source;
        Ok(())
    }

    /// The cold tier takes what it leaves out from the tier, where both are buckets. A key and its secret stay together:
    /// half of a pair would be of no use.
    fn hand_down(&mut self) {
        if !(self.draft.tier.is_bucket() && self.draft.cold_tier.is_bucket()) {
            return;
        }
        let cold = &self.draft.cold_tier;
        let has_own_keys = cold.access_key_id.is_some() || cold.secret_access_key.is_some();
        let keys: &[Part] = if has_own_keys { &[] } else { &[KEY_ID, SECRET] };
        for part in [ENDPOINT, REGION, CLASS].iter().chain(keys) {
            let Draft { tier, cold_tier, .. } = &mut self.draft;
            let (given, own) = ((part.at)(tier), (part.at)(cold_tier));
            if own.is_none() && given.is_some() {
                own.clone_from(given);
                if let (Some(from), Some(to)) = (index_of(part.tier), index_of(part.cold_tier)) {
                    self.sources[to] = self.sources[from].clone();
                }
            }
        }
    }

    /// What holds for a host, once all of it fits together.
    pub fn config(&self) -> Result<Config> {
        let tier = self.tier()?;
        let cold_tier = self.cold_tier()?;
        self.check_strays(Group::Tier, "tier", &self.draft.tier)?;
        self.check_strays(Group::ColdTier, "cold_tier", &self.draft.cold_tier)?;
        let Draft {
            data,
            http,
            plugins,
            secrets,
            egress_private,
            allowed_hosts,
            allowed_origins,
            sync,
            head_bytes,
            group_retention_ms,
            ..
        } = self.draft.clone();
        if let Some(cold) = &cold_tier {
            let folder = data.join("tier");
            let own = TierSettings {
                url: Place::Folder(std::path::absolute(&folder).unwrap_or(folder)).to_string(),
                ..TierSettings::default()
            };
            let warm = tier.as_ref().unwrap_or(&own);
            if (&warm.url, &warm.endpoint) == (&cold.url, &cold.endpoint) {
                return Err(invalid(format!(
                    "cold_tier ({}): {} is the tier itself; name another place, such as a prefix of its own in the bucket",
                    self.source("cold_tier"),
                    cold.url
                )));
            }
        }
        Ok(Config {
            data,
            http,
            plugins,
            secrets,
            egress_private,
            allowed_hosts,
            allowed_origins,
            sync,
            head_bytes,
            group_retention_ms,
            tier,
            cold_tier,
        })
    }

    /// The folder that everything is kept in.
    pub fn data(&self) -> &Path {
        &self.draft.data
    }

    /// The tier alone; `None` is the folder in the data folder. What only a bucket has is left out where it is a folder.
    pub fn tier(&self) -> Result<Option<TierSettings>> {
        self.named(Group::Tier, &self.draft.tier)
    }

    /// The cold tier alone.
    pub fn cold_tier(&self) -> Result<Option<TierSettings>> {
        self.named(Group::ColdTier, &self.draft.cold_tier)
    }

    /// All settings as they hold, in the order of the table.
    pub fn effective(&self) -> Vec<Effective> {
        let mut draft = self.draft.clone();
        let own = draft.data.join("tier").display().to_string();
        let rows = SETTINGS.iter().zip(&self.sources).map(|(setting, source)| {
            let value = match setting.shown(&mut draft) {
                Shown::Unset if setting.key == "tier" => Shown::Text(own.clone()),
                value => value,
            };
            Effective { key: setting.key, value, source: source.clone() }
        });
        rows.collect()
    }

    /// A tier that is set, with its keys checked.
    fn named(&self, group: Group, tier: &TierSettings) -> Result<Option<TierSettings>> {
        if tier.url.is_empty() {
            return Ok(None);
        }
        if !tier.is_bucket() {
            return Ok(Some(TierSettings { url: tier.url.clone(), ..TierSettings::default() }));
        }
        let lone = |set: &str, missing: &str| {
            let hint = by_key(missing).map(Setting::variable).unwrap_or_default();
            Err(invalid(format!(
                "{set} ({}) is set, and {missing} is not; set it in the file or as {hint} too",
                self.source(set)
            )))
        };
        match (&tier.access_key_id, &tier.secret_access_key) {
            (Some(_), None) => lone(KEY_ID.key(group), SECRET.key(group)),
            (None, Some(_)) => lone(SECRET.key(group), KEY_ID.key(group)),
            _ => Ok(Some(tier.clone())),
        }
    }

    /// An endpoint, a region or a class without a bucket was meant for something else. Keys may lie in an environment for
    /// whoever needs them.
    fn check_strays(&self, group: Group, place: &str, tier: &TierSettings) -> Result<()> {
        if tier.is_bucket() {
            return Ok(());
        }
        let keys = [ENDPOINT, REGION, CLASS].map(|part| part.key(group));
        let Some(stray) = keys.into_iter().find(|key| *self.source(key) != Source::Default) else { return Ok(()) };
        let source = self.source(stray);
        Err(invalid(format!(
            "{stray} ({source}) is for a bucket, and {place} names none; set {place} to s3://bucket/prefix, or leave {stray} \
             out"
        )))
    }

    fn source(&self, key: &str) -> &Source {
        index_of(key).map_or(&Source::Default, |index| &self.sources[index])
    }
}

/// The line of a byte in the file, and the setting that is written there or begins before it. The line itself may hold a
/// secret, and is not told.
fn place(text: &str, at: usize) -> (usize, Option<&'static str>) {
    let number = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let until: Vec<&str> = text.lines().take(number + 1).collect();
    let setting = until.iter().rev().find_map(|line| by_key(line.split_once('=')?.0.trim()));
    (number + 1, setting.map(|setting| setting.key))
}

fn index_of(key: &str) -> Option<usize> {
    SETTINGS.iter().position(|setting| setting.key == key)
}

fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

fn invalid(detail: String) -> Error {
    Error::invalid("config-invalid", detail)
}

fn unknown(what: &str, meant: Option<String>) -> Error {
    let advice = meant.map_or_else(
        || "kafka-do config lists all settings".to_owned(),
        |meant| format!("did you mean {meant}? kafka-do config lists all settings"),
    );
    invalid(format!("{what} is not a setting; {advice}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Sync;
    use super::*;

    /// Keys and values.
    type Said<'a> = &'a [(&'static str, &'a str)];

    /// Layers as they would be written: the file's text, variables without their prefix, and flags by their keys.
    fn layered(file: &str, environment: Said<'_>, flags: Said<'_>) -> Result<Settings> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kafka-do.toml");
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(name, value)| (format!("{PREFIX}{name}").into(), value.into()));
        let others = [("HOME".into(), "/root".into()), ("KAFKA_DOG".into(), "barks".into())];
        let flags: Vec<_> = flags
            .iter()
            .map(|&(key, value)| Flag { key, name: by_key(key).unwrap().flag.unwrap(), value: value.to_owned() })
            .collect();
        Settings::layered(Some(&path), environment.chain(others), &flags)
    }

    fn refused(file: &str, environment: Said<'_>, flags: Said<'_>) -> String {
        layered(file, environment, flags).and_then(|settings| settings.config()).unwrap_err().detail
    }

    fn row(settings: &Settings, key: &str) -> (String, String) {
        let row = settings.effective().into_iter().find(|row| row.key == key).unwrap();
        (row.value.to_string(), row.source.to_string())
    }

    #[test]
    fn nothing_said_is_the_default() {
        let settings = Settings::layered(None, [], &[]).unwrap();
        let config = settings.config().unwrap();
        assert_eq!(
            config,
            Config {
                data: "kafka-do-data".into(),
                http: "127.0.0.1:7070".parse().unwrap(),
                plugins: None,
                secrets: None,
                egress_private: Vec::new(),
                allowed_hosts: Vec::new(),
                allowed_origins: Vec::new(),
                sync: Sync::Always,
                head_bytes: 256 << 20,
                group_retention_ms: 604_800_000,
                tier: None,
                cold_tier: None,
            }
        );
        assert!(settings.effective().iter().all(|row| row.source == Source::Default));
        assert_eq!(row(&settings, "tier").0, "kafka-do-data/tier");
    }

    #[test]
    fn every_setting_can_be_said_in_the_file() {
        let file = r#"
            data = "/d"
            http = "[::]:1"
            plugins = "/p"
            secrets = "/s"
            egress_private = ["127.0.0.0/8", "fd00::1"]
            allowed_hosts = ["a", "b"]
            allowed_origins = []
            sync = "100ms"
            head_bytes = 33554432
            tier = "s3://warm/a/"
            tier_endpoint = "https://s3.example.com"
            tier_region = "eu"
            tier_access_key_id = "id"
            tier_secret_access_key = "hush"
            tier_storage_class = "IA"
            cold_tier = "file:///cold"
        "#;
        let config = layered(file, &[], &[]).unwrap().config().unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            config,
            Config {
                data: "/d".into(),
                http: "[::]:1".parse().unwrap(),
                plugins: Some("/p".into()),
                secrets: Some("/s".into()),
                egress_private: vec!["127.0.0.0/8".parse().unwrap(), "fd00::1/128".parse().unwrap()],
                allowed_hosts: vec!["a".into(), "b".into()],
                allowed_origins: Vec::new(),
                sync: Sync::IntervalMs(100),
                head_bytes: 32 << 20,
                group_retention_ms: 604_800_000,
                tier: Some(TierSettings {
                    url: "s3://warm/a".into(),
                    endpoint: text("https://s3.example.com"),
                    region: text("eu"),
                    access_key_id: text("id"),
                    secret_access_key: text("hush"),
                    storage_class: text("IA"),
                }),
                cold_tier: Some(TierSettings { url: "file:///cold".into(), ..TierSettings::default() }),
            }
        );
    }

    #[test]
    fn each_source_is_told() {
        let settings = layered(
            "data = \"/file\"\nhttp = \"0.0.0.0:1\"\nsync = \"1s\"",
            &[("HTTP", "0.0.0.0:2"), ("SYNC", "2s"), ("ALLOWED_HOSTS", "a, b,")],
            &[("sync", "always")],
        )
        .unwrap();
        let (data, from) = row(&settings, "data");
        assert!(data == "/file" && from.starts_with("file /") && from.ends_with("kafka-do.toml"), "{from}");
        let rows = ["http", "sync", "allowed_hosts", "head_bytes"].map(|key| row(&settings, key));
        let expected = [
            ("0.0.0.0:2", "environment KAFKA_DO_HTTP"),
            ("always", "flag --sync"),
            ("a, b", "environment KAFKA_DO_ALLOWED_HOSTS"),
            ("256MiB", "default"),
        ];
        assert_eq!(rows, expected.map(|(value, source)| (value.to_owned(), source.to_owned())));
    }

    proptest! {
        #[test]
        fn the_later_layer_wins(layers in proptest::array::uniform3(proptest::option::of(16_u64..1_000))) {
            let size = |layer: usize| layers[layer].map(|mib| format!("{mib}MiB"));
            let file = size(0).map(|size| format!("head_bytes = {size:?}")).unwrap_or_default();
            let environment: Vec<_> = size(1).into_iter().collect();
            let environment: Vec<_> = environment.iter().map(|size| ("HEAD_BYTES", size.as_str())).collect();
            let flag = size(2);
            let flags: Vec<_> = flag.iter().map(|size| ("head_bytes", size.as_str())).collect();
            let settings = layered(&file, &environment, &flags).unwrap();
            let winner = (0..3).rev().find_map(|layer| Some((layer, layers[layer]?)));
            let (_, source) = row(&settings, "head_bytes");
            let begins = winner.map_or("default", |(layer, _)| ["file ", "environment ", "flag "][layer]);
            prop_assert!(source.starts_with(begins), "{source}");
            prop_assert_eq!(settings.config().unwrap().head_bytes, winner.map_or(256, |(_, mib)| mib) << 20);
        }
    }

    #[test]
    fn errors_name_key_source_and_what_is_expected() {
        let cases: [(&str, Said<'_>, Said<'_>, &[&str]); 22] = [
            ("dta = \"/a\"", &[], &[], &["dta in /", "kafka-do.toml", "did you mean data?"]),
            ("zzzzzz = 1", &[], &[], &["zzzzzz", "kafka-do config lists"]),
            ("", &[("TEIR", "s3://a")], &[], &["KAFKA_DO_TEIR in the environment", "did you mean KAFKA_DO_TIER?"]),
            ("", &[("data", "/a")], &[], &["KAFKA_DO_data", "did you mean KAFKA_DO_DATA?"]),
            ("http = 7070", &[], &[], &["http (file /", "an integer is not an address with a port"]),
            ("data = true", &[], &[], &["data (file", "a boolean is not a folder"]),
            ("[tier]\nregion = \"eu\"", &[], &[], &["tier (file", "a table is not s3://"]),
            ("allowed_hosts = \"a\"", &[], &[], &["allowed_hosts (file", "a text alone is not a list"]),
            ("allowed_hosts = [1]", &[], &[], &["allowed_hosts (file", "a list with something else"]),
            ("data = \"a\"\n\ndata = \"b\"", &[], &[], &["kafka-do.toml, line 3 (data): "]),
            ("data = [\n\n", &[], &[], &["line ", " (data): "]),
            // A wrong value is one, though a later layer wins.
            (
                "sync = \"often\"",
                &[],
                &[("sync", "always")],
                &["sync (file", "\"often\" is not always or an interval from 1ms to 10s"],
            ),
            ("", &[("SYNC", "11s")], &[], &["sync (environment KAFKA_DO_SYNC)", "\"11s\" is not always"]),
            ("", &[("SYNC", "0ms")], &[], &["\"0ms\" is not always"]),
            ("", &[("HEAD_BYTES", "1MiB")], &[], &["(environment KAFKA_DO_HEAD_BYTES)", "a size from 16MiB to 16GiB"]),
            ("head_bytes = -1", &[], &[], &["\"-1\" is not a size"]),
            ("", &[("DATA", "")], &[], &["data (environment KAFKA_DO_DATA)", "an empty text is not a folder"]),
            ("", &[], &[("tier", "/srv")], &["tier (flag --tier)", "\"/srv\" is not s3://bucket"]),
            (
                "",
                &[],
                &[("tier", "s3://a"), ("tier_endpoint", "a.example.com")],
                &["tier_endpoint (flag --tier-endpoint)", "http://host"],
            ),
            (
                "",
                &[("TIER_REGION", "eu")],
                &[],
                &["tier_region (environment KAFKA_DO_TIER_REGION) is for a bucket", "set tier to s3://"],
            ),
            (
                "",
                &[],
                &[("tier", "s3://a"), ("tier_access_key_id", "k")],
                &["tier_access_key_id (flag --tier-access-key-id) is set", "KAFKA_DO_TIER_SECRET_ACCESS_KEY"],
            ),
            (
                "",
                &[],
                &[("tier", "s3://a"), ("cold_tier", "s3://a/")],
                &["cold_tier (flag --cold-tier)", "s3://a is the tier itself"],
            ),
        ];
        for (file, environment, flags, expected) in cases {
            let detail = refused(file, environment, flags);
            for part in expected {
                assert!(detail.contains(part), "{detail:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let reserved = [("URL", "http://a"), ("SECRET_TOKEN", "x"), ("TEST_GUESTS", "/x")];
        assert!(layered("", &reserved, &[]).is_ok());
    }

    #[test]
    fn keys_may_lie_about() {
        let config = layered("", &[("COLD_TIER_SECRET_ACCESS_KEY", "hush")], &[]).unwrap().config().unwrap();
        assert_eq!(config.cold_tier, None);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Settings::layered(Some(Path::new("/nowhere/kafka-do.toml")), [], &[]).unwrap_err();
        assert_eq!(error.code, "config-unreadable");
        assert!(error.detail.contains("/nowhere/kafka-do.toml"), "{error}");
    }

    #[test]
    fn the_cold_tier_takes_what_it_leaves_out() {
        let warm =
            "tier = \"s3://warm\"\ntier_endpoint = \"https://a\"\ntier_region = \"eu\"\ntier_access_key_id = \"id\"\n";
        let environment = [("TIER_SECRET_ACCESS_KEY", "hush")];
        let flags = [("cold_tier", "s3://cold"), ("cold_tier_region", "us"), ("cold_tier_storage_class", "GLACIER_IR")];
        let settings = layered(warm, &environment, &flags).unwrap();
        let cold = settings.config().unwrap().cold_tier.unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert!(
            cold == TierSettings {
                url: "s3://cold".into(),
                endpoint: text("https://a"),
                region: text("us"),
                access_key_id: text("id"),
                secret_access_key: text("hush"),
                storage_class: text("GLACIER_IR"),
            }
        );
        let secret = row(&settings, "cold_tier_secret_access_key");
        assert_eq!(secret, ("(set)".to_owned(), "environment KAFKA_DO_TIER_SECRET_ACCESS_KEY".to_owned()));
        assert_eq!(row(&settings, "cold_tier_region").1, "flag --cold-tier-region");
    }

    #[test]
    fn keys_and_secrets_stay_together() {
        let warm = "tier = \"s3://warm\"\ntier_access_key_id = \"id\"\ntier_secret_access_key = \"hush\"\n";
        let flags = [("cold_tier", "s3://cold"), ("cold_tier_access_key_id", "other")];
        let detail = refused(warm, &[], &flags);
        assert!(detail.contains("cold_tier_secret_access_key is not"), "{detail}");
    }

    #[test]
    fn folders_take_nothing_from_buckets() {
        let warm = "tier = \"s3://warm\"\ntier_region = \"eu\"\n";
        let config = layered(warm, &[], &[("cold_tier", "file:///cold")]).unwrap().config().unwrap();
        assert_eq!(config.cold_tier.unwrap().region, None);
        let settings = layered(warm, &[], &[("tier", "file:///warm")]).unwrap();
        assert!(settings.config().is_err());
        assert_eq!(settings.tier().unwrap().unwrap().region, None, "a restore reads the folder all the same");
    }

    #[test]
    fn secrets_are_shown_to_nobody() {
        let cases = [
            ("tier_secret_access_key = \"hush", "a syntax error"),
            ("tier_secret_access_key = \"\"\"\nhush=hush", "a syntax error in several lines"),
            ("tier_region = \"eu\"\ntier_secret_access_key = \"hush\"", "a stray"),
            ("tier_secret_access_key = [\"hush\"]", "another type"),
            ("tier = \"s3://id:hush@bucket\"", "a URL"),
            ("tier = \"s3://a\"\ntier_endpoint = \"https://id:hush@a\"", "an endpoint"),
            ("tier = \"s3://a\"\ntier_secret_access_key = \"hush\"", "half a pair"),
            ("tier_secret_access_key = \"hush\"\ntier_secret_access_key = \"hush\"", "twice"),
            ("tier_secret_access_key = hush", "no quotes"),
        ];
        for (file, what) in cases {
            let detail = refused(file, &[], &[]);
            assert!(!detail.contains("hush"), "{what}: {detail}");
        }
        let whole = "tier = \"s3://a\"\ntier_access_key_id = \"id\"\ntier_secret_access_key = \"hush\"";
        let settings = layered(whole, &[], &[]).unwrap();
        let shown = format!("{settings:?} {:?} {:?}", settings.config().unwrap(), settings.effective());
        assert!(!shown.contains("hush"), "{shown}");
    }
}
