//! Packs what plugin projects are made of: the sources of the SDK, the WIT packages and the templates.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders, from the root of the repository, and what they are called in the pack.
const PACKED: &[(&str, &str)] = &[
    ("wit/powerbox-plugin", "wit/powerbox-plugin"),
    ("wit/endo-daemon", "wit/endo-daemon"),
    ("sdk/rust", "sdk/rust"),
    ("sdk/macros", "sdk/macros"),
    ("sdk/testing/rust", "sdk/testing/rust"),
    ("sdk/testing/node", "sdk/testing/node"),
    ("sdk/testing/python", "sdk/testing/python"),
    ("sdk/javascript", "sdk/javascript"),
    ("sdk/python", "sdk/python"),
    ("sdk/templates", "sdk/templates"),
    ("host/passable", "host/passable"),
];

/// What is made by tools and not by us.
const NOT_OURS: &[&str] =
    &["target", "node_modules", "dist", ".powerbox", "__pycache__", ".venv", ".pytest_cache"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut files = vec![("Cargo.toml".to_owned(), root.join("Cargo.toml"))];
    for (from, to) in PACKED {
        println!("cargo::rerun-if-changed={}", root.join(from).display());
        collect(&root.join(from), to, &mut files)?;
    }
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    files.sort();
    let mut text = "pub(crate) static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for (name, path) in files {
        let _ = writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    text.push_str("];\n");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("files.rs"), text)
}

/// Links are followed: in the pack a linked folder is a copy.
fn collect(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(last) = path.file_name().and_then(|last| last.to_str()) else { continue };
        if NOT_OURS.contains(&last) {
            continue;
        }
        let name = format!("{name}/{last}");
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else {
            files.push((name, path));
        }
    }
    Ok(())
}
