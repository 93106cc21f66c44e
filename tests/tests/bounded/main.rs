//! Bounded before it starts: what a plugin's file, or a file in its place, can cost before anybody agreed to it. Reading
//! never waits, compiling has limits and is done once, and nobody waits who wants something else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod aside;
mod bombs;
mod compiling;
mod files;
mod folders;
