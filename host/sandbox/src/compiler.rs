//! Where components are read and compiled, and what that may take.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How components that nobody vouches for are read and compiled.
///
/// What is compiled where does not change the code: engines that differ only in this share a cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compiler {
    /// In this process and without limits: for tests and benches that make their own components.
    #[default]
    InProcess,
    /// In a child process with limits, which puts what it makes into the [cache](crate::CodeCache).
    Aside {
        /// The program that is run. It has to call [`compile_if_asked`](crate::compile_if_asked) before anything else.
        program: PathBuf,
        /// What the child may use.
        limits: CompileLimits,
    },
}

impl Compiler {
    /// In a child process that runs this same program, with the default limits.
    ///
    /// # Errors
    ///
    /// If the system does not say which program this is.
    pub fn this_program() -> std::io::Result<Self> {
        // This name stays the running program even if its file was replaced by another version's.
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() { link } else { std::env::current_exe()? };
        Ok(Self::Aside { program, limits: CompileLimits::default() })
    }
}

/// What reading and compiling one component may take. It grows with the component's size.
///
/// A component of a few KiB can be made to take minutes, so size alone bounds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompileLimits {
    /// Processor time of all threads together. Default 10 s; an ordinary plugin of 200 KiB takes 0.2 s.
    pub cpu: Duration,
    /// Processor time for each MiB beyond that. Default 6 s; real components take up to 1 s.
    pub cpu_per_mib: Duration,
    /// Memory in bytes. Default 512 MiB.
    pub memory: u64,
    /// Memory for each MiB beyond that, in bytes. Default 64 MiB.
    pub memory_per_mib: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(10),
            cpu_per_mib: Duration::from_secs(6),
            memory: 512 << 20,
            memory_per_mib: 64 << 20,
        }
    }
}

/// What one child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    pub(crate) cpu: Duration,
    /// From start to end: it may wait long for a processor, and must end nevertheless.
    pub(crate) wall: Duration,
    pub(crate) memory: u64,
}

/// How much longer than its processor time a child may take on a busy machine.
const BUSY: u32 = 10;

impl CompileLimits {
    pub(crate) fn budget(&self, bytes: usize) -> Budget {
        let mib = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        let cpu = self.cpu.saturating_add(self.cpu_per_mib.saturating_mul(mib));
        Budget {
            cpu,
            wall: cpu.saturating_mul(BUSY),
            memory: self.memory.saturating_add(self.memory_per_mib.saturating_mul(mib.into())),
        }
    }
}
