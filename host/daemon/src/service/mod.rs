//! The daemon as a process meets it: a folder of state, a socket, a start and an end.

mod error;
pub use error::OpenError;

mod identity;
pub use identity::{Identity, Stranger};

mod server;
pub use server::{Connector, Daemon, DaemonConfig, Facts, StopHandle};
