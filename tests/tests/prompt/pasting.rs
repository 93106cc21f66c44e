//! Pasted texts: shown first, and run when the person says so.

use powerbox_tests::powerbox::Powerbox;

use crate::{enter, history, leave, open, press};

const CTRL_C: &str = "\x03";

/// As a terminal marks it.
fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

/// The names that the person gave.
fn own_names(user: &Powerbox) -> Vec<String> {
    let listed = user.ok(&["list"]).unwrap();
    listed.lines().filter(|name| !name.starts_with('@')).map(str::to_owned).collect()
}

#[test]
fn pasted_lines_are_shown_and_run_at_enter() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "notes", "--text", "x"]).unwrap();
    let mut terminal = open(&user);
    assert!(terminal.shown().contains("\x1b[?2004h"), "the terminal is asked to mark what is pasted");
    terminal.type_in(&pasted("mkdir one\nrm notes\nmkdir two\n")).unwrap();
    terminal.wait_for("mkdir two").unwrap();
    // All of it is there, and a line of the person's own goes behind it; nothing has run.
    terminal.type_in("mkdir three").unwrap();
    terminal.wait_for("mkdir three").unwrap();
    assert_eq!(own_names(&user), ["notes"]);
    let shown = press(&mut terminal, "\r");
    assert!(shown.contains("Directory \"three\" created"), "{shown}");
    assert_eq!(own_names(&user), ["one", "three", "two"]);
    assert_eq!(history(&user), "mkdir one<\\n>rm notes<\\n>mkdir two<\\n>mkdir three\n");
    leave(terminal);
}

#[test]
fn a_pasted_text_can_be_thrown_away() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "notes", "--text", "x"]).unwrap();
    let mut terminal = open(&user);
    terminal.type_in(&pasted("rm notes\n")).unwrap();
    terminal.wait_for("rm notes").unwrap();
    press(&mut terminal, CTRL_C);
    enter(&mut terminal, "mkdir kept");
    assert_eq!(own_names(&user), ["kept", "notes"]);
    leave(terminal);
}

/// The control: what is not marked as pasted was typed, with Enter behind it.
#[test]
fn a_line_that_is_typed_runs() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "notes", "--text", "x"]).unwrap();
    let mut terminal = open(&user);
    enter(&mut terminal, "rm notes");
    assert_eq!(own_names(&user), Vec::<String>::new());
    leave(terminal);
}

#[test]
fn nothing_in_a_pasted_text_moves_the_cursor() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    terminal.type_in(&pasted("list \x1b[2J\u{202e}\u{7}#")).unwrap();
    terminal.wait_for("\\u{1b}[2J\\u{202e}\\u{7}#").unwrap();
    assert!(!terminal.shown().contains('\u{202e}') && !terminal.shown().contains('\u{7}'));
    press(&mut terminal, CTRL_C);
    leave(terminal);
}
