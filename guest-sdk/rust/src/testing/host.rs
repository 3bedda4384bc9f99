//! The imports, over an in-memory host of the current thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::bindings::kafka_do::plugin::log::Level;
use crate::http::{Error, Request, Response};

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: Level,
    pub message: String,
    pub fields: Vec<(String, String)>,
}

pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a plugin may ask for now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing: no call is under way, or it is `describe`.
    #[default]
    Closed,
    /// State is read only.
    Opening,
    Running,
}

/// One task's host.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) phase: Phase,
    pub(super) tables: BTreeMap<String, Rows>,
    pub(super) log: Vec<LogLine>,
    pub(super) now_ms: i64,
    pub(super) watermark_ms: Option<i64>,
    pub(super) wake_at_ms: Option<i64>,
    pub(super) deployment: String,
    /// The internal topics that the plugin asked for, by their full names.
    pub(super) internal_topics: Vec<String>,
    pub(super) outside: Outside,
}

/// The outside world of a connector, as its test plays it; of a processor there is none.
#[derive(Default)]
pub(super) struct Outside(pub(super) Option<Box<Answers>>);

type Answers = dyn FnMut(&Request) -> Result<Response, Error>;

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Runs a call against this host: the current one of the thread meanwhile.
pub(super) fn with_host<R>(host: &mut Host, phase: Phase, call: impl FnOnce() -> R) -> R {
    host.phase = phase;
    HOST.with_borrow_mut(|current| std::mem::swap(current, host));
    let result = call();
    HOST.with_borrow_mut(|current| std::mem::swap(current, host));
    host.phase = Phase::Closed;
    result
}

/// The host of the call under way; a plugin that asks at another time would trap in the sandbox, so it panics here.
fn ask<R>(question: impl FnOnce(&mut Host) -> R) -> R {
    HOST.with_borrow_mut(|host| {
        assert!(
            host.phase != Phase::Closed,
            "the host answers only while the plugin is opened or called, not in `describe`"
        );
        question(host)
    })
}

pub(crate) mod clock {
    use super::{Phase, ask};

    pub(crate) fn now_ms() -> i64 {
        ask(|host| host.now_ms)
    }

    pub(crate) fn watermark_ms() -> Option<i64> {
        ask(|host| host.watermark_ms)
    }

    /// Passed over while the plugin opens, as the host does.
    pub(crate) fn wake_at(at_ms: Option<i64>) {
        ask(|host| {
            if host.phase == Phase::Running {
                host.wake_at_ms = at_ms;
            }
        });
    }
}

pub(crate) mod http {
    use super::{Error, Outside, Request, Response, ask};

    /// One after another: a double answers as fast as it likes.
    pub(crate) fn send_all(requests: &[Request]) -> Vec<Result<Response, Error>> {
        // It is taken out meanwhile, so that it may ask the host itself.
        let Outside(mut outside) = ask(|host| std::mem::take(&mut host.outside));
        let answers = requests
            .iter()
            .map(|request| match &mut outside {
                Some(answer) => answer(request),
                None => Err(Error::Denied("this role reaches nothing outside".to_owned())),
            })
            .collect();
        ask(|host| host.outside = Outside(outside));
        answers
    }
}

pub(crate) mod topics {
    use super::{Phase, ask};
    use crate::HostError;

    pub(crate) fn internal(name: &str) -> Result<String, HostError> {
        ask(|host| {
            if host.phase != Phase::Opening {
                return Err(HostError::Denied("internal topics are named in open, and not later".to_owned()));
            }
            let topic = format!("{}.{name}", host.deployment);
            if !host.internal_topics.contains(&topic) {
                host.internal_topics.push(topic.clone());
            }
            Ok(topic)
        })
    }
}

pub(crate) mod log {
    use super::{Level, LogLine, ask};

    pub(crate) fn max_level() -> Level {
        Level::Trace
    }

    pub(crate) fn write(level: Level, message: &str, fields: &[(String, String)]) {
        ask(|host| {
            host.log.push(LogLine { level, message: message.to_owned(), fields: fields.to_vec() });
        });
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the double has the signatures of the imports")]
pub(crate) mod state {
    use std::ops::Bound;

    use super::{Host, Phase, ask};
    use crate::HostError;
    use crate::bindings::kafka_do::plugin::state::{Change, Entry, KeyRange};

    pub(crate) struct Table {
        name: String,
    }

    impl Table {
        pub(crate) fn open(name: &str) -> Result<Self, HostError> {
            let declared = ask(|host| host.tables.contains_key(name));
            declared
                .then(|| Self { name: name.to_owned() })
                .ok_or_else(|| HostError::NotFound(format!("table {name} in the plugin's description")))
        }

        pub(crate) fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, HostError> {
            Ok(ask(|host| keys.iter().map(|key| host.tables.get(&self.name)?.get(key).cloned()).collect()))
        }

        pub(crate) fn write(&self, changes: &[Change]) -> Result<(), HostError> {
            ask(|host| {
                let Host { phase: Phase::Running, tables, .. } = host else {
                    return Err(HostError::Denied("state is read only while the plugin is opened".to_owned()));
                };
                let rows = tables.entry(self.name.clone()).or_default();
                for Change { key, value } in changes {
                    match value {
                        Some(value) => rows.insert(key.clone(), value.clone()),
                        None => rows.remove(key),
                    };
                }
                Ok(())
            })
        }

        pub(crate) fn scan(&self, range: &KeyRange, limit: u32) -> Result<Vec<Entry>, HostError> {
            if let (Some(from), Some(until)) = (&range.from, &range.until)
                && from >= until
            {
                return Ok(Vec::new());
            }
            let bounds = (
                range.from.as_ref().map_or(Bound::Unbounded, Bound::Included),
                range.until.as_ref().map_or(Bound::Unbounded, Bound::Excluded),
            );
            Ok(ask(|host| {
                let rows = host.tables.get(&self.name).into_iter();
                rows.flat_map(|rows| rows.range::<Vec<u8>, _>(bounds))
                    .take(limit as usize)
                    .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
                    .collect()
            }))
        }
    }
}
