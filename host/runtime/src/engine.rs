//! The wasmtime engine: its settings, its pool of instance slots, its ticker.
//!
//! Numbers that are not explained at their place were measured; `docs/adr/002-instance-per-call.md` has the
//! table.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine as Wasmtime, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig,
};

use crate::metering::TICK;

/// How many calls can have an instance at once. 1000 is what the host promises to hold; a waiting stream
/// keeps its slot. Slots cost address space, not memory, until they are used.
const DEFAULT_INSTANCES: u32 = 1000;
/// The smallest size that slots are made for. Reserving 4 GiB instead cost a tenth of the throughput.
const MIN_SLOT_MEMORY: usize = 64 << 20;
/// The largest table any deployment may be granted.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 100_000;
/// Core modules in one component: Rust components have 3, JavaScript 4, Python 14 and more.
const CORE_MODULES: u32 = 32;
/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Calls that can have an instance at once.
    pub instances: u32,
    /// The largest linear memory that any deployment may grow to, in bytes; slots are reserved at this
    /// size. At least 64 MiB.
    pub max_memory: usize,
    /// Where compiled components are kept; none: nowhere. Only the host may write there, since what lies
    /// there runs as native code.
    pub cache_dir: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            instances: DEFAULT_INSTANCES,
            max_memory: MIN_SLOT_MEMORY,
            cache_dir: None,
        }
    }
}

/// The engine is gone, or the host has no room for its pool.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine cannot start: {0}")]
pub struct EngineError(String);

impl EngineError {
    pub(crate) fn new(error: wasmtime::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

/// The engine with its ticker. Stops ticking when dropped.
pub(crate) struct Engine {
    wasmtime: Wasmtime,
    slots: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
}

impl Engine {
    pub(crate) fn new(config: &EngineConfig) -> Result<Self, EngineError> {
        let wasmtime = Wasmtime::new(&settings(config).map_err(EngineError::new)?).map_err(EngineError::new)?;
        let stop = Arc::new(AtomicBool::new(false));
        start_ticker(wasmtime.clone(), Arc::clone(&stop)).map_err(|e| EngineError(e.to_string()))?;
        let slots = Arc::new(Semaphore::new(config.instances as usize));
        Ok(Self { wasmtime, slots, stop })
    }

    pub(crate) fn wasmtime(&self) -> &Wasmtime {
        &self.wasmtime
    }

    /// The free slots. To be waited for: an exhausted pool would fail the call instead.
    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.slots
    }

    /// Slots that are free now.
    pub(crate) fn free_slots(&self) -> usize {
        self.slots.available_permits()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn settings(config: &EngineConfig) -> wasmtime::Result<Config> {
    let slots = config.instances;
    let memory = config.max_memory.max(MIN_SLOT_MEMORY);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(4))
        .total_memories(slots.saturating_mul(2))
        .total_tables(slots.saturating_mul(4))
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_MODULES)
        .max_memories_per_component(CORE_MODULES)
        .max_tables_per_component(CORE_MODULES)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_memory_size(memory)
        .table_elements(MAX_TABLE_ELEMENTS)
        // Resetting only the pages that were written: the largest single gain on the path of a call.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);

    let mut settings = Config::new();
    settings
        // WASI 0.2 only (the cargo feature for 0.3 is off too): less state in every store.
        .concurrency_support(false)
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(memory as u64)
        .memory_may_move(false)
        .cranelift_opt_level(OptLevel::Speed)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if let Some(dir) = &config.cache_dir {
        let mut cache = CacheConfig::new();
        cache.with_directory(dir);
        settings.cache(Some(Cache::new(cache)?));
    }
    Ok(settings)
}

/// An OS thread, so that a runtime whose threads are all busy in guests is still interrupted.
#[expect(clippy::disallowed_methods, reason = "the ticker's own thread; it waits for nobody")]
fn start_ticker(engine: Wasmtime, stop: Arc<AtomicBool>) -> std::io::Result<()> {
    let tick: Duration = TICK;
    thread::Builder::new().name("wharf-ticker".to_owned()).spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(tick);
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
