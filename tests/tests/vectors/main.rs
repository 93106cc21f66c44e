//! What JavaScript was recorded to do, as tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

mod captp;
mod marshal;
mod netstring;
