//! Pasted texts: shown first, and run when the person says so.

use powerbox_tests::powerbox::Powerbox;

use crate::{history, open};

/// As a terminal marks it.
fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
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
    let names = user.ok(&["list"]).unwrap();
    assert!(names.contains("notes") && !names.contains("one"), "{names}");
    terminal.type_in("\r").unwrap();
    terminal.wait_for("Directory \"three\" created").unwrap();
    let names = user.ok(&["list"]).unwrap();
    assert!(!names.contains("notes") && names.contains("one") && names.contains("two"), "{names}");
    assert_eq!(history(&user), "mkdir one<\\n>rm notes<\\n>mkdir two<\\n>mkdir three\n");
    terminal.type_in("exit\r").unwrap();
    terminal.finish().unwrap();
}

#[test]
fn a_pasted_text_can_be_thrown_away() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "notes", "--text", "x"]).unwrap();
    let mut terminal = open(&user);
    terminal.type_in(&pasted("rm notes\n")).unwrap();
    terminal.wait_for("rm notes").unwrap();
    // Ctrl-C.
    terminal.type_in("\x03").unwrap();
    terminal.type_in("mkdir kept\r").unwrap();
    terminal.wait_for("Directory \"kept\" created").unwrap();
    assert!(user.ok(&["list"]).unwrap().contains("notes"));
    terminal.type_in("exit\r").unwrap();
    terminal.finish().unwrap();
}

/// The control: what is not marked as pasted was typed, with Enter behind each line.
#[test]
fn lines_that_are_typed_run_one_by_one() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["store", "notes", "--text", "x"]).unwrap();
    let mut terminal = open(&user);
    terminal.type_in("rm notes\rmkdir one\r").unwrap();
    terminal.wait_for("Directory \"one\" created").unwrap();
    assert!(!user.ok(&["list"]).unwrap().contains("notes"));
    terminal.type_in("exit\r").unwrap();
    terminal.finish().unwrap();
}

#[test]
fn nothing_in_a_pasted_text_moves_the_cursor() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    terminal.type_in(&pasted("list \x1b[2J\u{202e}\u{7}#")).unwrap();
    terminal.wait_for("\\u{1b}[2J\\u{202e}\\u{7}#").unwrap();
    assert!(!terminal.shown().contains('\u{202e}') && !terminal.shown().contains('\u{7}'));
    terminal.type_in("\x03exit\r").unwrap();
    terminal.finish().unwrap();
}
