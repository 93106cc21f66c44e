use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where an installed plugin came from, and where its next version will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A component file. When it changes, its new content is considered.
    File {
        /// Where it is.
        path: PathBuf,
    },
    /// A plugin's project, whose built component is watched like a file.
    Folder {
        /// The project.
        folder: PathBuf,
        /// What its build puts out.
        component: PathBuf,
    },
    /// An artifact in an OCI registry. Nothing watches it: `update` asks for it again.
    Registry {
        /// What the user named: `oci://host/repository:tag`.
        reference: String,
        /// The digest of the manifest that this stood for, as `sha256:…`.
        manifest: String,
    },
}

impl Source {
    /// The file whose changes are considered as they happen, if there is one.
    pub fn watched(&self) -> Option<&Path> {
        match self {
            Self::File { path } => Some(path),
            Self::Folder { component, .. } => Some(component),
            Self::Registry { .. } => None,
        }
    }

    /// What to name for installing it again: a path or a reference.
    pub fn named(&self) -> String {
        match self {
            Self::File { path } => path.display().to_string(),
            Self::Folder { folder, .. } => folder.display().to_string(),
            Self::Registry { reference, .. } => reference.clone(),
        }
    }

    /// The same as it is typed in a command.
    pub fn word(&self) -> String {
        powerbox_authority::text::word(&self.named())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&powerbox_authority::text::clean_line(&self.named()))
    }
}

/// Where the signature of a component file is: beside it.
pub fn signature_beside(component: &Path) -> PathBuf {
    let mut path = component.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}
