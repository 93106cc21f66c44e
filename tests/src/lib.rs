//! What the tests of the whole have in common: peers that are not ours, and ways to run programs.
//!
//! The test binaries are in `tests/`, each named for what it proves.

pub mod crossing;
pub mod fixture;
pub mod hostile_names;
pub mod node;
pub mod numbered;
pub mod powerbox;
pub mod program;
pub mod raw;
pub mod registry;
pub mod serve;
pub mod terminal;
pub mod transcript;
pub mod world;
