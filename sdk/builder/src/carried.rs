//! What the crate carries for projects outside this repository.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use wit_parser::{Resolve, SourceMap};

use crate::project::Language;

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Where a project has what is laid out for it.
pub(crate) const LAID_OUT: &str = ".powerbox";

/// The packages of the contract, in the order in which they refer to each other.
const PACKAGES: [&str; 2] = ["powerbox-plugin", "endo-daemon"];

/// The files below a folder, with their places in it.
pub(crate) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let folder = format!("{folder}/");
    FILES.iter().filter_map(move |(place, content)| Some((place.strip_prefix(&folder)?, *content)))
}

/// Lays a carried folder out, so that it holds these files and no others. What is as it should be is not touched:
/// compilers look at times.
fn lay_out(folder: &str, to: &Path) -> io::Result<()> {
    lay_out_files(below(folder).map(|(place, content)| (place.to_owned(), content.to_vec())).collect(), to)
}

/// Lays out what a project needs beside its own sources, for its editor and its tests as well as for building.
pub(crate) fn lay_out_for(language: Language, project: &Path) -> io::Result<()> {
    let own = project.join(LAID_OUT);
    let sdk = match language {
        Language::Rust => "sdk",
        Language::JavaScript => "javascript",
        Language::Python => "python",
    };
    lay_out(sdk, &own.join(sdk))?;
    if language != Language::Rust {
        lay_out("testing", &own.join("testing"))?;
        lay_out_wit(&project.join("wit"), &own.join("wit"))?;
    }
    Ok(())
}

/// Lays the contract out as the toolchains of other languages want it: without `async`.
fn lay_out_wit(own: &Path, to: &Path) -> io::Result<()> {
    let mut files: Vec<_> = below("wit")
        .map(|(place, content)| {
            (format!("deps/{place}"), without_async(&String::from_utf8_lossy(content)).into_bytes())
        })
        .collect();
    // A project may have no world of its own yet; its language's tool says so when it is built.
    for entry in fs::read_dir(own).into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wit") {
            files.push((name, fs::read(entry.path())?));
        }
    }
    lay_out_files(files, to)
}

fn lay_out_files(files: Vec<(String, Vec<u8>)>, to: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    for (place, content) in &files {
        if fs::read(to.join(place)).ok().as_ref() != Some(content) {
            missing.push((to.join(place), content));
        }
    }
    if !missing.is_empty() || count(to)? != files.len() {
        remove_others(to, to, &files)?;
    }
    for (path, content) in missing {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    Ok(())
}

fn count(folder: &Path) -> io::Result<usize> {
    let mut all = 0;
    if !folder.is_dir() {
        return Ok(0);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        all += if entry.file_type()?.is_dir() { count(&entry.path())? } else { 1 };
    }
    Ok(all)
}

/// Removes what does not belong there: what another version of the program laid out, and what tools left.
fn remove_others(root: &Path, folder: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // A lock of cargo's own may stand beside the SDK's manifest.
        if path.is_dir() && !path.is_symlink() {
            remove_others(root, &path, files)?;
        } else if !files.iter().any(|(place, _)| root.join(place) == path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The contract as toolchains read it that know no `async`. The host links either form.
fn without_async(wit: &str) -> String {
    wit.replace("async func", "func")
}

/// Reads the contract.
pub(crate) fn contract(asynchronous: bool) -> anyhow::Result<Resolve> {
    let mut resolve = Resolve::default();
    for package in PACKAGES {
        let mut sources = SourceMap::new();
        for (place, content) in below(&format!("wit/{package}")) {
            let text = std::str::from_utf8(content).context("the contract is text")?;
            let text = if asynchronous { text.to_owned() } else { without_async(text) };
            sources.push_str(&format!("{package}/{place}"), text);
        }
        let group = sources.parse().map_err(|(sources, error)| anyhow::anyhow!(error.render(&sources)))?;
        resolve.push_group(group)?;
    }
    Ok(resolve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_reads_with_and_without_async() {
        for asynchronous in [true, false] {
            let resolve = contract(asynchronous).unwrap();
            let asyncs = resolve.interfaces.iter().flat_map(|(_, interface)| interface.functions.values());
            assert_eq!(asyncs.filter(|function| function.kind.is_async()).count() > 0, asynchronous);
        }
    }

    #[test]
    fn a_folder_is_laid_out_once_and_mended_where_it_is_not_as_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("sdk");
        lay_out("sdk", &to).unwrap();
        let manifest = to.join("rust/Cargo.toml");
        let before = fs::metadata(&manifest).unwrap().modified().unwrap();
        lay_out("sdk", &to).unwrap();
        assert_eq!(fs::metadata(&manifest).unwrap().modified().unwrap(), before, "it was left alone");

        fs::write(to.join("rust/src/left-over.rs"), "").unwrap();
        fs::write(&manifest, "broken").unwrap();
        lay_out("sdk", &to).unwrap();
        assert!(!to.join("rust/src/left-over.rs").exists());
        assert_ne!(fs::read_to_string(&manifest).unwrap(), "broken");
    }
}
