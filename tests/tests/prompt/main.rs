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

/// Presses keys that end a line, and waits until what comes of it is there and the next line can be typed; gives what the
/// terminal got.
fn press(terminal: &mut AtTerminal, keys: &str) -> String {
    terminal.type_in(keys).unwrap();
    // Pasted texts are marked while a line is typed, and only then.
    terminal.wait_for_next("\x1b[?2004l").unwrap_or_else(|error| panic!("{keys:?}: {error}"));
    terminal.wait_for("\x1b[?2004h").unwrap_or_else(|error| panic!("{keys:?}: {error}"));
    terminal.plain()
}

/// Types a line, and Enter.
fn enter(terminal: &mut AtTerminal, line: &str) -> String {
    press(terminal, &format!("{line}\r"))
}

/// Leaves the prompt.
fn leave(mut terminal: AtTerminal) {
    terminal.type_in("exit\r").unwrap();
    let (status, shown) = terminal.finish().unwrap();
    assert_eq!(status, Some(0), "{shown}");
}

/// What the history has.
fn history(user: &Powerbox) -> String {
    std::fs::read_to_string(user.path("state/powerbox/history.txt")).unwrap()
}
