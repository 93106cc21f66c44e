//! Peers that break the rules, over real sockets, against the fixture and its default limits.
//!
//! Each attack stands beside a control that shows that the same thing done properly works. After each, another
//! connection still works, and what the attacker made the server hold is gone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

mod attacker;
mod floods;
mod frames;
mod messages;
mod streams;
