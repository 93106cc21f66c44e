//! The daemon at the other end of the session: where it is, which dialect it speaks, how its methods are called.

mod arguments;
mod connection;
mod dialect;
mod endpoint;
mod held_kind;

pub use arguments::put;
pub use connection::{Connect, ConnectError, Daemon};
pub use dialect::{Binding, Dialect, Put};
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use held_kind::{HeldKind, locate, located};
