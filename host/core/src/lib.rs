//! The command host itself. Read in the order of a command's life: [`registry`] finds the command, [`designation`]
//! turns words into handles, [`invoke`](Host::invoke) runs the plugin in a fresh compartment, every call it makes
//! passes the [`membrane`], and the [`bridge`] puts it into the words of the [`daemon`] at the other end.
//! [`plugin`] and `reload` look after what is installed.
//!
//! The core knows neither terminals nor sockets' paths nor the embedded daemon: front ends bring a [`daemon::Connect`]
//! and a [`local::FrontEnd`]. They hold no authority of their own.

pub mod bridge;
pub mod daemon;
pub mod designation;
pub mod grants;
pub mod local;
pub mod membrane;
pub mod plugin;
pub mod registry;
pub use powerbox_authority::text;

mod agreement;
pub use agreement::{Line, defaults, designated};
mod agents;
pub use agents::AgentError;

mod allowance;
pub use allowance::{Allowance, Allowances, UNATTENDED};

mod event;
pub use event::Event;

mod host;
pub use host::{Bundled, Host, HostConfig, OpenError, open_authority};

mod install;
pub use install::{InstallError, Installation};

mod invoke;
pub use invoke::{InvokeError, Request};

mod journal;
pub use journal::{Run, Runs};

mod migration;
pub use migration::MigrateError;

mod names;

mod news;
pub use news::News;
pub use powerbox_authority::grant::{Agent, AgentKey};

mod principal;
pub use principal::{Link, Principal};

mod quarantine;
pub use quarantine::{FAILURES, PutAside};

mod reload;
pub use reload::Watch;

mod transaction;

mod words;
pub use words::{Claim, Owner, PreferError, passed};
