//! Commands that do not come back by themselves. A number makes an end to it, however late.

use std::hint::black_box;

use powerbox_sdk::{Output, Problem, command};

/// Run in a circle
#[command(effect = reads)]
pub(crate) async fn spin(
    /// How often
    #[option]
    #[default = 1_000_000_000_000]
    turns: u64,
) -> Result<Output, Problem> {
    let mut done = 0_u64;
    while done < turns {
        done = black_box(done + 1);
    }
    Ok(Output::message("dizzy"))
}

/// Trap
#[command(effect = reads)]
#[allow(clippy::panic, reason = "it is what this command is for")]
pub(crate) async fn trap() -> Result<Output, Problem> {
    panic!("this plugin panics when it is told to")
}

/// Call itself
#[command(effect = reads)]
pub(crate) async fn recurse(
    /// How deep
    #[option]
    #[default = 1_000_000_000]
    depth: u64,
) -> Result<Output, Problem> {
    Ok(Output::message(deeper(depth).to_string()))
}

// It uses each result, so that no compiler makes a loop of it.
fn deeper(left: u64) -> u64 {
    if left == 0 {
        return 0;
    }
    let below = black_box(deeper as fn(u64) -> u64)(black_box(left - 1));
    below + black_box(1)
}

/// Wait for what never happens
#[command(effect = reads)]
pub(crate) async fn wait() -> Result<Output, Problem> {
    std::future::pending().await
}
