//! What every component gets, whatever made it.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use wasm_metadata::{AddMetadata, AddMetadataField};
use wit_component::ComponentEncoder;

use crate::docs;
use crate::project::{Language, Project};

/// The custom sections that hold the documentation of a component's interfaces; see [`docs`].
const DOCS_SECTION: &str = "powerbox:docs";

/// Makes a finished component of what a toolchain made: a core module (Rust's) or a component. It gets the
/// documentation of its interfaces and what its manifest says for people.
///
/// # Errors
///
/// If it is neither, or the WIT that it was made of cannot be read.
pub fn finish(project: &Project, made: &[u8]) -> Result<Vec<u8>> {
    let component = if wasmparser::Parser::is_core_wasm(made) {
        ComponentEncoder::default().validate(true).module(made)?.encode()?
    } else {
        made.to_vec()
    };
    let language = project.language();
    let documentation = docs::encode(&project.folder.join("wit"), language == Language::Rust, &component)
        .context("its documentation")?;
    let mut component = named(project, &component)?;
    for package in documentation {
        append_section(&mut component, DOCS_SECTION, &package);
    }
    let about = &project.about;
    let authors = (!about.authors.is_empty()).then(|| about.authors.join(", "));
    // These names are agreed on: registries show what they hold.
    for (name, content) in [
        ("version", &about.version),
        ("description", &about.description),
        ("authors", &authors),
        ("licenses", &about.license),
        ("source", &about.source),
        ("homepage", &about.homepage),
    ] {
        if let Some(content) = content {
            append_section(&mut component, name, content.as_bytes());
        }
    }
    Ok(component)
}

/// Gives the component its name, its language, and the tool that made it.
fn named(project: &Project, component: &[u8]) -> Result<Vec<u8>> {
    let mut metadata = AddMetadata::default();
    metadata.name = AddMetadataField::Set(project.component.clone());
    metadata.language = vec![(project.language().title().to_owned(), String::new())];
    metadata.processed_by = vec![(env!("CARGO_PKG_NAME").to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    metadata.to_wasm(component)
}

/// Puts a component in its place and tells whether it is another one than before.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write(path: &Path, component: &[u8]) -> io::Result<bool> {
    // Whoever watches the file, or embeds it, must not be woken by a build that changed nothing.
    if fs::read(path).is_ok_and(|there| there == component) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A reader sees the old file or the new one, never half of one.
    let mut aside = tempfile::Builder::new().prefix(".powerbox-").tempfile_in(folder)?;
    io::Write::write_all(&mut aside, component)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    aside.as_file().set_permissions(mode)?;
    aside.persist(path).map_err(|error| error.error)?;
    Ok(true)
}

/// Appends a custom section: its number, its length, the name with its length, and the content.
fn append_section(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut head = Vec::new();
    leb128(&mut head, name.len());
    head.extend_from_slice(name.as_bytes());
    component.push(0);
    leb128(component, head.len() + content.len());
    component.extend(head);
    component.extend_from_slice(content);
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_carry_their_lengths() {
        let mut component = vec![1];
        append_section(&mut component, "ab", &[7; 200]);
        assert_eq!(component[..7], [1, 0, 0xcb, 0x01, 2, b'a', b'b']);
        assert_eq!(component.len(), 7 + 200);
    }

    #[test]
    fn a_file_that_would_be_the_same_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dist/x.wasm");
        assert!(write(&path, b"one").unwrap());
        assert!(!write(&path, b"one").unwrap());
        assert!(write(&path, b"two").unwrap());
        let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1, "nothing is left aside");
    }
}
