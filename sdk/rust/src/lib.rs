//! What a Powerbox plugin is written with.
//!
//! A plugin is a group of commands. A command is a documented async function with typed parameters; the type of a
//! parameter says what the user gives, and for the kinds that designate, what the command may do with it:
//!
//! ```ignore
//! use powerbox_sdk::{NewName, Output, Problem, Readable};
//!
//! powerbox_sdk::group! {
//!     /// Names, and what they hold
//!     storage: [copy]
//! }
//!
//! /// Give a thing one more name
//! #[powerbox_sdk::command(alias = "cp", effect = writes)]
//! async fn copy(
//!     /// What to copy
//!     from: Readable,
//!     /// The name that it gets, too
//!     to: NewName,
//! ) -> Result<Output, Problem> {
//!     to.copy_from(&from).await?;
//!     Ok(Output::message(format!("{from} copied to {to}")))
//! }
//! ```
//!
//! A command that needs more than what its user names gets it by *slots*: the plugin's own WIT world imports them,
//! [`slots!`] makes functions of them, and the user binds each to an object. The imports of the finished component
//! are exactly the functions that its code uses, so a plugin asks for nothing by using this crate.
//!
//! The crate does no I/O of its own, and knows nothing of hosts, sessions or daemons beyond the contract in `wit/`.

// The bindings name this crate by its own name, since the same paths are written into plugins.
extern crate self as powerbox_sdk;

pub mod bindings;

mod arguments;
pub use arguments::Arguments;

mod callback;
pub use callback::callback;

pub mod clock;

mod duration;

mod group;

pub mod http;

pub mod log;

mod name;
pub use name::{Cancellable, Designated, Directory, Movable, NewName, Readable, Removable, Replaceable};

mod output;
pub use output::{emit, progress};

pub mod parameter;
pub use parameter::{EdgeName, Json, Locator, MessageNumber, Parameter, Secret, Source};

mod problem;

pub mod random;

mod read;
pub use read::File;

pub mod smallcaps;

pub mod store;

mod value;
pub use value::{Reference, Value};

/// The commands that the host offers. Using it makes a plugin ask for the slot `registry`.
pub mod registry {
    pub use crate::bindings::powerbox::plugin::{
        description::{
            Command, CommandGroup, Effect, NameRights, Parameter, ParameterKind as Kind,
            ParameterStyle as Style,
        },
        registry::groups,
    };
}

/// How a plugin describes itself. The macros write it; authors seldom need it.
pub mod description {
    pub use crate::bindings::exports::powerbox::plugin::commands::{Argument, ArgumentValue, Invocation};
    pub use crate::bindings::powerbox::plugin::description::{
        Command, CommandGroup, Effect, NameRights, Parameter, ParameterKind as Kind, ParameterStyle as Style,
    };
}

pub use bindings::powerbox::plugin::{
    output::{Output, Table},
    types::{Blob, Change, Changes, Content, Denial, Name, Object, Passable, Problem, RemoteError},
};
pub use powerbox_passable as passable;
pub use powerbox_sdk_macros::{command, group, slots};

/// The folder with the WIT packages `powerbox-plugin` and `endo-daemon`, for build scripts and other generators.
///
/// It is where this crate was compiled from; [`slots!`] finds the packages without it.
pub const WIT_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/wit");

#[doc(hidden)]
pub use wit_bindgen;

/// What the macros' expansions call. Not for authors: it changes without notice.
#[doc(hidden)]
pub mod rt {
    pub use crate::callback::receive;
    pub use crate::group::{Entry, finish, no_word_twice, unknown};
    pub use crate::log::hook_panics;
    pub use crate::parameter::{Takes, check_attributes};
}
