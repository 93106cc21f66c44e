//! The program's own folders: used only where nobody else can change what is in them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use powerbox_tests::powerbox::Powerbox;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["mkdir", "notes"]).unwrap();
    fs::create_dir_all(user.path("config/powerbox")).unwrap();
    user
}

/// Commands are refused with this, and change nothing.
fn refused(user: &Powerbox, part: &str) {
    refused_all(user, &[&["list"]], part);
}

fn refused_all(user: &Powerbox, commands: &[&[&str]], part: &str) {
    for words in commands {
        let finished = user.run(words).unwrap();
        assert_eq!(finished.status, Some(1), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains(part), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains("hint:"), "{words:?}: {finished:?}");
    }
    let doctor = user.run(&["doctor"]).unwrap();
    assert!(doctor.status == Some(1) && doctor.stdout.contains(part), "{doctor:?}");
}

#[test]
fn no_command_uses_a_folder_that_others_can_write() {
    let user = user();
    set(&user.path("run/powerbox"), 0o722);
    let commands = [&["list"][..], &["status"], &["stop"], &["up"], &["plugin", "list"], &[]];
    refused_all(&user, &commands, "written by others");
}

const FOLDERS: [&str; 5] = ["state", "data", "cache", "config", "run"];

#[test]
fn a_client_refuses_a_folder_that_others_can_write() {
    let user = user();
    for name in FOLDERS {
        let folder = user.path(name).join("powerbox");
        set(&folder, 0o770);
        refused(&user, "written by others");
        set(&folder, 0o707);
        refused(&user, "written by others");
        set(&folder, 0o700);
        user.ok(&["list"]).unwrap();
    }
}

#[test]
fn a_client_refuses_a_folder_below_one_that_others_can_write() {
    let user = user();
    for name in FOLDERS {
        let above = user.path(name);
        set(&above, 0o777);
        refused(&user, "others can replace the folder");
        // As in `/tmp`.
        set(&above, 0o1777);
        user.ok(&["list"]).unwrap();
        set(&above, 0o700);
    }
}

#[test]
fn a_client_refuses_a_folder_or_a_socket_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give anything away. The crate `powerbox-files` tests the judgement without.
        return;
    }
    let user = user();
    for name in FOLDERS {
        let folder = user.path(name).join("powerbox");
        chown(&folder, Some(12345), None).unwrap();
        refused(&user, "belongs to another user");
        chown(&folder, Some(0), None).unwrap();
        user.ok(&["list"]).unwrap();
        let above = user.path(name);
        chown(&above, Some(12345), None).unwrap();
        refused(&user, "belongs to another user");
        chown(&above, Some(0), None).unwrap();
    }
    user.ok(&["list"]).unwrap();
}
