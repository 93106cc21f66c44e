use serde::{Deserialize, Serialize};

use super::CustomSection;

/// What a component's author says about it, in the custom sections that WebAssembly's tools use for that (the crate
/// `wasm-metadata` writes them, and OCI registries show them). Claims: nothing is decided by them but which of two
/// versions is the newer one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Its version, by semantic versioning if the author keeps to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<String>,
    /// An SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses: Option<String>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
}

/// The longest of these texts that is taken, in bytes.
const LONGEST: usize = 4096;

impl About {
    /// Reads what is there; what is no text or too long counts as not said.
    pub(super) fn read(sections: &[CustomSection]) -> Self {
        let text = |name: &str| {
            let section = sections.iter().find(|section| section.name == name)?;
            let text = std::str::from_utf8(&section.data).ok()?;
            (!text.is_empty() && text.len() <= LONGEST).then(|| text.to_owned())
        };
        Self {
            version: text("version"),
            description: text("description"),
            authors: text("authors"),
            licenses: text("licenses"),
            source: text("source"),
            homepage: text("homepage"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_or_too_long_is_not_said() {
        let section = |name: &str, data: &[u8]| CustomSection {
            name: name.to_owned(),
            size: data.len() as u64,
            data: data.to_vec(),
        };
        let about = About::read(&[
            section("version", b"1.2.0"),
            section("authors", b"\xff"),
            section("source", &[b'x'; LONGEST + 1]),
        ]);
        assert_eq!(about, About { version: Some("1.2.0".to_owned()), ..About::default() });
    }
}
