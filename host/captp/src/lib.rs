//! CapTP as Endo speaks it: sessions over which objects of two programs call one another.
//!
//! [`Session`] joins a stream to the objects behind it. An [`Object`] is anything that receives messages, local or of
//! a peer; a call gives an [`Answer`] at once, which can be called in turn before it has come. What is passed are
//! [`Value`]s: data, objects and promises.
//!
//! The protocol itself is a state machine without I/O, clock or tasks, in [`protocol`]; the driver around it uses
//! tokio. This crate refuses to know what the objects are for: names, directories and daemons are others' business.
//! The wire is described in `SPECIFICATION.md` beside the sources.

mod answer;
pub use answer::Answer;

mod config;
pub use config::{Config, Release};

mod delivery;

mod error;
pub use error::{CallError, Reason};

mod exo;
pub use exo::Exo;

mod limits;
pub use limits::Limits;

mod link;

mod message;
pub use message::{Message, Method, Reply};

pub mod netstring;

mod object;
pub use object::{Object, Receiver};

mod promise;

mod remote;

mod resolver;
pub use resolver::{Resolver, promise};

mod session;
pub use session::Session;

mod turn;

pub mod protocol;
pub use protocol::Stats;

pub mod transport;

/// What a session carries: data with objects and promises in it.
pub type Value = powerbox_passable::Value<Object>;
