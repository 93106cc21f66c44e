//! Completion in shells, in the shells themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod inserting;

use std::path::Path;
use std::process::Command;

use powerbox_tests::powerbox::{Powerbox, component};

fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    for words in [&["mkdir", "notes"][..], &["mkdir", "notes/old"], &["store", "notes/to do", "--text", "x"]]
    {
        user.ok(words).unwrap();
    }
    user
}

/// A shell of this user, who has the program on his path.
fn shell_of(user: &Powerbox, shell: &[&str]) -> Command {
    let program = user.command::<&str>(&[]).unwrap();
    let folder = Path::new(program.get_program()).parent().unwrap().to_owned();
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).env_clear();
    for (key, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(key, value);
        }
    }
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", folder.display())).env("LANG", "C.UTF-8");
    command.current_dir(user.path(""));
    command
}

/// Runs a script in a shell as this user, who has the program on his path.
fn run(user: &Powerbox, shell: &[&str], script: &str) -> String {
    let output = shell_of(user, shell).arg("-c").arg(script).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

fn is_there(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        // Where everything is checked, nothing is left out unseen.
        assert!(std::env::var_os("POWERBOX_TEST_ALL").is_none(), "this machine has no `{shell}`");
        eprintln!("NOT RUN: this machine has no `{shell}`");
    }
    there
}

#[test]
fn bash_completes_commands_options_and_names() {
    if !is_there("bash") {
        return;
    }
    let user = user();
    // As bash calls it at Tab: with the words as it takes them apart, and with what it will replace.
    let script = r#"
        source <(powerbox completions bash)
        compopt() { :; }
        tab() {
            COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=(powerbox)
            _powerbox powerbox "$2"
            printf '%s|' "${COMPREPLY[@]}"
            echo
        }
        tab 'powerbox mk' mk
        tab 'powerbox list notes/' notes/
        tab 'powerbox --json --as nobody list no' no
        tab 'powerbox store x --te' --te
        tab 'powerbox grant add storage agent=no' no
        tab 'powerbox nothing ' ''
        tab 'powerbox list "notes/t' notes/t
    "#;
    let said = run(&user, &["bash", "--norc"], script);
    assert_eq!(said, "mkdir|mkguest|\nnotes/old|notes/to\\ do|\n|\n--text|\nnotes|\n|\nnotes/to do|\n");
}

#[test]
fn fish_completes_with_descriptions() {
    if !is_there("fish") {
        return;
    }
    let said = run(
        &user(),
        &["fish", "--no-config"],
        "powerbox completions fish | source; complete -C 'powerbox mk'; complete -C 'powerbox plugin inst'",
    );
    assert_eq!(
        said,
        "mkdir\tMake an empty directory\nmkguest\tMake a guest: a confined agent with names of its own\n\
         install\tInstall a plugin from a file, a project's folder or a registry\n"
    );
}

#[test]
fn zsh_takes_the_script() {
    if !is_there("zsh") {
        return;
    }
    let script =
        "autoload -U compinit; compinit -u -D; source <(powerbox completions zsh); print $_comps[powerbox]";
    assert_eq!(run(&user(), &["zsh", "-f"], script), "_powerbox\n");
}

#[test]
fn completing_starts_no_daemon_and_keeps_no_warning_from_the_person() {
    let user = Powerbox::embedded().unwrap();
    let line = |line: &str| user.ok(&["completions", "fish", "--line", line]).unwrap();
    assert_eq!(line("powerbox list "), "");
    let runs = || user.run(&["status"]).unwrap().status == Some(0);
    assert!(!runs());
    // The control: with a daemon there are names.
    user.ok(&["mkdir", "notes"]).unwrap();
    assert!(runs());
    assert!(line("powerbox list ").lines().any(|line| line.starts_with("notes\t")));

    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    assert!(line("powerbox ver").starts_with("version\t"));
    std::fs::copy(component("reload-more").unwrap(), &file).unwrap();
    assert!(line("powerbox ver").starts_with("version\t"));
    let warned = user.run(&["version"]).unwrap();
    assert!(warned.stderr.contains("asks for more"), "{warned:?}");
}
