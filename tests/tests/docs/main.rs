//! The documentation: what it links to is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};

fn pages(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages_below(&path, pages);
        } else if path.extension().is_some_and(|end| end == "md") {
            pages.push(path);
        }
    }
}

fn pages_below(folder: &Path, all: &mut Vec<PathBuf>) {
    if !folder.ends_with("target") && !folder.ends_with("node_modules") {
        pages(folder, all);
    }
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = vec![root.join("README.md")];
    for folder in ["docs", "plugins/examples", "sdk/testing"] {
        pages(&root.join(folder), &mut all);
    }
    let mut links = 0;
    for page in all {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            if path.is_empty() || path.contains("://") || path.contains(' ') {
                continue;
            }
            links += 1;
            let to = page.parent().unwrap().join(path);
            assert!(to.exists(), "{} links to {link}, which is not there", page.display());
        }
    }
    assert!(links > 40, "only {links} links were found");
}
