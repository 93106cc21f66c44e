//! Components that ask for what nobody offers, and plugins that misbehave: each fails in its own way, within its
//! limits, while other commands go on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::Duration;

use powerbox_tests::powerbox::{Powerbox, component};

fn installed(name: &str) -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    let file = component(name).unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    user
}

#[test]
fn imports_that_nobody_offers_are_refused_in_one_message_that_names_them_all() {
    let user = Powerbox::embedded().unwrap();
    let file = component("wasi").unwrap();
    let file = file.to_str().unwrap();
    let refused = user.run(&["plugin", "install", "--yes", file]).unwrap();
    assert_eq!(refused.status, Some(1), "{refused:?}");
    let inspected: serde_json::Value =
        serde_json::from_str(&user.ok(&["plugin", "inspect", file, "--json"]).unwrap()).unwrap();
    let imports: Vec<&str> =
        inspected["notOffered"].as_array().unwrap().iter().map(|i| i.as_str().unwrap()).collect();
    // WASI is served, if only as an empty one, so it is not among them.
    assert_eq!(imports, ["demo:teleport/beam@1.0.0", "demo:teleport/tube@1.0.0"], "{inspected}");
    for import in imports {
        assert!(refused.stderr.contains(import), "{import} is not in {}", refused.stderr);
    }
    assert_eq!(refused.stderr.lines().filter(|line| line.starts_with("error:")).count(), 1, "{refused:?}");
    let listed = user.ok(&["plugin", "list", "--json"]).unwrap();
    assert!(!listed.contains("wasi"), "{listed}");
}

#[test]
fn files_that_are_no_components_are_refused() {
    let user = Powerbox::embedded().unwrap();
    for (name, bytes) in [
        ("empty.wasm", &b""[..]),
        ("text.wasm", b"(component)"),
        ("module.wasm", b"\0asm\x01\0\0\0"),
        ("cut.wasm", b"\0asm\x0d\0\x01\0\x07"),
    ] {
        let file = user.path(name);
        std::fs::write(&file, bytes).unwrap();
        let refused = user.run(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
        assert_eq!(refused.status, Some(1), "{name}: {refused:?}");
        assert!(refused.stderr.contains(name), "{name}: {refused:?}");
    }
}

/// The command, and a part of what is said of its end.
const MISBEHAVIOURS: &[(&str, &str)] = &[
    ("spin", "processor time"),
    ("trap", "crashed"),
    ("exhaust", "memory"),
    ("recurse", "stack"),
    ("huge", "too much data"),
];

#[test]
fn each_misbehaviour_ends_with_its_own_error() {
    let user = installed("hostile");
    for (command, part) in MISBEHAVIOURS {
        let finished = user.run(&[command]).unwrap();
        assert_eq!(finished.status, Some(1), "{command}: {finished:?}");
        assert!(finished.stderr.contains(part), "{command}: {finished:?}");
        assert!(finished.stdout.is_empty(), "{command}: {finished:?}");
        // The positive control: the same component does what it is asked when it behaves. It also ends the row of
        // failures, of which too many would put it aside.
        let fine = user.run(&["ok"]).unwrap();
        assert_eq!(fine.status, Some(0), "{fine:?}");
    }
}

#[test]
fn handles_are_neither_guessed_nor_kept_nor_hoarded() {
    let user = installed("hostile");
    user.ok(&["mkdir", "d"]).unwrap();
    let forged = user.run(&["forge"]).unwrap();
    assert!(forged.stderr.contains("unknown handle"), "{forged:?}");
    assert!(user.run(&["keep", "d"]).unwrap().stderr.contains("kept"));
    assert!(user.run(&["keep"]).unwrap().stderr.contains("nothing was kept"), "a compartment keeps nothing");
    let hoarded = user.run(&["hoard", "d"]).unwrap();
    assert!(hoarded.stderr.contains("more than 10000 handles"), "{hoarded:?}");
}

#[test]
fn what_a_plugin_notes_goes_to_a_file_and_not_to_the_screen() {
    let user = installed("hostile");
    let shouted = user.run(&["shout"]).unwrap();
    assert_eq!(shouted.stderr, "shouted\n", "{shouted:?}");
    let log = std::fs::read_to_string(user.path("state/powerbox/plugins.log")).unwrap();
    assert!(log.contains("!!!!") && log.contains("hostile"), "{} bytes", log.len());
    assert!(log.lines().count() <= 1000, "{} notes", log.lines().count());
}

#[test]
fn a_flood_of_output_ends_at_its_limit() {
    let user = installed("hostile");
    std::fs::create_dir_all(user.path("config/powerbox")).unwrap();
    std::fs::write(user.path("config/powerbox/config.toml"), "[limits]\noutput-mib = 1\n").unwrap();
    let finished = user.run(&["flood"]).unwrap();
    assert_eq!(finished.status, Some(1), "{:?}", finished.stderr);
    assert!(finished.stdout.len() <= 2 << 20, "{} bytes came through", finished.stdout.len());
}

#[test]
fn other_commands_go_on_while_one_misbehaves() {
    let user = installed("hostile");
    let spinning = user.start(&["spin"]).unwrap();
    // In one process, too: the prompt's host runs a command while the plugin of another is being ended.
    let listed = user.run_with::<&str>(&[], b"trap\nlist\nrecurse\nhelp\n").unwrap();
    assert!(listed.stdout.contains("@agent"), "{listed:?}");
    assert_eq!(listed.status, Some(0), "the last line succeeds: {listed:?}");
    let spun = spinning.finish(Duration::from_secs(60)).unwrap();
    assert!(spun.stderr.contains("processor time"), "{spun:?}");
}
