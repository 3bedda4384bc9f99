//! A guest's log lines, in the host's log, with the task they come from. A flood is counted and dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use super::{Host, wit};
use crate::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_MAX};
use crate::model::secret::Secrets;
use crate::plugin::base::StateBase;
use crate::plugin::instance::Context;
use crate::plugin::outcome::readable;

/// Cheap to clone: standard output and error write to the same log.
#[derive(Clone)]
pub(in crate::plugin) struct Log(Arc<Lines>);

struct Lines {
    deployment: String,
    partition: u32,
    generation: u32,
    /// What nobody is to read.
    secrets: Secrets,
    /// Nobody is to hear it: the guest runs in a replay.
    quiet: bool,
    /// Lines of the call under way.
    written: AtomicU32,
    /// The last error that the call under way told of.
    complaint: Mutex<Option<String>>,
}

impl Log {
    pub(super) fn new(context: &Context) -> Self {
        Self(Arc::new(Lines {
            deployment: context.deployment.clone(),
            partition: context.scope.partition,
            generation: context.generation,
            secrets: context.secrets.clone(),
            quiet: matches!(context.state, StateBase::Scratch(_)),
            written: AtomicU32::new(0),
            complaint: Mutex::default(),
        }))
    }

    /// Says how much the last call said too much, and opens the next.
    pub(in crate::plugin) fn begin_call(&self) {
        *self.0.complaint.lock() = None;
        let dropped = self.0.written.swap(0, Ordering::Relaxed).saturating_sub(LOG_LINES_MAX);
        if dropped > 0 {
            let Lines { deployment, partition, generation, .. } = &*self.0;
            tracing::warn!(
                deployment,
                partition,
                generation,
                dropped,
                "the plugin wrote more than {LOG_LINES_MAX} log lines in one call"
            );
        }
    }

    /// What the guest complained of last in the call under way: after a trap, it says more than the trap does.
    pub(in crate::plugin) fn complaint(&self) -> Option<String> {
        self.0.complaint.lock().take()
    }

    fn field(&self, name: &str, value: &str) -> String {
        format!("{}={:?}", self.0.secrets.hide(name), self.0.secrets.hide(value))
    }

    pub(super) fn write(&self, level: tracing::Level, message: &str, fields: &str) {
        if level == tracing::Level::ERROR {
            *self.0.complaint.lock() = Some(readable(&self.0.secrets.hide(message)));
        }
        if self.0.quiet || self.0.written.fetch_add(1, Ordering::Relaxed) >= LOG_LINES_MAX {
            return;
        }
        let message = self.0.secrets.hide(message);
        let message = &message[..message.floor_char_boundary(LOG_LINE_BYTES_MAX)];
        let fields = &fields[..fields.floor_char_boundary(LOG_LINE_BYTES_MAX)];
        let Lines { deployment, partition, generation, .. } = &*self.0;
        macro_rules! say {
            ($level:expr) => {
                tracing::event!(target: "plugin", $level, deployment, partition, generation, fields, "{}", message.escape_debug())
            };
        }
        match level {
            tracing::Level::TRACE => say!(tracing::Level::TRACE),
            tracing::Level::DEBUG => say!(tracing::Level::DEBUG),
            tracing::Level::INFO => say!(tracing::Level::INFO),
            tracing::Level::WARN => say!(tracing::Level::WARN),
            tracing::Level::ERROR => say!(tracing::Level::ERROR),
        }
    }
}

impl wit::log::Host for Host {
    fn max_level(&mut self) -> wasmtime::Result<wit::log::Level> {
        use tracing::level_filters::LevelFilter;
        let max = LevelFilter::current();
        Ok(if max >= LevelFilter::TRACE {
            wit::log::Level::Trace
        } else if max >= LevelFilter::DEBUG {
            wit::log::Level::Debug
        } else if max >= LevelFilter::INFO {
            wit::log::Level::Info
        } else if max >= LevelFilter::WARN {
            wit::log::Level::Warn
        } else {
            wit::log::Level::Error
        })
    }

    fn write(
        &mut self,
        level: wit::log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            wit::log::Level::Trace => tracing::Level::TRACE,
            wit::log::Level::Debug => tracing::Level::DEBUG,
            wit::log::Level::Info => tracing::Level::INFO,
            wit::log::Level::Warn => tracing::Level::WARN,
            wit::log::Level::Error => tracing::Level::ERROR,
        };
        let fields: Vec<String> = fields.iter().map(|(name, value)| self.log.field(name, value)).collect();
        self.log.write(level, &message, &fields.join(" "));
        Ok(())
    }
}
