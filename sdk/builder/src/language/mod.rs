//! The languages that plugins are written in, and how each becomes a component.

pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod rust;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Built with cargo for `wasm32-unknown-unknown`.
    Rust,
    /// Run by QuickJS inside the component, which `componentize-qjs` puts there.
    JavaScript,
    /// Run by CPython inside the component, which `componentize-py` puts there.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// Its name, as on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::Python => "python",
        }
    }

    /// The file in which a project of it says what it is.
    pub fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rust" | "rs" => Ok(Self::Rust),
            "javascript" | "js" => Ok(Self::JavaScript),
            "python" | "py" => Ok(Self::Python),
            _ => Err("the languages are rust, javascript and python".to_owned()),
        }
    }
}
