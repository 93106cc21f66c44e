//! Endo's own JavaScript on the other end of the wire.
//!
//! The npm packages are pinned in `js/package-lock.json`; `npm ci` installs them. Without Node or them these tests
//! fail, and say what is missing: interoperation that was not tried is not shown.

// A helper of a test may end the test, as the test itself may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod embedded_daemon;
mod fixture;
mod npm_daemon;
mod station;
