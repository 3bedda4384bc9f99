//! The engine: one a process, with instances from a pool, compiled code cached on disk, and a clock that interrupts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::egress::Egress;
use super::imports::{self, Host};
use super::memory::Budget;
use super::native::Natives;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{
    EPOCH_MS, INSTANCE_FIBER_BYTES, INSTANCE_MEMORY_BYTES_MAX, INSTANCE_MODULES_MAX, INSTANCE_STACK_BYTES_MAX,
    INSTANCE_TABLE_ELEMENTS_MAX, INSTANCES_MAX,
};
use crate::model::egress::OpenNetworks;
use crate::telemetry::Metrics;

/// What every instance of every plugin shares.
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Host>,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) memory: Budget,
    pub(super) natives: Natives,
    pub(super) egress: Arc<Egress>,
}

/// What a runtime is told.
#[derive(Clone, Debug, Default)]
pub struct RuntimeOptions {
    /// Processors that are compiled in.
    pub natives: Natives,
    /// Networks, beside the internet, that plugins may reach.
    pub open_networks: OpenNetworks,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runtime")
    }
}

impl Runtime {
    pub fn new(cache: &Path, clock: Clock, metrics: Arc<Metrics>, options: RuntimeOptions) -> Result<Arc<Self>> {
        let broken = |error: wasmtime::Error| Error::internal(format!("the plugin runtime cannot start: {error:#}"));
        let mut cache_config = CacheConfig::new();
        cache_config.with_directory(cache);
        let mut config = Config::new();
        config
            .cache(Some(Cache::new(cache_config).map_err(broken)?))
            .epoch_interruption(true)
            .max_wasm_stack(INSTANCE_STACK_BYTES_MAX)
            .async_stack_size(INSTANCE_FIBER_BYTES)
            .wasm_component_model(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        let engine = Engine::new(&config).map_err(broken)?;
        tick(&engine)?;
        let mut linker = Linker::new(&engine);
        imports::add_to_linker(&mut linker).map_err(broken)?;
        let RuntimeOptions { natives, open_networks } = options;
        let egress = Arc::new(Egress::new(open_networks));
        Ok(Arc::new(Self { engine, linker, clock, metrics, memory: Budget::default(), natives, egress }))
    }
}

/// Most components are a handful of core modules; what a few have more, others have less.
const CORE_MODULES_PER_COMPONENT: u32 = 8;

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES_MAX)
        .total_core_instances(INSTANCES_MAX * CORE_MODULES_PER_COMPONENT)
        .total_memories(INSTANCES_MAX)
        .total_tables(INSTANCES_MAX * 4)
        .total_stacks(INSTANCES_MAX)
        .max_core_instances_per_component(INSTANCE_MODULES_MAX)
        .max_memories_per_component(4)
        .max_tables_per_component(INSTANCE_MODULES_MAX)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_memory_size(INSTANCE_MEMORY_BYTES_MAX)
        .table_elements(INSTANCE_TABLE_ELEMENTS_MAX)
        // A slot that is used again keeps this much mapped: the small memory of a filter costs no page faults in a swap.
        .linear_memory_keep_resident(256 << 10);
    pool
}

/// Advances the epoch for as long as the engine lives, so that a busy guest yields to its neighbours.
fn tick(engine: &Engine) -> Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(Duration::from_millis(EPOCH_MS));
            }
        })
        .map(drop)
        .map_err(|error| Error::internal(format!("the epoch thread cannot be started: {error}")))
}
