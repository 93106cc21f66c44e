//! Feeds the corpus that is kept: seeds, and every input that once broke something.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

fn feed(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        eprintln!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn the_bridge_holds_for_the_corpus() {
    feed("bridge", powerbox_fuzz::bridge);
}

#[test]
fn manifests_hold_for_the_corpus() {
    feed("manifest", powerbox_fuzz::manifest);
}

#[test]
fn caveats_hold_for_the_corpus() {
    feed("caveats", powerbox_fuzz::caveats);
}

#[test]
fn sessions_hold_for_the_corpus() {
    feed("session", powerbox_fuzz::session);
}
