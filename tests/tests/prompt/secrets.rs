//! Secrets among what is typed.

use powerbox_core::registry::{Command, Parameter, ParameterKind, ParameterStyle};
use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::raw::{self, RUN, Raw};
use powerbox_tests::terminal::AtTerminal;

use crate::{enter, history, leave, open, press};

const SECRET: &str = "hunter2";

/// A command that says what it got first.
fn echoing(name: &str, secret: Parameter, more: Vec<Parameter>) -> Command {
    let parameters = std::iter::once(secret).chain(more).collect();
    Command { aliases: vec![format!("{name}-alias")], parameters, ..raw::command(name) }
}

fn optional(parameter: Parameter) -> Parameter {
    Parameter { required: false, ..parameter }
}

/// A user with commands that take a secret: as an option, by its place, and only if one likes.
fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    let secret = |style| Parameter { style, ..raw::parameter("token", ParameterKind::Secret) };
    let option = || secret(ParameterStyle::Option(Some('t')));
    let place = || optional(raw::parameter("place", ParameterKind::Text));
    let mut group = raw::group("vault", &[]);
    group.commands = vec![
        echoing("login", option(), vec![place()]),
        echoing("unlock", secret(ParameterStyle::Positional), vec![]),
        echoing("visit", optional(option()), vec![place()]),
    ];
    let mut raw = Raw::new(group);
    let nothing = raw::message(raw.data.text("nothing"));
    let result = raw.data.words(&nothing);
    // The text of the first value of the first argument goes where the message's text is.
    raw.core = format!(
        r#"(func (export "{RUN}") (param i32 i32 i32 i32) (result i32) (local $value i32)
            (if (local.get 3) (then
                (local.set $value (i32.load offset=8 (local.get 2)))
                (i32.store offset=8 (i32.const {result}) (i32.load offset=8 (local.get $value)))
                (i32.store offset=12 (i32.const {result}) (i32.load offset=12 (local.get $value)))))
            (i32.const {result}))"#
    );
    let file = user.path("vault.wasm");
    std::fs::write(&file, raw.build().unwrap()).unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    user
}

/// Answers a question, and waits until the next line can be typed; gives what the terminal got.
fn answer(terminal: &mut AtTerminal, keys: &str) -> String {
    terminal.type_in(keys).unwrap();
    terminal.wait_for_next("\x1b[?2004h").unwrap();
    terminal.plain()
}

/// Everything that the program keeps.
fn kept(user: &Powerbox) -> Vec<u8> {
    fn read(folder: &std::path::Path, all: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, all);
            } else if path.is_file() {
                all.extend(std::fs::read(path).unwrap());
            }
        }
    }
    let mut all = Vec::new();
    read(&user.path("state"), &mut all);
    all
}

fn is_kept(user: &Powerbox, text: &str) -> bool {
    kept(user).windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_line_with_a_secret_is_in_no_history() {
    let user = user();
    let mut terminal = open(&user);
    let mut says = |line: &str, answer: &str| {
        let shown = enter(&mut terminal, line);
        assert!(shown.contains(answer), "{line}: {shown}");
    };
    for line in [
        "login --token hunter2",
        "login --token=hunter2 home",
        "login -t hunter2",
        "login -thunter2",
        "login-alias --token hunter2",
        "vault:login --token hunter2",
        "vault:login-alias --token=hunter2",
        "--json login --token hunter2",
        "login --json --token hunter2",
        "unlock hunter2",
        "visit --token hunter2",
        "login \"--token\" 'hun'ter2",
    ] {
        says(line, SECRET);
    }
    for (line, complaint) in [
        ("login --token hunter2 a b", "no further word"),
        ("login --tokn hunter2", "has no option"),
        ("login --token hunter2 --token hunter2", "given twice"),
        ("unlock hunter2 hunter2", "no further word"),
        ("logn --token hunter2", "no command"),
        ("powerbox login --token hunter2", "no command"),
        ("login --token 'hunter2", "not closed"),
        ("--jsn login --token hunter2", "unexpected argument"),
        ("mkdir x; login --token hunter2", "has no option"),
    ] {
        says(line, complaint);
    }
    // The control: the same commands without a secret are kept, and so is everything else.
    for (line, answer) in [("visit", "nothing"), ("visit home", "home"), ("mkdir kept", "created")] {
        says(line, answer);
    }
    // Nor is it there for the arrow upwards.
    says("login --token hunter2", SECRET);
    terminal.type_in("\x1b[A").unwrap();
    terminal.wait_for_next("mkdir kept").unwrap();
    press(&mut terminal, "\x03");
    leave(terminal);
    assert_eq!(history(&user), "visit\nvisit home\nmkdir kept\nexit\n");
    assert!(is_kept(&user, "visit home"), "the control: it is looked for where it would be");
    assert!(!is_kept(&user, SECRET));
}

#[test]
fn pasted_lines_with_a_secret_among_them_are_in_no_history() {
    let user = user();
    let mut terminal = open(&user);
    let shown = enter(&mut terminal, "\x1b[200~mkdir one\nlogin --token hunter2\n\x1b[201~");
    assert!(shown.contains("created") && shown.matches(SECRET).count() > 1, "{shown}");
    leave(terminal);
    assert_eq!(history(&user), "exit\n");
    assert!(!is_kept(&user, SECRET));
}

#[test]
fn a_secret_that_is_left_out_is_asked_for_and_not_shown() {
    let user = user();
    for words in [&["visit", "--token", "-"][..], &["login"], &["unlock"]] {
        let mut terminal = AtTerminal::start(&user.command(words).unwrap()).unwrap();
        terminal.wait_for("token (not shown): ").unwrap();
        terminal.type_in("hunter2\n").unwrap();
        let (status, shown) = terminal.finish().unwrap();
        // The command says it once, and the terminal did not.
        assert_eq!((status, shown.matches(SECRET).count()), (Some(0), 1), "{words:?}: {shown:?}");
    }
    let mut terminal = open(&user);
    terminal.type_in("login\r").unwrap();
    terminal.wait_for("token (not shown): ").unwrap();
    let shown = answer(&mut terminal, "hunter2\n");
    assert_eq!(shown.matches(SECRET).count(), 1, "{shown}");
    leave(terminal);
    assert_eq!(history(&user), "login\nexit\n");
    assert!(!is_kept(&user, SECRET));
}

#[test]
fn interrupting_the_question_gives_the_terminal_back() {
    let user = user();
    let mut terminal = open(&user);
    terminal.type_in("login\r").unwrap();
    terminal.wait_for("token (not shown): ").unwrap();
    answer(&mut terminal, "\x03");
    terminal.type_in("login home\r").unwrap();
    terminal.wait_for_next("token (not shown): ").unwrap();
    let shown = answer(&mut terminal, "hunter2\n");
    assert_eq!(shown.matches(SECRET).count(), 1, "{shown}");
    leave(terminal);
}

#[test]
fn a_line_with_options_of_the_programs_is_kept_beside_commands_that_take_secrets() {
    let user = user();
    let mut terminal = open(&user);
    for line in ["visit home --json", "visit --as=nobody home", "visit --as"] {
        enter(&mut terminal, line);
    }
    leave(terminal);
    // The last makes no sense, so there may be a secret in it.
    assert_eq!(history(&user), "visit home --json\nvisit --as=nobody home\nexit\n");
}

#[test]
fn a_secret_comes_from_standard_input_where_a_hyphen_stands() {
    let user = user();
    for words in [&["login", "--token", "-"][..], &["login", "--token=-"], &["unlock", "-"]] {
        let finished = user.run_with(words, b"hunter2\nmore\n").unwrap();
        assert_eq!(
            (finished.status, finished.stderr.as_str()),
            (Some(0), "hunter2\n"),
            "{words:?}: {finished:?}"
        );
    }
    // Without a terminal nobody is asked.
    let headless = user.run_with(&["login"], b"hunter2\n").unwrap();
    assert_eq!(headless.status, Some(2), "{headless:?}");
    assert!(headless.stderr.contains("`login` needs --token"), "{headless:?}");
    let empty = user.run_with(&["login", "--token", "-"], b"").unwrap();
    assert_eq!(empty.status, Some(2), "{empty:?}");
    assert!(!is_kept(&user, SECRET));
}
