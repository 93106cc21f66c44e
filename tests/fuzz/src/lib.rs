//! What a fuzzer feeds, one function for each target, and what must hold for every input.
//!
//! `cargo xtask fuzz` runs the fuzzer; the tests of this crate feed the small corpus that is kept, so that what was
//! found once stays mended. A violation is a panic, which is what a fuzzer looks for.
#![allow(clippy::panic, clippy::expect_used, reason = "a fuzzer looks for panics")]

mod bridge;
mod caveats;
mod manifest;
mod session;

pub use bridge::bridge;
pub use caveats::caveats;
pub use manifest::manifest;
pub use session::session;
