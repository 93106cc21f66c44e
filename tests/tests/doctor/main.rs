//! `doctor`: a healthy home is healthy, and each thing that is wrong is found, with how to mend it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use powerbox_tests::powerbox::{Powerbox, component};
use serde_json::Value;

/// Whether all is well, and the checks.
fn doctor(user: &Powerbox) -> (bool, Vec<Value>) {
    let finished = user.run(&["doctor", "--json"]).unwrap();
    let report: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("{finished:?}"));
    let healthy = report["healthy"].as_bool().unwrap();
    assert_eq!(finished.status, Some(i32::from(!healthy)), "{finished:?}");
    (healthy, report["checks"].as_array().unwrap().clone())
}

/// The one check that is bad: what it is about, what was found, and the remedy.
fn wrong(user: &Powerbox) -> String {
    let (healthy, checks) = doctor(user);
    assert!(!healthy);
    let bad: Vec<_> = checks.iter().filter(|check| check["state"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert!(!bad[0]["remedy"].as_str().unwrap().is_empty());
    format!("{}: {}", bad[0]["what"].as_str().unwrap(), bad[0]["found"].as_str().unwrap())
}

fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["mkdir", "notes"]).unwrap();
    user
}

#[test]
fn a_home_that_works_is_healthy_with_a_daemon_and_without() {
    let user = Powerbox::embedded().unwrap();
    let (healthy, checks) = doctor(&user);
    assert!(healthy, "{checks:?}");
    let about = |checks: &[Value], what: &str| {
        let check = checks.iter().find(|check| check["what"] == what).unwrap_or_else(|| panic!("no {what}"));
        check["found"].as_str().unwrap().to_owned()
    };
    assert!(about(&checks, "embedded daemon").contains("does not run"));
    user.ok(&["mkdir", "notes"]).unwrap();
    let file = component("compare").unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    let (healthy, checks) = doctor(&user);
    assert!(healthy, "{checks:?}");
    assert!(about(&checks, "embedded daemon").contains("answers"));
    assert!(about(&checks, "plugin compare").contains("KiB"));
    // The tools of each language are looked for; whether they are there is the machine's business.
    for language in ["Rust", "JavaScript", "Python"] {
        about(&checks, &format!("plugins in {language}"));
    }
    let shown = user.run(&["doctor"]).unwrap();
    assert!(shown.stdout.starts_with("ok  "), "{shown:?}");
}

#[test]
fn a_folder_that_others_can_write_is_found() {
    let user = user();
    fs::set_permissions(user.path("data/powerbox"), fs::Permissions::from_mode(0o777)).unwrap();
    let found = wrong(&user);
    assert!(found.contains("plugin folder") && found.contains("written by others"), "{found}");
}

#[test]
fn a_configuration_that_is_wrong_is_found() {
    let user = user();
    fs::create_dir_all(user.path("config/powerbox")).unwrap();
    fs::write(user.path("config/powerbox/config.toml"), "[limits]\ncalls = 0\n").unwrap();
    let found = wrong(&user);
    assert!(found.contains("config.toml") && found.contains("limits.calls"), "{found}");
}

#[test]
fn a_daemon_that_does_not_answer_is_found() {
    let user = Powerbox::embedded().unwrap();
    let socket = format!("unix:{}", user.path("nobody.sock").display());
    let finished = user.run(&["--connect", &socket, "doctor"]).unwrap();
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(finished.stdout.contains("nobody.sock"), "{finished:?}");
}

#[test]
fn records_that_are_damaged_are_found_though_nothing_else_runs() {
    let user = user();
    user.ok(&["stop"]).unwrap();
    fs::write(user.path("state/powerbox/plugins.lock"), "not what it should be").unwrap();
    let list = user.run(&["list"]).unwrap();
    assert!(list.status == Some(4) && list.stderr.contains("plugins.lock"), "{list:?}");
    let found = wrong(&user);
    assert!(found.contains("installed plugins") && found.contains("plugins.lock"), "{found}");
}

#[test]
fn a_component_that_was_changed_is_found() {
    let user = user();
    let file = component("compare").unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    let store = user.path("data/powerbox/plugins");
    let kept = fs::read_dir(&store).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&kept).unwrap();
    bytes.push(0);
    fs::write(&kept, bytes).unwrap();
    let found = wrong(&user);
    assert!(found.contains("plugin compare") && found.contains("not what was installed"), "{found}");
}
