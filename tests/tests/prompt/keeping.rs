//! What is kept of what was typed, by whom it can be read, and that it is kept however the prompt ends.

use std::os::unix::fs::PermissionsExt as _;

use powerbox_tests::powerbox::Powerbox;
use rustix::process::{Pid, Signal, kill_process};

use crate::{enter, history, leave, open, press};

fn mode(user: &Powerbox, path: &str) -> u32 {
    std::fs::metadata(user.path(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_history_is_its_owners_alone() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    assert_eq!(mode(&user, "state/powerbox/history.txt"), 0o600, "from the beginning");
    assert_eq!(mode(&user, "state/powerbox"), 0o700);
    enter(&mut terminal, "mkdir one");
    leave(terminal);

    // One that an older version left open for others.
    let file = user.path("state/powerbox/history.txt");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut terminal = open(&user);
    assert_eq!(mode(&user, "state/powerbox/history.txt"), 0o600);
    enter(&mut terminal, "mkdir two");
    assert_eq!(history(&user), "mkdir one\nexit\nmkdir two\n");
    leave(terminal);
}

#[test]
fn a_closed_terminal_keeps_the_history() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    enter(&mut terminal, "mkdir one");
    terminal.close().unwrap();
    assert_eq!(history(&user), "mkdir one\n");
    // It is there for the next prompt: the arrow upwards brings it back.
    let mut terminal = open(&user);
    terminal.type_in("\x1b[A").unwrap();
    terminal.wait_for("mkdir one").unwrap();
    press(&mut terminal, "\r");
    leave(terminal);
}

/// The number of the prompt's process: the one whose working folder is this user's home, and whose terminal is.
fn process(user: &Powerbox) -> Pid {
    let program = user.command::<&str>(&[]).unwrap().get_program().to_owned();
    let home = std::fs::canonicalize(user.path("")).unwrap();
    let program = std::fs::canonicalize(program).unwrap();
    let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let entry = entry.ok()?;
        let of = |link: &str| std::fs::read_link(entry.path().join(link)).ok();
        let words = std::fs::read(entry.path().join("cmdline")).ok()?;
        // The embedded daemon is another, with more words.
        let alone = words.iter().filter(|byte| **byte == 0).count() == 1;
        let ours = of("cwd")? == home && of("exe")? == program;
        (ours && alone).then(|| entry.file_name().to_str()?.parse().ok())?
    });
    Pid::from_raw(numbers.last().expect("the prompt runs")).unwrap()
}

#[test]
fn a_terminated_prompt_keeps_the_history_and_gives_the_terminal_back() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    enter(&mut terminal, "mkdir one");
    kill_process(process(&user), Signal::TERM).unwrap();
    let (status, shown) = terminal.finish().unwrap();
    assert_eq!(status, Some(128 + 15), "{shown}");
    assert!(shown.contains("\x1b[?2004l"), "{shown:?}");
    assert_eq!(history(&user), "mkdir one\n");
}

/// The control for both: even one that gets no chance to write anything has written it before.
#[test]
fn a_killed_prompt_keeps_the_history() {
    let user = Powerbox::embedded().unwrap();
    let mut terminal = open(&user);
    enter(&mut terminal, "mkdir one");
    kill_process(process(&user), Signal::KILL).unwrap();
    terminal.finish().unwrap();
    assert_eq!(history(&user), "mkdir one\n");
}
