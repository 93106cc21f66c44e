//! Commands that are shown for typing: a shell reads the names in them as they are meant.

use std::process::Command;

use powerbox_tests::powerbox::{Powerbox, component};

/// The command in a message: what stands between the marks around `powerbox …`.
fn shown(message: &str) -> &str {
    let (_, command) = message.split_once("`powerbox ").unwrap_or_else(|| panic!("{message}"));
    // None of the names here has such a mark in it.
    command.split_once('`').unwrap().0
}

/// The words that a shell makes of a command.
fn words(user: &Powerbox, shell: &str, command: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' {command}");
    let output = Command::new(shell).args(["-c", &script]).current_dir(user.path("")).output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn a_hint_names_an_agent_so_that_a_shell_takes_it_as_it_is() {
    let user = Powerbox::embedded().unwrap();
    let file = component("compare").unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    for agent in ["sly $(touch pwned)", "it's; touch pwned", "two words", "\u{1b}[2J$(touch pwned)"] {
        user.ok(&["mkguest", &format!("mail of {agent}"), agent]).unwrap();
        let refused = user.run(&["compare", "--as", agent]).unwrap();
        let command = shown(&refused.stderr);
        assert_eq!(words(&user, "bash", command), ["grant", "add", "compare", "left=NAME", "--as", agent]);
        assert!(!user.path("pwned").exists());
    }
    // The control: a shell reads such a name otherwise.
    assert_eq!(words(&user, "bash", "--as sly $(touch pwned)"), ["--as", "sly"]);
    assert!(user.path("pwned").exists());
}

#[test]
fn a_hint_names_a_file_so_that_a_shell_takes_it_as_it_is() {
    let user = Powerbox::embedded().unwrap();
    let folder = user.path("my $(touch pwned) plugins");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("reload.wasm");
    let path = file.to_str().unwrap();
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    user.ok(&["plugin", "install", "--yes", path]).unwrap();
    std::fs::copy(component("reload-more").unwrap(), &file).unwrap();
    let warned = user.run(&["version"]).unwrap();
    assert_eq!(words(&user, "sh", shown(&warned.stderr)), ["plugin", "install", path], "{warned:?}");
    assert!(!user.path("pwned").exists());
}
