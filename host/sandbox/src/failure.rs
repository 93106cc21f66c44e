//! How an invocation can end other than with its result.

use std::fmt;
use std::time::Duration;

use crate::context::{Context, Stop};
use crate::host::HostError;
use crate::limits::Limits;

/// Why an invocation ended without a result. The compartment is gone in every case; the component can be invoked
/// again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The guest trapped: a panic, an access out of bounds, a broken promise to the component model.
    #[error("the plugin crashed: {0}")]
    Trap(Trap),
    /// The wall-clock limit was reached.
    #[error("the plugin did not finish within {}", Seconds(*limit))]
    OutOfTime {
        /// The limit.
        limit: Duration,
    },
    /// The limit of processor time was reached.
    #[error("the plugin used up its {} of processor time", Seconds(*limit))]
    OutOfCpu {
        /// The limit.
        limit: Duration,
    },
    /// The guest trapped, or could not start, after it was refused memory or table space.
    #[error("the plugin needed more than its {} of memory", Bytes(*limit as u64))]
    OutOfMemory {
        /// The limit.
        limit: usize,
    },
    /// The guest's stack is exhausted, as by endless recursion.
    #[error("the plugin ran out of stack")]
    StackOverflow,
    /// One call carried too much data, or all calls together did, out of the plugin or into it.
    #[error("the plugin passed too much data: {0}")]
    TooMuchData(&'static str),
    /// The guest held too many handles or had too many calls pending.
    #[error("the plugin held more than {limit} handles or pending calls")]
    TooManyHandles {
        /// The limit.
        limit: usize,
    },
    /// The guest made too many calls.
    #[error("the plugin made more than {limit} calls to the host")]
    TooManyCalls {
        /// The limit.
        limit: u64,
    },
    /// The guest waits for something that cannot happen.
    #[error("the plugin waits for something that cannot happen")]
    Stuck,
    /// The host could not answer a call.
    #[error("{function}: {error}")]
    Host {
        /// The import that was called, as `slot.function`.
        function: String,
        /// What the host said.
        #[source]
        error: HostError,
    },
    /// The component exports no such function (or one with types that cannot cross).
    #[error("the plugin exports no function {function} of {interface}")]
    NoSuchExport {
        /// The interface that was asked for.
        interface: String,
        /// The function that was asked for.
        function: String,
    },
    /// The parameters do not have the types that the export declares.
    #[error("wrong parameters for {function}: {reason}")]
    Rejected {
        /// The function.
        function: String,
        /// What does not fit.
        reason: String,
    },
    /// No compartment is free: the pool has as many live as it was made for.
    #[error("too many plugin invocations at once")]
    Busy,
    /// The plugin has as many calls to answer as it may have at once. For calls into a running compartment only.
    #[error("the plugin already has {limit} calls to answer: wait for some of them")]
    Congested {
        /// The limit.
        limit: usize,
    },
    /// The invocation ended, or was never started, so the call has no answer. For calls into a running compartment
    /// only.
    #[error("the plugin no longer runs, so it cannot answer")]
    Ended,
    /// The compartment could not be made.
    #[error("the plugin could not be started: {0}")]
    Start(String),
}

/// What is known of a trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What went wrong, in wasmtime's words.
    pub message: String,
    /// The guest's functions that were active, innermost first, at most 16; names only where the component has them.
    pub frames: Vec<String>,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(frame) = self.frames.first() {
            write!(f, " (in {frame})")?;
        }
        Ok(())
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.subsec_millis() == 0 && self.0.as_secs() > 0 {
            write!(f, "{} s", self.0.as_secs())
        } else {
            write!(f, "{} ms", self.0.as_millis())
        }
    }
}

struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= 1 << 20 => write!(f, "{} MiB", n >> 20),
            n if n >= 1 << 10 => write!(f, "{} KiB", n >> 10),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// What the guest's end was, from the error it ended with and what it had asked for.
pub(crate) fn classify<H: 'static>(error: wasmtime::Error, context: &Context<H>, limits: &Limits) -> Failure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop.clone() {
            Stop::Output => Failure::TooMuchData("all its output together"),
            Stop::Input => Failure::TooMuchData("all its input together"),
            Stop::Calls => Failure::TooManyCalls { limit: limits.calls },
            Stop::Handles => Failure::TooManyHandles { limit: limits.handles },
            Stop::Host { function, error } => Failure::Host { function, error },
        };
    }
    if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
        return Failure::Busy;
    }
    let trap = error.downcast_ref::<wasmtime::Trap>().copied();
    match trap {
        Some(wasmtime::Trap::StackOverflow) => return Failure::StackOverflow,
        Some(wasmtime::Trap::AsyncDeadlock) => return Failure::Stuck,
        _ => {}
    }
    // wasmtime has no types for these two; the tests pin the words.
    let message = error.root_cause().to_string();
    if message.contains("fuel allocated for hostcalls") {
        return Failure::TooMuchData("one call or result");
    }
    if message.contains("store handle limit exceeded") {
        return Failure::TooManyHandles { limit: limits.handles };
    }
    if context.fence.starved {
        return Failure::OutOfMemory { limit: limits.memory };
    }
    if message.starts_with("resource limit exceeded") {
        return Failure::Start(message);
    }
    let frames = error
        .downcast_ref::<wasmtime::WasmBacktrace>()
        .map(|backtrace| {
            backtrace
                .frames()
                .iter()
                .take(16)
                .map(|frame| match frame.func_name() {
                    Some(name) => name.to_owned(),
                    None => format!("function {}", frame.func_index()),
                })
                .collect()
        })
        .unwrap_or_default();
    Failure::Trap(Trap { message: trap.map_or(message, |trap| trap.to_string()), frames })
}
