//! The example plugins: their own scenarios pass, as their authors run them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;

use powerbox_tests::powerbox::{Powerbox, component};

/// Runs the scenarios of an example with the component that the repository builds.
fn scenarios(name: &str) {
    let powerbox = Powerbox::embedded().unwrap();
    let folder = powerbox.path(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/examples").join(name).join("tests");
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    for file in std::fs::read_dir(source).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join("tests").join(file.file_name())).unwrap();
    }
    let component_file = folder.join("plugin.wasm");
    std::fs::copy(component(name).unwrap(), &component_file).unwrap();
    let finished = powerbox.run(&["plugin", "test", component_file.to_str().unwrap()]).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("1 passed, 0 failed"), "{finished:?}");
}

#[test]
fn notes_are_kept_found_changed_and_removed() {
    scenarios("notes");
}

#[test]
fn feeds_are_read_from_one_origin_and_what_was_read_is_remembered() {
    scenarios("feeds");
}

#[test]
fn texts_are_found_in_the_directory_that_is_named() {
    scenarios("search");
}
