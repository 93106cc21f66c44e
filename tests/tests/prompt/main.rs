//! The prompt, as a person at a terminal meets it: what they type and paste, and what of it is kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod completing;
mod keeping;
mod pasting;
mod secrets;

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::terminal::AtTerminal;

/// What stands before a line.
const READY: &str = "powerbox> ";

/// Opens the prompt at a terminal.
fn open(user: &Powerbox) -> AtTerminal {
    let mut terminal = AtTerminal::start(&user.command::<&str>(&[]).unwrap()).unwrap();
    terminal.wait_for(READY).unwrap();
    terminal
}

/// What the history has.
fn history(user: &Powerbox) -> String {
    std::fs::read_to_string(user.path("state/powerbox/history.txt")).unwrap()
}
