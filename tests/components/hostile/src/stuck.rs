//! Commands that do not come back by themselves.

use std::hint::black_box;

use powerbox_sdk::{Output, Problem, command};

/// Run in a circle
#[command(effect = reads)]
pub(crate) async fn spin() -> Result<Output, Problem> {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Trap
#[command(effect = reads)]
#[allow(clippy::panic, reason = "it is what this command is for")]
pub(crate) async fn trap() -> Result<Output, Problem> {
    panic!("this plugin panics when it is told to")
}

/// Call itself without end
#[command(effect = reads)]
pub(crate) async fn recurse() -> Result<Output, Problem> {
    Ok(Output::message(deeper(0).to_string()))
}

// It uses each result, so that no compiler makes a loop of it.
#[allow(unconditional_recursion, reason = "it is what this command is for")]
fn deeper(depth: u64) -> u64 {
    let below = black_box(deeper as fn(u64) -> u64)(black_box(depth + 1));
    below ^ black_box(depth)
}

/// Wait for what never happens
#[command(effect = reads)]
pub(crate) async fn wait() -> Result<Output, Problem> {
    std::future::pending().await
}
