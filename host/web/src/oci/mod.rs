//! Plugins in OCI registries, in the layout that WebAssembly's tools share: a manifest with a small configuration of the type
//! `application/vnd.wasm.config.v0+json` and one layer of the type `application/wasm`, which is the component.
//!
//! A signature is the text of a `.minisig` file, in the manifest's annotation `dev.powerbox.minisig`. It signs the
//! component alone, so that the same file can be signed once and lie anywhere.
//!
//! Why no client library: what a registry sends has to be measured while it comes, and redirects have to be judged one
//! by one, which those there are leave to the registry.

mod credentials;
mod manifest;
mod reference;
mod registry;
mod token;

pub use credentials::Credentials;
pub use manifest::ManifestError;
pub use reference::{Reference, ReferenceError};
pub use registry::{Artifact, OciError, Registry, Resolved};
