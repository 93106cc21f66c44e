//! The objects that front ends hold, and both ends of them: what serves them in the host process, and how a client in
//! Rust calls them. `docs/console.md` describes them for clients in any language.
//!
//! The person's front ends hold a [`Console`], everybody else's [`Commands`] of one principal. What a front end may not
//! do, it has no reference for. This crate refuses to know how anything is shown.

mod build;
pub use build::Build;

mod client;
pub use client::{Client, ClientError, Retired, Running};

mod commands;
pub use commands::Commands;

mod console;
pub use console::{Console, HostStatus};

mod data;
pub use data::{Unfit, from_value, to_value};

mod entrance;

mod failure;
pub use failure::{Failure, Status};

mod front_end;

mod hosts;
pub use hosts::Hosts;

mod line;
pub use line::{Request, may_be_kept};

mod run;

mod server;
pub use server::{Server, StopHandle};
