//! Where the host can be, and where it cannot.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::program::{Finished, Running};

use crate::{LIMIT, process};

fn private(folder: &Path) {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).unwrap();
}

fn without_runtime_folder(user: &Powerbox, words: &[&str]) -> Finished {
    Running::start(user.command(words).unwrap().env_remove("XDG_RUNTIME_DIR")).unwrap().finish(LIMIT).unwrap()
}

#[test]
fn without_a_runtime_folder_it_is_in_the_state_folder() {
    let user = Powerbox::embedded().unwrap();
    let listed = without_runtime_folder(&user, &["list"]);
    assert_eq!(listed.status, Some(0), "{listed:?}");
    assert!(user.path("state/powerbox/run/host.sock").exists());
    // Who has a runtime folder finds the same host, and no second one is started.
    user.ok(&["list"]).unwrap();
    assert!(!user.path("run/powerbox/host.sock").exists());
    let stopped = without_runtime_folder(&user, &["stop"]);
    assert_eq!(stopped.status, Some(0), "{stopped:?}");
}

#[test]
fn who_has_no_runtime_folder_finds_a_host_that_has_one() {
    let user = Powerbox::embedded().unwrap();
    let before = {
        user.ok(&["mkdir", "notes"]).unwrap();
        process(&user)
    };
    let listed = without_runtime_folder(&user, &["list"]);
    assert!(listed.status == Some(0) && listed.stdout.contains("notes"), "{listed:?}");
    assert_eq!(process(&user), before);
}

#[test]
fn what_is_left_of_a_host_that_was_killed_is_in_nobodys_way() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["list"]).unwrap();
    for _ in 0..3 {
        crate::kill_host(&user);
        assert!(user.path("run/powerbox/host.sock").exists());
        user.ok(&["list"]).unwrap();
    }
}

#[test]
fn something_else_in_its_place_is_refused_and_left_alone() {
    let user = Powerbox::embedded().unwrap();
    let socket = user.path("run/powerbox/host.sock");
    private(socket.parent().unwrap());
    std::fs::write(&socket, "precious").unwrap();
    let refused = user.run(&["list"]).unwrap();
    assert_eq!(refused.status, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("host.sock is not a socket"), "{refused:?}");
    assert_eq!(std::fs::read(&socket).unwrap(), b"precious");
    std::fs::remove_file(&socket).unwrap();
    // Something that listens there, and is no host.
    let mute = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || mute.incoming().for_each(drop));
    let refused = user.run(&["list"]).unwrap();
    assert_eq!(refused.status, Some(4), "{refused:?}");
    std::fs::remove_file(&socket).unwrap();
    user.ok(&["list"]).unwrap();
}

#[test]
fn a_state_that_cannot_be_used_is_told_of() {
    let user = Powerbox::embedded().unwrap();
    for name in ["grants.sqlite", "host.lock"] {
        let place = user.path("state/powerbox").join(name);
        private(&place);
        let refused = user.run(&["list"]).unwrap();
        assert_eq!(refused.status, Some(4), "{refused:?}");
        assert!(refused.stderr.contains(name), "{refused:?}");
        std::fs::remove_dir(&place).unwrap();
    }
    user.ok(&["list"]).unwrap();
}

#[test]
fn a_host_that_nobody_can_find_any_more_ends() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["list"]).unwrap();
    std::fs::remove_file(user.path("run/powerbox/host.sock")).unwrap();
    // The next use waits for that, and starts another one.
    let listed = user.run(&["list"]).unwrap();
    assert_eq!(listed.status, Some(0), "{listed:?}");
    assert!(user.path("run/powerbox/host.sock").exists());
}
