//! What one invocation may use, all in one list.

use std::time::Duration;

/// How often running code is made to yield, so that others run and its limits are looked at. A budget of processor
/// time is overrun by one of these at most. A compartment's first few are all that others ever wait for it: see
/// [`SLICE`].
pub const TICK: Duration = Duration::from_millis(1);

/// The processor time after which a compartment that still runs leaves its caller's thread and goes on in the
/// engine's slow lane, on threads of lower priority that all such compartments share. Far above what a short command
/// needs, and short enough that nobody notices. Time spent waiting earns it back, at a sixteenth.
pub const SLICE: Duration = Duration::from_millis(2);

/// What one invocation may use. [`Default`] gives what a command gets unless the user says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processor time of the compartment's thread while it runs the guest or the host's answers to it; waiting costs
    /// nothing. Default 5 s: far above any command, and short enough that a loop is noticed. Stops endless loops.
    pub cpu: Duration,
    /// Time from start to end, waiting included; `None` for commands that follow something until they are told to
    /// stop. Default 60 s. Stops a plugin that waits for what never comes and holds its handles meanwhile.
    pub wall: Option<Duration>,
    /// Linear memory, all memories of the compartment together. Default 64 MiB. Stops memory bombs.
    pub memory: usize,
    /// Elements of all tables together. Default 100,000 (a Rust plugin has a few hundred). Stops growing tables,
    /// which the memory limit does not see.
    pub table_elements: usize,
    /// Core instances. Default 64; components of today's toolchains have 3 to 20. Stops fan-out by instantiation.
    pub instances: usize,
    /// Memories. Default 8; each reserves address space.
    pub memories: usize,
    /// Tables. Default 64.
    pub tables: usize,
    /// Bytes of values that one call may carry out of the guest, be it of an import or of an export, as wasmtime counts
    /// them: text by its length, each element of a list by what a value takes in the host, which is about 32 even for
    /// a byte. What a [`Caller`](crate::Caller) passes in is held to it too, counted as for `input_bytes`. Default
    /// 8 MiB. Stops a list of a hundred thousand entries that all point at one large string.
    pub call_bytes: usize,
    /// Bytes of values that the guest may pass out in the whole invocation: arguments of its calls and its
    /// results. Text and bytes count by their length, every other value for eight. Default 256 MiB. Stops a stream of
    /// output that would fill the host or the screen.
    pub output_bytes: u64,
    /// Bytes of values that may enter in the whole invocation, counted likewise: parameters, and answers to the
    /// guest's calls. Default 256 MiB. Stops a plugin that has the host fetch without end, which costs it nothing
    /// itself.
    pub input_bytes: u64,
    /// Calls of imports in the whole invocation. Default 1,000,000. Stops a plugin that keeps the host busy while
    /// hardly running itself.
    pub calls: u64,
    /// Calls into the running compartment ([`Caller`](crate::Caller)) that may be unanswered at once. Default 64.
    /// Stops others from filling a plugin's memory with what they want of it.
    pub pending_calls: usize,
    /// Handles that the compartment may hold at once, pending calls included. Default 10,000. Stops hoarding.
    pub handles: usize,
}

impl Limits {
    /// The largest component file that is read or compiled: 32 MiB, above Python's 18. What compiling it may
    /// take is said by [`CompileLimits`](crate::CompileLimits).
    pub const FILE_BYTES: usize = 32 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu: Duration::from_secs(5),
            wall: Some(Duration::from_secs(60)),
            memory: 64 << 20,
            table_elements: 100_000,
            instances: 64,
            memories: 8,
            tables: 64,
            call_bytes: 8 << 20,
            output_bytes: 256 << 20,
            input_bytes: 256 << 20,
            calls: 1_000_000,
            pending_calls: 64,
            handles: 10_000,
        }
    }
}
