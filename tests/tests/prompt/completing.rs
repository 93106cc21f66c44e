//! Names that are completed, and shown, while a line is typed.

use std::fmt::Write as _;

use powerbox_tests::hostile_names::{HOSTILE, UNSEEN};
use powerbox_tests::powerbox::Powerbox;

use crate::{enter, leave, open};

fn user() -> (Powerbox, Vec<&'static str>) {
    let user = Powerbox::embedded().unwrap();
    let names = [HOSTILE, UNSEEN].concat();
    for (number, name) in names.iter().enumerate() {
        user.ok(&["store", "--text", &format!("held-{number}."), "--", name]).unwrap();
    }
    (user, names)
}

#[test]
fn every_name_is_completed_so_that_it_is_designated() {
    let (user, names) = user();
    let mut terminal = open(&user);
    for opened in ["", "\"", "'", "$'"] {
        for (number, name) in names.iter().enumerate() {
            let begun = name.get(..2).unwrap();
            let shown = enter(&mut terminal, &format!("show {opened}{begun}\t"));
            assert!(shown.contains(&format!("held-{number}.")), "{opened}{name:?}: {shown}");
        }
    }
    leave(terminal);
    assert!(!user.path("pwned").exists());
}

#[test]
fn nothing_in_a_name_reaches_the_terminal_as_it_is() {
    let (user, _) = user();
    let mut terminal = open(&user);
    // The menu has them all; then one is put into the line, and into a message.
    terminal.type_in("show \t").unwrap();
    terminal.wait_for("$'\\x1b'").unwrap();
    let mut shown = terminal.shown();
    assert!(enter(&mut terminal, "qq\t").contains("held-"));
    shown += &terminal.shown();
    assert!(enter(&mut terminal, "show nothing$'\\x1b[2J\\x07'").contains("`nothing\\u{1b}[2J\\u{7}`"));
    shown += &terminal.shown();
    // The editor moves the cursor itself, but has no use for these.
    for raw in ["\u{7}", "\u{202e}", "\u{9b}", "\u{3164}", "\u{1b}[2J"] {
        assert!(!shown.contains(raw), "{raw:?} in {shown:?}");
    }
    leave(terminal);
}

/// As it is spelled where it is listed, so it can be typed.
#[test]
fn a_name_can_be_typed_as_it_is_shown() {
    let user = Powerbox::embedded().unwrap();
    let name = "odd\u{1b}[31m\u{202e}name";
    user.ok(&["store", "--text", "held", name]).unwrap();
    let mut typed = String::new();
    writeln!(
        typed,
        "show $'{}'",
        user.ok(&["list"]).unwrap().lines().find(|name| name.starts_with("odd")).unwrap()
    )
    .unwrap();
    let finished = user.run_with::<&str>(&[], typed.as_bytes()).unwrap();
    assert_eq!(finished.stdout, "held\n", "{finished:?}");
}
