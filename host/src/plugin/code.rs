//! Code: a component compiled and linked, from which instances are made in microseconds.

use std::sync::Arc;

use wasmtime::component::Component;

use super::Runtime;
use super::bindings::ProcessingPre;
use super::bindings::columns::ColumnProcessingPre;
use super::bindings::parsers::ParsingPre;
use super::bindings::sinks::SinkingPre;
use super::bindings::sources::SourcingPre;
use super::bindings::webhooks::ReceivingPre;
use super::imports::Host;
use super::inspect;
use super::native::NativeFactory;
use crate::error::{Error, Result};
use crate::model::plugin::{Description, Role};

/// Cheap to share; lives for as long as an instance or a deployment wants it.
pub struct Code {
    pub(super) runtime: Arc<Runtime>,
    pub(super) pre: Pre,
    pub(super) description: Description,
}

/// What instances are made from, a form a role.
pub(super) enum Pre {
    Records(ProcessingPre<Host>),
    Columns(ColumnProcessingPre<Host>),
    Sink(SinkingPre<Host>),
    Source(SourcingPre<Host>),
    Webhook(ReceivingPre<Host>),
    Parser(ParsingPre<Host>),
    Native(NativeFactory),
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code")
    }
}

impl Code {
    /// Compiles the component, or takes it from the cache; asks it what it is; and checks that the host can give it what
    /// it imports. What it is may be known from when it was uploaded. Takes from milliseconds to seconds: never on the way of
    /// records.
    pub async fn load(runtime: &Arc<Runtime>, bytes: Vec<u8>, known: Option<Description>) -> Result<Arc<Self>> {
        if let Some((factory, description)) = runtime.natives.find(&bytes) {
            return Ok(Arc::new(Self { runtime: Arc::clone(runtime), pre: Pre::Native(factory), description }));
        }
        let engine = runtime.engine.clone();
        let compiled = tokio::task::spawn_blocking(move || {
            inspect::check_is_component(&bytes)?;
            Component::new(&engine, &bytes).map_err(|error| {
                Error::unprocessable(
                    "invalid-component",
                    format!("the component does not compile: {error:#}; build it again with kafka-do plugin build"),
                )
            })
        });
        let component = compiled.await.map_err(|error| Error::internal(error.to_string()))??;
        let role = inspect::check_role(&runtime.engine, &component)?;
        inspect::check_imports(&runtime.engine, &component, role)?;
        let description = match known {
            Some(description) => description,
            None => inspect::describe(&runtime.engine, &component, role, runtime.memory.memory()).await?,
        };
        let refused = |error: wasmtime::Error| {
            Error::unprocessable(
                "contract-mismatch",
                format!(
                    "the component does not fit the plugin contract of this host: {error:#}; build it with this host's SDK"
                ),
            )
        };
        let pre = runtime.linker.instantiate_pre(&component).and_then(|pre| match role {
            Role::Processing => ProcessingPre::new(pre).map(Pre::Records),
            Role::ColumnProcessing => ColumnProcessingPre::new(pre).map(Pre::Columns),
            Role::Sinking => SinkingPre::new(pre).map(Pre::Sink),
            Role::Sourcing => SourcingPre::new(pre).map(Pre::Source),
            Role::Receiving => ReceivingPre::new(pre).map(Pre::Webhook),
            Role::Parsing => ParsingPre::new(pre).map(Pre::Parser),
        });
        let pre = pre.map_err(refused)?;
        Ok(Arc::new(Self { runtime: Arc::clone(runtime), pre, description }))
    }

    pub fn description(&self) -> &Description {
        &self.description
    }

    pub fn role(&self) -> Role {
        match self.pre {
            Pre::Records(_) | Pre::Native(_) => Role::Processing,
            Pre::Columns(_) => Role::ColumnProcessing,
            Pre::Sink(_) => Role::Sinking,
            Pre::Source(_) => Role::Sourcing,
            Pre::Webhook(_) => Role::Receiving,
            Pre::Parser(_) => Role::Parsing,
        }
    }
}
