//! What an invocation used.

use std::time::Duration;

/// What one invocation used of its [`Limits`](crate::Limits), from the making of its compartment to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time: the guest's, and that of the host's answers to it. For what needed less than a quarter of a
    /// millisecond it is the time that passed while it ran.
    pub cpu: Duration,
    /// Time, waiting included.
    pub wall: Duration,
    /// Calls of imports.
    pub calls: u64,
    /// Bytes of values that the guest passed out.
    pub output_bytes: u64,
    /// Bytes of values that entered.
    pub input_bytes: u64,
    /// Linear memory at its largest, in bytes.
    pub memory: u64,
}
