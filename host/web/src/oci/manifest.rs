use std::collections::BTreeMap;

use powerbox_sandbox::{Digest, Manifest as Component};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reference::is_digest;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";
const SIGNATURE: &str = "dev.powerbox.minisig";

/// What a manifest says is no WebAssembly artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is no manifest.
    #[error("its manifest cannot be read: {0}")]
    Malformed(String),
    /// It is something else: a container image, say.
    #[error("it is no WebAssembly artifact: its {part} is of the type `{found}` instead of `{expected}`")]
    Type {
        /// Which part.
        part: &'static str,
        /// Its type.
        found: String,
        /// The type that it should have.
        expected: &'static str,
    },
    /// There is not one component.
    #[error("it has {0} layers of the type `application/wasm` instead of one")]
    Layers(usize),
    /// A digest is none.
    #[error("it names its layer by something else than a SHA-256")]
    Digest,
}

/// A manifest, as registries keep it. Unknown keys are others' business.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    config: Blob,
    layers: Vec<Blob>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// A part that the registry has under its digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob {
    media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
}

/// What a manifest says, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) component: Blob,
    pub(super) signature: Option<String>,
}

impl Manifest {
    pub(super) fn read(text: &[u8]) -> Result<Self, ManifestError> {
        let malformed = |error: serde_json::Error| ManifestError::Malformed(error.to_string());
        let written: Written = serde_json::from_slice(text).map_err(malformed)?;
        if let Some(found) = written.media_type.filter(|found| found != MANIFEST) {
            return Err(ManifestError::Type { part: "manifest", found, expected: MANIFEST });
        }
        if written.config.media_type != CONFIG {
            let found = written.config.media_type;
            return Err(ManifestError::Type { part: "configuration", found, expected: CONFIG });
        }
        let mut layers = written.layers.into_iter().filter(|layer| layer.media_type == LAYER);
        let component = layers.next().ok_or(ManifestError::Layers(0))?;
        let more = layers.count();
        if more > 0 {
            return Err(ManifestError::Layers(more + 1));
        }
        if !is_digest(&component.digest) {
            return Err(ManifestError::Digest);
        }
        Ok(Self { component, signature: written.annotations.get(SIGNATURE).cloned() })
    }
}

/// An artifact that is to be pushed: its parts, and the manifest that names them.
pub(super) struct Pushed {
    pub(super) blobs: Vec<(String, Vec<u8>)>,
    pub(super) manifest: Vec<u8>,
}

impl Pushed {
    /// Makes one. The same component and signature make the same artifact.
    pub(super) fn of(bytes: Vec<u8>, signature: Option<&str>) -> Result<Self, String> {
        let component = Component::read(&bytes).map_err(|error| error.to_string())?;
        let names = |interfaces: &[powerbox_sandbox::ManifestInterface]| -> Vec<String> {
            interfaces.iter().map(|known| known.interface.as_ref().unwrap_or(&known.slot).clone()).collect()
        };
        let layer = format!("sha256:{}", component.digest);
        let config = json!({
            "created": "1970-01-01T00:00:00Z",
            "author": component.about.authors,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer],
            "component": {
                "exports": names(&component.exports), "imports": names(&component.imports), "target": null,
            },
        });
        let config = config.to_string().into_bytes();
        let about = &component.about;
        let mut annotations: BTreeMap<String, String> = [
            ("org.opencontainers.image.version", &about.version),
            ("org.opencontainers.image.description", &about.description),
            ("org.opencontainers.image.licenses", &about.licenses),
            ("org.opencontainers.image.source", &about.source),
            ("org.opencontainers.image.url", &about.homepage),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
        .collect();
        annotations.extend(signature.map(|signature| (SIGNATURE.to_owned(), signature.to_owned())));
        let blob = |media_type: &str, bytes: &[u8]| Blob {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", Digest::of(bytes)),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        let written = Written {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            config: blob(CONFIG, &config),
            layers: vec![blob(LAYER, &bytes)],
            annotations,
        };
        let manifest = serde_json::to_vec(&written).map_err(|error| error.to_string())?;
        Ok(Self { blobs: vec![(written.config.digest, config), (layer, bytes)], manifest })
    }
}
