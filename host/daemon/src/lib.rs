//! The embedded daemon: Endo's directories, stored values and blobs, kept in SQLite and served over a Unix socket.
//!
//! It speaks the dialect of Endo's llm branch, so that Endo's own clients can use it. A value is kept as a formula,
//! which says how to make it again; a mutation is acknowledged only when it is on disk. [`Daemon`] is all that a
//! program needs: open it, run it, stop it.
//!
//! This crate refuses to know who its clients are and what commands or plugins do with it: it is met through a session
//! only. There is no mail, no evaluation and no network here yet; the names for these (`@mail`, `@main`, `@node`) are
//! not listed, and `@nets` is an empty directory.

mod arguments;
mod changes;
mod failure;
mod formula;
mod guard;
mod hub;

pub mod id;

mod limits;
pub use limits::Limits;

mod locator;
mod name;
mod objects;
mod quote;
mod roots;

mod service;
pub use service::{Daemon, DaemonConfig, Facts, OpenError, Running, StopHandle};

mod store;
pub use store::StoreError;

mod world;
