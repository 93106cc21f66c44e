//! The calls that `powerbox` makes are those of Endo's own commands.
//!
//! For each command of both branches that was recorded against a real daemon, the recorded daemon's half is played to
//! the real program, and what it says to the daemon, prints and exits with is checked. `src/transcript/matching.rs`
//! says what counts as the same call. The sessions that are no command's (`api-…`, `npm/…`) are played to our CapTP.

// A helper of a test may end the test, as the test itself may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod commands;
mod sessions;
