//! The embedded daemon: Endo's directories, stored values and blobs, kept in SQLite and served over a Unix socket.
//!
//! It speaks the dialect of Endo's llm branch, so that Endo's own clients can use it. A value is kept as a formula,
//! which says how to make it again; a mutation is acknowledged only when it is on disk. [`Daemon`] is all that a
//! program needs: open it, run it, stop it.
//!
//! This crate refuses to know who its clients are and what commands or plugins do with it: it is met through a session
//! only. There is no mail, no evaluation and no network here yet; the names for these (`@mail`, `@main`, `@node`) are
//! not listed, and `@nets` is an empty directory of the host.
//!
//! Agents are the host, which every session begins with, and the guests that it makes. A guest sees only names of its
//! own: those introduced to it and those it gave itself. As in Endo a formula identifier is a key to its value, for
//! guests too: one who learns an identifier can look it up, so identifiers must be told only to those who may have the
//! value, and a name that is taken away takes nothing from one who noted the identifier.

mod arguments;
mod authority;
pub use authority::Authority;
mod changes;
mod failure;
mod formula;
mod hub;

pub mod id;

mod interface;
mod key;
mod limits;
pub use limits::Limits;

mod locator;
mod name;
mod objects;
mod quote;
mod roots;

mod service;
pub use service::{Connector, Daemon, DaemonConfig, Facts, Identity, OpenError, StopHandle, Stranger};

mod store;
pub use store::StoreError;

mod world;
