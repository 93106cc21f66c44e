//! Temporary: the half of one builder alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code, reason = "a test")]
#[path = "../hostile_plugins/attack.rs"]
mod attack;
#[path = "../hostile_plugins/things.rs"]
mod things;
#[path = "../hostile_plugins/counters.rs"]
mod counters;
#[path = "../hostile_plugins/handles.rs"]
mod handles;
#[path = "../hostile_plugins/laundering.rs"]
mod laundering;
#[path = "../hostile_plugins/names.rs"]
mod names;
#[path = "../hostile_plugins/narrowing.rs"]
mod narrowing;
#[path = "../hostile_plugins/revocation.rs"]
mod revocation;
