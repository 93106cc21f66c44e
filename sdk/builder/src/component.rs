//! What every component gets, whatever made it: documentation and metadata, in custom sections.

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

use crate::docs;
use crate::language::Language;
use crate::project::About;

/// The custom sections that hold the documentation of a component's interfaces; see [`docs`].
const DOCS_SECTION: &str = "powerbox:docs";

/// Makes a component of a core module that carries its world, as `wit-bindgen` leaves it.
///
/// # Errors
///
/// If it is none, or broken.
pub fn of_module(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(module)?.encode()
}

/// Gives a component its documentation, from WIT sources that have the packages of its interfaces, and its author's
/// metadata. The same input gives the same bytes.
///
/// # Errors
///
/// If it is no component, or the sources lack a package that it uses.
pub fn finish(
    component: &[u8],
    sources: Resolve,
    name: &str,
    language: Language,
    about: &About,
) -> Result<Vec<u8>> {
    let mut finished = described(component, name, language, about)?;
    for package in docs::encode(sources, component).context("its documentation")? {
        append_section(&mut finished, DOCS_SECTION, &package);
    }
    Ok(finished)
}

/// The SHA-256 of a component's bytes, in hexadecimal, as the host names it.
pub fn digest(component: &[u8]) -> String {
    hexadecimal(&Sha256::digest(component))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds the sections in which WebAssembly's tools keep an author's metadata.
fn described(component: &[u8], name: &str, language: Language, about: &About) -> Result<Vec<u8>> {
    use wasm_metadata::AddMetadataField as Field;
    let mut add = wasm_metadata::AddMetadata::default();
    add.name = Field::Set(name.to_owned());
    let language = match language {
        Language::Rust => "Rust",
        Language::JavaScript => "JavaScript",
        Language::Python => "Python",
    };
    add.language = vec![(language.to_owned(), String::new())];
    add.processed_by = vec![("powerbox".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    macro_rules! set {
        ($($field:ident),*) => {
            $(if let Some(text) = &about.$field {
                add.$field = Field::Set(text.parse().with_context(|| format!("{} {text:?}", stringify!($field)))?);
            })*
        };
    }
    set!(version, description, authors, licenses, source, homepage);
    add.to_wasm(component)
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
}
