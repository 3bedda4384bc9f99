//! What a guest can reach: a capability a file. Everything else is not linked, so that it cannot be called.

pub(super) mod clock;
pub(super) mod http;
pub(super) mod log;
pub(super) mod selection;
pub(super) mod state;
pub(super) mod topics;
pub(super) mod wasi;

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime_wasi::WasiCtx;

use super::bindings::columns::kafka_do::plugin::selection as wit_selection;
use super::bindings::kafka_do::plugin as wit;
use super::instance::Context;
use super::memory::Memory;
use super::runtime::Runtime;
use crate::limits::INSTANCE_RESOURCES_MAX;
use crate::model::plugin::Description;

/// What the host keeps for one instance.
pub(super) struct Host {
    pub(super) memory: Memory,
    pub(super) log: log::Log,
    pub(super) clock: clock::TaskClock,
    pub(super) state: state::State,
    pub(super) topics: topics::Topics,
    pub(super) selection: selection::Selection,
    http: http::Http,
    resources: ResourceTable,
    /// Made when a guest first asks for it: most never do.
    wasi: Option<WasiCtx>,
    /// Beats of the epoch that the call under way has been interrupted at.
    pub(super) beats: u64,
}

impl Host {
    pub(super) fn new(runtime: &Arc<Runtime>, description: &Description, context: &Context) -> Self {
        let log = log::Log::new(context);
        Self {
            memory: runtime.memory.memory(),
            wasi: None,
            beats: 0,
            log,
            clock: clock::TaskClock::new(runtime.clock.clone()),
            state: state::State::new(
                context.state.clone(),
                Arc::clone(&runtime.metrics),
                context.scope,
                description.tables.clone(),
            ),
            topics: topics::Topics::new(context),
            selection: selection::Selection::default(),
            http: http::Http::new(Arc::clone(&runtime.egress), Arc::clone(&context.hosts)),
            resources: resources(),
        }
    }
}

fn resources() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(INSTANCE_RESOURCES_MAX);
    table
}

pub(super) fn add_to_linker(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wit::log::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    wit::clock::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    wit::state::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    wit::topics::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    wit_selection::add_to_linker::<_, HasSelf<Host>>(linker, |host| host)?;
    Ok(())
}

impl wit::types::Host for Host {}
