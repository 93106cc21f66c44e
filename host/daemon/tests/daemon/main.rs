//! The daemon as clients meet it: over its socket, through `powerbox-captp` or byte by byte.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod attenuated;
mod blobs;
mod bootstrap;
mod errors;
mod following;
mod guests;
mod isolation;
mod limits;
mod names;
mod service;
mod support;
mod transcripts;
mod values;
