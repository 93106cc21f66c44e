//! The wasmtime engine, set up once for all compartments.
//!
//! This is the one place that decides what WebAssembly may do and how its code is made; all of it is part of the
//! identity of compiled code. Making an engine takes microseconds and starts no thread: the ticker that epochs need
//! starts with the first invocation and sleeps while no guest runs, the slow lane starts with the first greedy
//! compartment, and both end with the engine.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::compiler::Compiler;
use crate::slow_lane::SlowLane;
use crate::ticker::Ticker;

/// How memory for compartments is had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocation {
    /// From the system, each time. Nothing is prepared, so the engine is there at once: right for a process that runs
    /// one command.
    #[default]
    OnDemand,
    /// From a pool that is reserved up front (about 3 ms, address space only): right for a host that stays.
    Pooling {
        /// How many compartments can be live at once; one more is [`Failure::Busy`](crate::Failure::Busy).
        compartments: u32,
    },
}

/// What an engine is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where memory for compartments comes from.
    pub allocation: Allocation,
    /// The stack of running WebAssembly, in bytes. Default 512 KiB: deep enough for recursive code of plugins, and
    /// an endless recursion hits it within a few milliseconds. A JavaScript engine as guest wants 2 MiB.
    pub wasm_stack: usize,
    /// The host's stack per call of a compartment, which holds the guest's and the host functions it calls. Default
    /// 1 MiB; must be above [`wasm_stack`](EngineOptions::wasm_stack).
    pub async_stack: usize,
    /// Where components are compiled. Default: in this process.
    pub compiler: Compiler,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            allocation: Allocation::OnDemand,
            wasm_stack: 512 << 10,
            async_stack: 1 << 20,
            compiler: Compiler::InProcess,
        }
    }
}

impl EngineOptions {
    /// The defaults for a process that stays and runs many commands.
    pub fn pooling(compartments: u32) -> EngineOptions {
        EngineOptions { allocation: Allocation::Pooling { compartments }, ..EngineOptions::default() }
    }

    /// The same options with components compiled like this.
    pub fn compiled_by(self, compiler: Compiler) -> EngineOptions {
        EngineOptions { compiler, ..self }
    }
}

/// Makes code from components and compartments from code. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    options: EngineOptions,
    compatibility: OnceLock<String>,
    ticker: OnceLock<Ticker>,
    slow_lane: OnceLock<Option<SlowLane>>,
}

/// The engine cannot be made with these options on this machine.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the sandbox: {0}")]
pub struct EngineError(String);

impl Engine {
    /// Makes an engine.
    pub fn new(options: EngineOptions) -> Result<Engine, EngineError> {
        let wasmtime =
            wasmtime::Engine::new(&config(&options)).map_err(|error| EngineError(format!("{error:#}")))?;
        Ok(Engine(Arc::new(Inner {
            wasmtime,
            options,
            compatibility: OnceLock::new(),
            ticker: OnceLock::new(),
            slow_lane: OnceLock::new(),
        })))
    }

    /// What it was made with.
    pub fn options(&self) -> &EngineOptions {
        &self.0.options
    }

    /// Names everything that compiled code depends on: wasmtime's version, the processor, what is switched on. Code of one
    /// engine runs in another exactly if these are equal.
    pub fn compatibility(&self) -> &str {
        self.0.compatibility.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.0.wasmtime.precompile_compatibility_hash().hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        })
    }

    #[doc(hidden)]
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.0.wasmtime
    }

    /// The thread that makes guests yield; it starts when it is first asked for.
    pub(crate) fn ticker(&self) -> std::io::Result<&Ticker> {
        match self.0.ticker.get() {
            Some(ticker) => Ok(ticker),
            None => {
                // Two first invocations may both get here; the loser's thread ends when its sender is dropped.
                let ticker = Ticker::start(self.0.wasmtime.clone())?;
                Ok(self.0.ticker.get_or_init(|| ticker))
            }
        }
    }

    /// Where greedy compartments go on; its threads start when it is first asked for. `None` if they cannot.
    pub(crate) fn slow_lane(&self) -> Option<&SlowLane> {
        self.0.slow_lane.get_or_init(SlowLane::start).as_ref()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.0.options).finish_non_exhaustive()
    }
}

fn config(options: &EngineOptions) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model_async(true)
        // Named slots. Still marked as work in progress by wasmtime; `tests::engine` pins what is relied on.
        .wasm_component_model_implements(true)
        .epoch_interruption(true)
        .max_wasm_stack(options.wasm_stack)
        .async_stack_size(options.async_stack);
    if let Allocation::Pooling { compartments } = options.allocation {
        // A component of today's toolchains has one memory and at most a few small modules around the main one.
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(compartments)
            .total_core_instances(compartments.saturating_mul(8))
            .total_memories(compartments.saturating_mul(2))
            .total_tables(compartments.saturating_mul(4))
            .total_stacks(compartments.saturating_mul(2))
            .max_core_instances_per_component(64)
            .max_memories_per_component(8)
            .max_tables_per_component(64)
            .table_elements(100_000)
            // Reset by writing zeroes instead of asking the kernel for new pages, up to what a small command touches.
            .linear_memory_keep_resident(64 << 10)
            .table_keep_resident(16 << 10)
            .async_stack_keep_resident(32 << 10)
            .max_memory_size(1 << 30);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

#[cfg(test)]
mod tests {
    use super::{Engine, EngineOptions};

    #[test]
    fn the_ticker_starts_with_the_first_invocation_and_is_one() {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        assert!(engine.0.ticker.get().is_none() && engine.0.slow_lane.get().is_none());
        assert!(std::ptr::eq(engine.ticker().unwrap(), engine.clone().ticker().unwrap()));
        assert!(engine.0.slow_lane.get().is_none());
    }
}
