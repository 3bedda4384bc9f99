//! What every harness drives its plugin against: a host in memory, its state kept only where a call succeeds.

use std::collections::BTreeMap;

use super::host::{Host, Outside, Phase, Rows, with_host};
use crate::http::{Error, Request, Response};
use crate::{Description, Failure, TaskContext};

/// A deployment named `test`, as one task.
pub(super) struct Deployment {
    pub(super) context: TaskContext,
    pub(super) host: Host,
}

const NAME: &str = "test";

impl Deployment {
    pub(super) fn new(description: Description, partition: Option<u32>, settings: &str) -> Result<Self, Failure> {
        let Description { settings_schema, tables, .. } = description;
        if !serde_json::from_str(&settings_schema).is_ok_and(|schema: serde_json::Value| schema.is_object()) {
            return Err(Failure::fatal("the settings schema is not a JSON object"));
        }
        Ok(Self {
            context: TaskContext { deployment: NAME.to_owned(), partition, settings: settings.to_owned() },
            host: Host {
                tables: tables.into_iter().map(|name| (name, BTreeMap::new())).collect(),
                deployment: NAME.to_owned(),
                ..Host::default()
            },
        })
    }

    /// Lets this play the world outside.
    pub(super) fn with_outside(mut self, outside: impl FnMut(&Request) -> Result<Response, Error> + 'static) -> Self {
        self.host.outside = Outside(Some(Box::new(outside)));
        self
    }

    pub(super) fn open(&mut self, open: impl FnOnce(TaskContext) -> Result<(), Failure>) -> Result<(), Failure> {
        let context = self.context.clone();
        with_host(&mut self.host, Phase::Opening, || open(context))
    }

    /// A call that failed leaves nothing.
    pub(super) fn call<R>(&mut self, call: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        let before = (self.host.tables.clone(), self.host.wake_at_ms);
        let result = with_host(&mut self.host, Phase::Running, call);
        if result.is_err() {
            (self.host.tables, self.host.wake_at_ms) = before;
        }
        result
    }

    pub(super) fn state(&self, table: &str) -> &Rows {
        self.host.tables.get(table).unwrap_or_else(|| panic!("the plugin declares no table {table}"))
    }
}

/// A world outside in which nothing can be reached, for connectors that need none.
pub fn nothing_outside(_: &Request) -> Result<Response, Error> {
    Err(Error::Denied("nothing outside is granted".to_owned()))
}
