//! Runs one WebAssembly component at a time, fenced in, and lets it reach nothing but what its host hands it.
//!
//! A component is read without running it ([`Manifest`]), compiled once and linked by walking its own declared
//! types ([`Component::load`]), and called in a fresh compartment per invocation ([`Component::invoke`]): a store
//! with its own memory, handles and budget, gone when the call ends or when its future is dropped. What a
//! component's imports reach is one trait, [`Host`], generic over the host's own handle type `H`. While an invocation
//! is under way, a [`Caller`] calls other exports of the same compartment ([`Component::invoke_with`]).
//!
//! A component that nobody vouches for is read and compiled in a child process with limits ([`Compiler::Aside`]).
//!
//! Short invocations run on their caller's task. One that keeps a thread busy goes on in the engine's slow lane, so
//! that it does not slow others.
//!
//! This crate knows wasmtime and WIT. It refuses to know sessions, capabilities, commands, grants or WASI.

mod aside;
mod cache;
mod calls;
mod compartment;
mod compiler;
mod component;
mod context;
mod convert;
mod digest;
mod engine;
mod failure;
mod host;
mod limits;
mod link;
mod manifest;
mod measured;
mod meter;
mod reflect;
mod serve;
mod slow_lane;
mod table;
mod ticker;
mod usage;
mod wit_text;

pub mod wit;

#[cfg(test)]
mod tests;

pub use aside::compile_if_asked;
pub use cache::{CacheBounds, CacheError, CodeCache};
pub use calls::{Called, Caller, Calls};
pub use compiler::{CompileLimits, Compiler};
pub use component::{Component, LoadError, Refusal};
pub use digest::{Digest, DigestParseError};
pub use engine::{Allocation, Engine, EngineError, EngineOptions};
pub use failure::{Failure, Trap};
pub use host::{Host, HostError, Reply};
pub use limits::{Limits, SLICE, TICK};
pub use manifest::{
    About, CustomSection, DOCS_SECTION, Manifest, ManifestError, ManifestFunction, ManifestInterface,
    ManifestParam, SlotKind,
};
pub use usage::Usage;
pub use wit::{Function, Import, Resource, Type, Val};

/// The engine itself, for the bench that compares a compartment with bare wasmtime. Nothing else may use it: the
/// point of this crate is that nobody else meets wasmtime.
#[doc(hidden)]
pub use wasmtime;
