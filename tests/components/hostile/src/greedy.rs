//! Commands that take or give too much.

use std::hint::black_box;

use powerbox_sdk::{Output, Problem, command};

/// Take all memory there is
#[command(effect = reads)]
pub(crate) async fn exhaust() -> Result<Output, Problem> {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Return 100 megabytes
///
/// They are a hundred thousand lines that all are the same kilobyte, so that the plugin itself needs little memory.
#[command(effect = reads)]
pub(crate) async fn huge(
    /// How many kilobytes
    #[option]
    #[default = 100_000]
    kilobytes: u64,
) -> Result<Output, Problem> {
    let count = usize::try_from(kilobytes).unwrap_or(usize::MAX);
    let mut line = std::mem::ManuallyDrop::new("x".repeat(1000));
    let start: *mut u8 = line.as_mut_ptr();
    // SAFETY: none is claimed. Each of these texts points at the same memory and believes that it owns none of it, so
    // dropping one frees nothing; what becomes of this compartment after the host has seen them does not matter.
    let alias = || unsafe { String::from_raw_parts(start, 1000, 0) };
    Ok(Output::Lines(std::iter::repeat_with(alias).take(count).collect()))
}

/// Emit without end
#[command(effect = reads)]
pub(crate) async fn flood() -> Result<Output, Problem> {
    loop {
        powerbox_sdk::emit(Output::text("water\n")).await?;
    }
}

/// Write to the log without end, for a while
#[command(effect = reads)]
pub(crate) async fn shout() -> Result<Output, Problem> {
    let note = "!".repeat(10_000);
    for _ in 0..10_000 {
        powerbox_sdk::log::error(&note);
    }
    Ok(Output::message("shouted"))
}
