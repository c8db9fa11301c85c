//! Engine settings. Everything that a plugin does not need is off, because every feature of an
//! engine has had its own escapes; everything that would make two runs differ is off too.

use crate::error::RuntimeError;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Stack of guest code. Ordinary parsers and formatters use a tenth; recursion ends in a trap.
const WASM_STACK_BYTES_MAX: usize = 512 << 10;

/// Stack of a whole call. Host functions run on what the guest leaves; too little would abort.
const CALL_STACK_BYTES: usize = 2 << 20;

/// Frames kept of a guest's stack when it traps: enough to find the place, little to copy.
const BACKTRACE_FRAMES_MAX: usize = 16;

/// Whether guests have fuel and are interrupted. Only `cargo xtask bench` builds it otherwise, to
/// say what that costs, with a flag that no manifest can set; `doctor sandbox` would find such a
/// program out.
pub(crate) const BOUNDED: bool = cfg!(not(if_unbounded));

/// What a runtime is made of.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Folder of compiled artefacts: made when missing, refused unless closed to other users.
    pub cache_dir: PathBuf,
    /// Key of the MAC over each artefact. Lies outside the cache folder.
    pub cache_key: [u8; 32],
    pub place: Place,
    pub compiler: Compiler,
}

/// Where guests run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this process: one wall, the sandbox.
    Here(Allocation),
    /// Each call in a process of its own, `ifctl-worker`, which has no files, no network and no
    /// secrets: the second wall.
    Worker { program: PathBuf },
}

/// Where instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Fresh mappings per call: nothing is reused between guests. The default for commands.
    OnDemand,
    /// Slots reserved at the beginning, zeroed between calls; for a process that calls often.
    Pooling {
        /// Calls at once.
        calls_max: u32,
        /// Largest linear memory of a guest.
        memory_bytes_max: usize,
    },
}

/// Who compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// This process: for tests and tools.
    #[cfg(feature = "compiler")]
    InProcess,
    /// A child under limits of CPU time and address space: `ifctl-compile`.
    Child { program: PathBuf, arguments: Vec<String> },
}

/// An engine of this allocation. The compiled form does not depend on the allocation.
pub(crate) fn engine(allocation: Allocation) -> Result<Engine, RuntimeError> {
    made(settings(allocation))
}

/// An engine that can also compile, to the very form that [`engine`] runs.
#[cfg(feature = "compiler")]
pub(crate) fn compiling_engine(
    allocation: Allocation,
    threads: Threads,
) -> Result<Engine, RuntimeError> {
    let mut config = settings(allocation);
    config
        .strategy(wasmtime::Strategy::Cranelift)
        .parallel_compilation(threads == Threads::Many)
        .cranelift_nan_canonicalization(true)
        // An artefact is read and authenticated by every cold command: code is kept small.
        .cranelift_opt_level(wasmtime::OptLevel::SpeedAndSize);
    made(config)
}

fn made(config: Config) -> Result<Engine, RuntimeError> {
    Engine::new(&config).map_err(|error| RuntimeError::Engine(format!("{error:#}")))
}

/// What whoever compiles and whoever runs must agree on.
fn settings(allocation: Allocation) -> Config {
    let mut config = Config::new();
    features(&mut config);
    config
        .epoch_interruption(BOUNDED)
        .consume_fuel(BOUNDED)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(WASM_STACK_BYTES_MAX)
        .async_stack_size(CALL_STACK_BYTES)
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES_MAX))
        // What only debuggers and unwinders would read of an artefact is left out.
        .generate_address_map(false)
        .native_unwind_info(false)
        .allocation_strategy(strategy(allocation));
    config
}

/// Whether compilation may use all processors. In the child it may not: each thread's heap arena
/// reserves 64 MiB of the address space that is limited there.
#[cfg(feature = "compiler")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    One,
    Many,
}

fn features(config: &mut Config) {
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .shared_memory(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_stack_switching(false);
}

fn strategy(allocation: Allocation) -> InstanceAllocationStrategy {
    let Allocation::Pooling { calls_max, memory_bytes_max } = allocation else {
        return InstanceAllocationStrategy::OnDemand;
    };
    let mut pool = PoolingAllocationConfig::new();
    // A component of our toolchains has one memory, two tables and up to four core instances; the
    // pool leaves room for twice that. Nothing stays resident between guests.
    pool.total_component_instances(calls_max)
        .total_core_instances(calls_max.saturating_mul(8))
        .total_memories(calls_max.saturating_mul(2))
        .total_tables(calls_max.saturating_mul(4))
        .total_stacks(calls_max)
        .max_memories_per_component(2)
        .max_tables_per_component(4)
        .max_core_instances_per_component(8)
        .max_memory_size(memory_bytes_max)
        .linear_memory_keep_resident(0)
        .table_keep_resident(0);
    InstanceAllocationStrategy::Pooling(pool)
}
