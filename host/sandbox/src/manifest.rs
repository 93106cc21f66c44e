//! What a component is and asks for, read from its bytes without compiling or running it.
//!
//! A manifest is for people and for consent: names and types as WIT text, documentation where the component carries
//! it. Types and imports come from the component itself; documentation is its author's claim. It can be stored as JSON
//! and read back.

use serde::{Deserialize, Serialize};

use crate::aside::prepare;
use crate::cache::CodeCache;
use crate::compiler::Compiler;
use crate::component::LoadError;
use crate::digest::Digest;
use crate::engine::Engine;
use crate::limits::Limits;

mod about;
mod docs;
mod read;

pub use about::About;
pub use read::DOCS_SECTION;

/// A component's imports, exports and custom sections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The SHA-256 of the file.
    pub digest: Digest,
    /// The size of the file in bytes.
    pub size: u64,
    /// What its author says about the whole.
    #[serde(default)]
    pub about: About,
    /// Everything it can reach, in its own order. Nothing else can be linked to it.
    pub imports: Vec<ManifestInterface>,
    /// Everything that can be called in it.
    pub exports: Vec<ManifestInterface>,
    /// The custom sections of the component itself (not those of the modules in it).
    pub sections: Vec<CustomSection>,
}

/// One import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestInterface {
    /// The import's or export's name. A plain import of an interface is a slot named after the interface.
    pub slot: String,
    /// What kind of thing it is.
    pub kind: SlotKind,
    /// The interface, such as `endo:daemon/mailbox@0.1.0`; none for what has no interface with a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Whether the slot has a name of its own.
    pub named: bool,
    /// The functions it uses or offers, and no others.
    pub functions: Vec<ManifestFunction>,
    /// The resources it declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The definitions of its other types, as WIT.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// What the author says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
}

impl ManifestInterface {
    /// The interface; for what has none with a name, what it is called instead.
    pub fn interface_or_slot(&self) -> &str {
        self.interface.as_deref().unwrap_or(&self.slot)
    }
}

/// What an import or export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// An interface, the only kind of import that can be linked.
    Interface,
    /// A function by itself.
    Function,
    /// A type by itself.
    Type,
}

/// A function of an import or export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFunction {
    /// Its whole name, such as `lookup` or `[method]object.call`.
    pub name: String,
    /// Declared `async func`.
    #[serde(rename = "async")]
    pub is_async: bool,
    /// Its parameters; a method's `self` is the first.
    pub params: Vec<ManifestParam>,
    /// The type of its result, as WIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The whole declaration, as WIT.
    pub signature: String,
    /// What the author says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestParam {
    /// Its name.
    pub name: String,
    /// Its type, as WIT.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A custom section. The data is not part of the stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomSection {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What is in it; empty in a manifest that was read back from JSON.
    #[serde(skip)]
    pub data: Vec<u8>,
}

/// Why a file has no manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file is larger than [`Limits::FILE_BYTES`].
    #[error("the file has {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// It does not begin as WebAssembly does.
    #[error("not a WebAssembly file")]
    NotWasm,
    /// It is a core module, as a compiler makes it before it is wrapped.
    #[error("a core WebAssembly module, not a component")]
    CoreModule,
    /// It is a WIT package in binary form, which has no code.
    #[error("an encoded WIT package, not a component")]
    WitPackage,
    /// It is broken.
    #[error("not a valid component: {0}")]
    Invalid(String),
}

impl Manifest {
    /// Reads a component.
    pub fn read(bytes: &[u8]) -> Result<Manifest, ManifestError> {
        if bytes.len() > Limits::FILE_BYTES {
            return Err(ManifestError::TooLarge { size: bytes.len(), limit: Limits::FILE_BYTES });
        }
        // The readers are not ours and assert what they believe of valid components. One that proves them wrong is
        // refused like any other broken one.
        match std::panic::catch_unwind(|| read::read(bytes)) {
            Ok(manifest) => manifest,
            Err(_) => Err(ManifestError::Invalid("it cannot be read".to_owned())),
        }
    }

    /// Reads a component that nobody vouches for: where the engine compiles, so that it takes no more than its limits.
    /// With [`Compiler::Aside`](crate::Compiler::Aside) it is compiled on the way, and custom sections come without
    /// their data.
    ///
    /// # Errors
    ///
    /// [`LoadError::Manifest`] if it has no manifest, and why else it cannot be read or compiled.
    pub async fn read_aside(
        engine: &Engine,
        cache: Option<&CodeCache>,
        bytes: &[u8],
    ) -> Result<Manifest, LoadError> {
        // Before anybody else sees so much.
        if bytes.len() > Limits::FILE_BYTES {
            return Ok(Manifest::read(bytes)?);
        }
        let Compiler::Aside { program, limits } = &engine.options().compiler else {
            return Ok(Manifest::read(bytes)?);
        };
        let cache = cache.ok_or(LoadError::NoCache)?;
        let digest = Digest::of(bytes);
        // A manifest of another version is found and removed at the first try.
        for _ in 0..2 {
            prepare(engine, cache, program, limits, digest, bytes).await?;
            if let Some(manifest) = cache.manifest(engine, &digest) {
                return Ok(manifest);
            }
        }
        Err(LoadError::Interrupted)
    }

    /// The data of the first custom section of this name.
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        self.sections.iter().find(|section| section.name == name).map(|section| &*section.data)
    }

    /// The import with this slot name.
    pub fn import(&self, slot: &str) -> Option<&ManifestInterface> {
        self.imports.iter().find(|import| import.slot == slot)
    }
}
