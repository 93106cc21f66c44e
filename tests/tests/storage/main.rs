//! The storage commands, from the command line to the daemon and back. With `POWERBOX_TEST_ENDO=SOCKET` (which
//! `cargo xtask test --endo SOCKET` sets) the daemon is a live one, else the embedded one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod kept;
mod told;

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use powerbox_tests::powerbox::Powerbox;
use rustix::process::Signal;

/// A user with an empty directory.
fn user() -> Powerbox {
    let user = Powerbox::new().unwrap();
    user.ok(&["mkdir", user.folder()]).unwrap();
    user
}

fn listed(user: &Powerbox) -> Vec<String> {
    user.ok(&["list", user.folder()]).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_made_directory_is_among_the_names() {
    let user = user();
    let made = user.run(&["mkdir", &user.name("notes")]).unwrap();
    assert_eq!(made.status, Some(0), "{made:?}");
    assert!(made.stderr.contains(&format!("Directory \"{}\" created", user.name("notes"))), "{made:?}");
    assert_eq!(listed(&user), ["notes"]);
    let all = user.ok(&["list"]).unwrap();
    assert!(all.lines().any(|name| name == user.folder()), "{all}");
}

#[test]
fn names_are_copied_moved_and_removed() {
    let user = user();
    let name = |name| user.name(name);
    user.ok(&["store", &name("a"), "--text", "hello"]).unwrap();
    user.ok(&["copy", &name("a"), &name("b")]).unwrap();
    user.ok(&["cp", &name("a"), &name("c")]).unwrap();
    assert_eq!(listed(&user), ["a", "b", "c"]);
    user.ok(&["move", &name("c"), &name("d")]).unwrap();
    user.ok(&["mv", &name("b"), &name("e")]).unwrap();
    assert_eq!(listed(&user), ["a", "d", "e"]);
    assert_eq!(user.ok(&["show", &name("e")]).unwrap(), "hello\n");
    user.ok(&["mkdir", &name("inner")]).unwrap();
    user.ok(&["move", &name("e"), &name("inner/e")]).unwrap();
    assert_eq!(user.ok(&["list", &name("inner")]).unwrap(), "e\n");
    user.ok(&["remove", &name("a"), &name("d")]).unwrap();
    user.ok(&["rm", &name("inner")]).unwrap();
    assert_eq!(listed(&user), Vec::<String>::new());
}

#[test]
fn text_and_json_come_back_as_they_went() {
    let user = user();
    let name = |name| user.name(name);
    let text = "two lines,\nünïcode ☂ and a \"quote\"";
    user.ok(&["store", &name("text"), "--text", text]).unwrap();
    assert_eq!(user.ok(&["cat", &name("text")]).unwrap().trim_end_matches('\n'), text);
    assert_eq!(user.ok(&["show", &name("text")]).unwrap().trim_end_matches('\n'), text);

    let json = r#"{"b":[1,2.5,null,true],"a":{"deep":"x"}}"#;
    user.ok(&["store", &name("json"), "--json", json]).unwrap();
    let shown: serde_json::Value =
        serde_json::from_str(&user.ok(&["--json", "show", &name("json")]).unwrap()).unwrap();
    assert_eq!(shown, serde_json::from_str::<serde_json::Value>(json).unwrap());
    let printed: serde_json::Value =
        serde_json::from_str(&user.ok(&["cat", &name("json")]).unwrap()).unwrap();
    assert_eq!(printed, shown);
    let wrong = user.run(&["store", &name("json"), "--json", "{nope"]).unwrap();
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
}

#[test]
fn bytes_of_a_file_and_of_standard_input_come_back() {
    let user = user();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let file = user.path("in.bin");
    std::fs::write(&file, &bytes).unwrap();
    let name = user.name("blob");
    user.ok(&["store", &name, "--file", file.to_str().unwrap()]).unwrap();
    let output = user.command(&["cat", &name]).unwrap().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());

    let stored = user.run_with(&["store", &name, "--file", "-", "--force"], b"from a pipe\n").unwrap();
    assert_eq!(stored.status, Some(0), "{stored:?}");
    assert_eq!(user.ok(&["cat", &name]).unwrap(), "from a pipe\n");
}

#[test]
fn changes_are_followed_until_interrupted() {
    let user = user();
    user.ok(&["store", &user.name("first"), "--text", "1"]).unwrap();
    let mut following = user.start(&["list", user.folder(), "--follow"]).unwrap();
    let mut lines = BufReader::new(following.child().unwrap().stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "+first");
    user.ok(&["store", &user.name("second"), "--text", "2"]).unwrap();
    assert_eq!(next(), "+second");
    user.ok(&["remove", &user.name("first")]).unwrap();
    assert_eq!(next(), "-first");
    following.signal(Signal::INT).unwrap();
    let finished = following.finish(Duration::from_secs(60)).unwrap();
    assert_eq!(finished.status, Some(130), "{finished:?}");
}

#[test]
fn own_names_are_followed_too() {
    let user = user();
    let mut following = user.start(&["ls", "-f"]).unwrap();
    let mut lines = BufReader::new(following.child().unwrap().stdout.take().unwrap()).lines();
    let wanted = format!("+{}", user.folder());
    assert!(lines.any(|line| line.unwrap() == wanted));
    following.signal(Signal::INT).unwrap();
    assert_eq!(following.finish(Duration::from_secs(60)).unwrap().status, Some(130));
}

#[test]
fn what_is_not_there_is_said_so() {
    let user = user();
    for words in [
        vec!["show".to_owned(), user.name("absent")],
        vec!["cat".to_owned(), user.name("absent")],
        vec!["remove".to_owned(), user.name("absent")],
        vec!["copy".to_owned(), user.name("absent"), user.name("b")],
        vec!["move".to_owned(), user.name("absent"), user.name("b")],
        vec!["list".to_owned(), user.name("absent")],
    ] {
        let finished = user.run(&words).unwrap();
        assert_eq!(finished.status, Some(1), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains("there is nothing named"), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains("absent"), "{words:?}: {finished:?}");
    }
}

#[test]
fn one_name_that_fails_does_not_keep_the_others() {
    let user = user();
    user.ok(&["store", &user.name("a"), "--text", "1"]).unwrap();
    user.ok(&["store", &user.name("c"), "--text", "1"]).unwrap();
    let finished = user.run(&["remove", &user.name("a"), &user.name("b"), &user.name("c")]).unwrap();
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("1 of 3 names not removed"), "{finished:?}");
    assert_eq!(listed(&user), Vec::<String>::new());
}

#[test]
fn a_directory_is_shown_as_a_reference_and_cannot_be_printed_as_bytes() {
    let user = user();
    user.ok(&["mkdir", &user.name("inner")]).unwrap();
    assert_eq!(user.ok(&["show", &user.name("inner")]).unwrap(), "<EndoDirectory>\n");
}

#[test]
fn cancelled_values_are_made_anew() {
    let user = user();
    let name = format!("{}-cancel", user.folder());
    user.ok(&["store", &name, "--text", "again"]).unwrap();
    let cancelled = user.run(&["cancel", &name]).unwrap();
    assert_eq!(cancelled.status, Some(0), "{cancelled:?}");
    user.ok(&["cancel", &name, "for a reason"]).unwrap();
    assert_eq!(user.ok(&["show", &name]).unwrap(), "again\n");
    user.ok(&["remove", &name]).unwrap();
}

#[test]
fn help_lists_the_commands_and_explains_each() {
    let user = Powerbox::new().unwrap();
    let help = user.ok(&["help"]).unwrap();
    for command in ["list", "show", "remove", "move", "copy", "mkdir", "store", "cat", "help", "cancel"] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in:\n{help}"
        );
        let explained = user.ok(&["help", command]).unwrap();
        assert!(explained.contains(command), "{explained}");
    }
    assert_eq!(user.ok(&["help", "ls"]).unwrap(), user.ok(&["help", "list"]).unwrap());
}

#[test]
fn json_is_printed_where_it_is_asked_for() {
    let user = user();
    user.ok(&["store", &user.name("a"), "--text", "1"]).unwrap();
    let names: Vec<String> =
        serde_json::from_str(&user.ok(&["list", user.folder(), "--json"]).unwrap()).unwrap();
    assert_eq!(names, ["a"]);
    let failed = user.run(&["show", &user.name("absent"), "--json"]).unwrap();
    assert_eq!(failed.status, Some(1));
    let error: serde_json::Value = serde_json::from_str(&failed.stderr).unwrap();
    assert_eq!(error["error"]["kind"], "failed");
}
