//! Plugins on their way: from files, folders and registries, signed and pinned, up to date, and never half installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod asking;
mod crash;
mod hostile_registry;
mod registry;
mod signatures;
mod update;
mod words;

use powerbox_tests::powerbox::{Powerbox, component};
use serde_json::Value;

/// A component that calls itself by a version, which has five characters as that of the build has.
fn versioned(name: &str, version: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(component(name).unwrap()).unwrap();
    let (before, built) = (b"\x07version", b"0.1.0");
    let said = [before.as_slice(), built].concat();
    let place = bytes.windows(said.len()).position(|bytes| bytes == said).unwrap() + before.len();
    bytes[place..place + built.len()].copy_from_slice(version.as_bytes());
    bytes
}

/// What the command `version` says: a message, which goes to standard error.
fn version(user: &Powerbox) -> String {
    let finished = user.run(&["version"]).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    finished.stderr.lines().last().unwrap_or_default().to_owned()
}

/// The lock file's text.
fn lock(user: &Powerbox) -> String {
    std::fs::read_to_string(user.path("state/powerbox/plugins.lock")).unwrap_or_default()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What a person reads, without what differs from run to run.
fn told(user: &Powerbox, text: &str) -> String {
    let home = user.path("").display().to_string();
    text.replace(home.trim_end_matches('/'), "~")
}
