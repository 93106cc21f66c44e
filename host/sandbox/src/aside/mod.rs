//! Reading and compiling components in a child process, where it cannot take more than its limits.
//!
//! What comes of it is in the [cache](CodeCache): the code and the manifest, or a [note](note) of why there is none, so
//! that nobody tries again. A lock for each component, which the child inherits, lets one of all processes do it; those
//! that need other components never meet it. The child goes on when its parent ends, so the work of short commands is
//! not lost.

mod child;
mod note;
mod parent;

pub use child::compile_if_asked;
pub(crate) use parent::prepare;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::compiler::Budget;

/// The first argument of a program that is to be a compiler. No command can have this name.
const ENTRY: &str = "--compile-component";

/// What a child is told. The component is its standard input, and the lock its standard output, which it only holds.
#[derive(Serialize, Deserialize)]
struct Task {
    cache: PathBuf,
    /// What the code must be for.
    compatibility: String,
    wasm_stack: usize,
    async_stack: usize,
    threads: u64,
    budget: Budget,
}

/// How a child ends: 0 if everything is in the cache.
mod status {
    /// A note says why there is nothing.
    pub(super) const NOTED: u8 = 10;
    /// It could not do its work, which says nothing about the component; standard error tells why.
    pub(super) const UNABLE: u8 = 11;
}
