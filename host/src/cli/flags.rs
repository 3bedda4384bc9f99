//! The flags of a host's settings, made from their table, and what is read with them.

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::config::{Flag, Group, SETTINGS, Setting, Settings, Shown};

const FILE: &str = "config";

/// Which settings a command takes.
pub(super) trait Scope {
    fn takes(setting: &Setting) -> bool;
}

/// All of them.
#[derive(Debug)]
pub(super) struct Host;

impl Scope for Host {
    fn takes(_: &Setting) -> bool {
        true
    }
}

/// The data folder, and how to reach a tier that is named in another way.
#[derive(Debug)]
pub(super) struct Reach;

impl Scope for Reach {
    fn takes(setting: &Setting) -> bool {
        setting.key == "data"
            || (setting.group == Group::Tier && setting.key != "tier")
            || setting.group == Group::ColdTier
    }
}

/// What stands on the command line.
#[derive(Debug)]
pub(super) struct Flags<S> {
    file: Option<PathBuf>,
    given: Vec<Flag>,
    scope: PhantomData<S>,
}

impl<S> Flags<S> {
    /// Adds what the command says in a flag of its own.
    pub(super) fn say(&mut self, flag: Flag) {
        self.given.push(flag);
    }

    /// The settings of all layers.
    pub(super) fn settings(&self) -> crate::error::Result<Settings> {
        Settings::layered(self.file.as_deref(), std::env::vars_os(), &self.given)
    }
}

impl<S: Scope> Args for Flags<S> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(
                "TOML file with the same settings, as in head_bytes = \"256MiB\"; the environment \
                   (KAFKA_DO_HEAD_BYTES) wins over it, and flags win over both",
            )
            .help_heading(heading(Group::Host));
        taken::<S>().fold(command.arg(file), |command, (setting, flag)| {
            let help = match setting.default() {
                Shown::Unset => setting.help.to_owned(),
                Shown::Names(names) if names.is_empty() => format!("{}; may be repeated", setting.help),
                default => format!("{} [default: {default}]", setting.help),
            };
            command.arg(
                Arg::new(setting.key)
                    .long(flag)
                    .value_name(setting.value_name())
                    .action(if setting.is_list() { ArgAction::Append } else { ArgAction::Set })
                    .help(help)
                    .help_heading(heading(setting.group)),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Scope> FromArgMatches for Flags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for (setting, name) in taken::<S>() {
            let values = matches.try_get_many::<String>(setting.key);
            let values = values.map_err(|error| clap::Error::raw(ErrorKind::InvalidValue, error))?;
            if let Some(values) = values {
                let value = values.map(String::as_str).collect::<Vec<_>>().join(",");
                given.push(Flag { key: setting.key, name, value });
            }
        }
        Ok(Self { file: matches.get_one(FILE).cloned(), given, scope: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn taken<S: Scope>() -> impl Iterator<Item = (&'static Setting, &'static str)> {
    let taken = SETTINGS.iter().filter(|setting| S::takes(setting));
    taken.filter_map(|setting| Some((setting, setting.flag?)))
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Host => "Settings",
        Group::Durability => "Durability",
        Group::Tier => "Tier, where sealed segments go",
        Group::ColdTier => "Cold tier, where old segments go",
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Serve {
        #[command(flatten)]
        flags: Flags<Host>,
    }

    #[derive(Debug, Parser)]
    struct Restore {
        #[command(flatten)]
        flags: Flags<Reach>,
    }

    fn pairs<S>(flags: &Flags<S>) -> Vec<(&str, &str, &str)> {
        flags.given.iter().map(|Flag { key, name, value }| (*key, *name, value.as_str())).collect()
    }

    #[test]
    fn flags_are_those_of_the_table() {
        let line = ["", "--head-bytes", "1GiB", "--allowed-hosts", "a,b", "--allowed-hosts=c", "--config", "/f"];
        let Serve { flags } = Serve::try_parse_from(line).unwrap();
        assert_eq!(flags.file, Some("/f".into()));
        assert_eq!(pairs(&flags), [("allowed_hosts", "allowed-hosts", "a,b,c"), ("head_bytes", "head-bytes", "1GiB"),]);
        assert!(Serve::try_parse_from(["", "--tier-secret-access-key", "hush"]).is_err(), "secrets have no flag");
    }

    #[test]
    fn a_restore_takes_what_reaches_a_tier() {
        let Restore { flags } = Restore::try_parse_from(["", "--data", "/d", "--tier-region", "eu"]).unwrap();
        assert_eq!(pairs(&flags), [("data", "data", "/d"), ("tier_region", "tier-region", "eu")]);
        for flag in ["--tier", "--sync", "--http"] {
            assert!(Restore::try_parse_from(["", flag, "x"]).is_err(), "{flag}");
        }
    }
}
