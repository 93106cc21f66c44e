use std::path::{Path, PathBuf};
use std::sync::Arc;

use powerbox_files::read_regular;

use super::load::read_bounded;
use super::{Seen, Source, signature_beside};

/// The longest text of a signature, in bytes: minisign's comments are short.
const SIGNATURE_BYTES: u64 = 8 << 10;

/// A component that may become a plugin, with where it is from.
#[derive(Clone)]
pub struct Candidate {
    /// Where it is from.
    pub source: Source,
    /// The component.
    pub bytes: Arc<[u8]>,
    /// The text of its minisign signature, if it has one.
    pub signature: Option<String>,
    /// What was seen of its file before it was read.
    pub seen: Option<Seen>,
    /// What was seen of its signature's file.
    pub signature_seen: Option<Seen>,
}

impl Candidate {
    /// Reads a component file, and the signature beside it.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub fn file(path: &Path) -> std::io::Result<Self> {
        let path = std::path::absolute(path)?;
        Self::read(path.clone(), Source::File { path })
    }

    /// Reads the component that the build of a project put out.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn folder(folder: &Path, component: &Path) -> std::io::Result<Self> {
        let component = std::path::absolute(component)?;
        let folder = std::path::absolute(folder)?;
        Self::read(component.clone(), Source::Folder { folder, component })
    }

    /// Reads the file again that a plugin came from; none if it came from no file.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn again(source: &Source) -> std::io::Result<Option<Self>> {
        source.watched().map(|path| Self::read(path.to_owned(), source.clone())).transpose()
    }

    /// One from a registry.
    pub fn artifact(reference: String, manifest: String, bytes: Vec<u8>, signature: Option<String>) -> Self {
        let source = Source::Registry { reference, manifest };
        Self { source, bytes: bytes.into(), signature, seen: None, signature_seen: None }
    }

    fn read(path: PathBuf, source: Source) -> std::io::Result<Self> {
        let (seen, signature_seen) = (Seen::of(&path), Seen::of(&signature_beside(&path)));
        let bytes = read_bounded(&path)?.into();
        let signature = match read_signature(&signature_beside(&path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { source, bytes, signature, seen, signature_seen })
    }
}

fn read_signature(path: &Path) -> std::io::Result<String> {
    // What is not text is not a signature either, which the policy says.
    Ok(String::from_utf8_lossy(&read_regular(path, SIGNATURE_BYTES)?).into_owned())
}
