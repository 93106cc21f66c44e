//! The contents of blobs: one file each, named by its SHA-256.
//!
//! All contents are files, whatever their size: they are written while they arrive, read in pieces, and shared by all
//! blobs that are equal. A file is complete and on disk before it gets its name, so a name that exists can be relied
//! upon. Everything here blocks; callers are on threads that may.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::StoreError;
use crate::id::{ContentHash, FormulaNumber};

/// The folder of contents.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    finished: PathBuf,
    incoming: PathBuf,
}

impl Content {
    /// Opens the folder, and drops what was still arriving when the daemon ended.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, StoreError> {
        let finished = state_dir.join("store-sha256");
        let incoming = state_dir.join("incoming");
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::file(incoming, error));
            }
            _ => (),
        }
        for folder in [&finished, &incoming] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| StoreError::file(folder, error))?;
        }
        Ok(Self { finished, incoming })
    }

    /// Begins to take in a content.
    pub(crate) fn begin(&self) -> Result<Incoming, StoreError> {
        let path = self.incoming.join(FormulaNumber::random()?.to_string());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::file(&path, error))?;
        Ok(Incoming { file, path, finished: self.finished.clone(), hash: Sha256::new(), size: 0 })
    }

    /// Reads up to `most` bytes from `offset` on; none at the end.
    pub(crate) fn read_at(&self, hash: ContentHash, offset: u64, most: usize) -> Result<Vec<u8>, StoreError> {
        let path = self.finished.join(hash.to_string());
        let read = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::with_capacity(most.min(1 << 20));
            file.take(most as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error| StoreError::file(&path, error))
    }

    /// Reads a whole content, unless it has more than `most` bytes; checks that it is what it was.
    pub(crate) fn read_all(&self, hash: ContentHash, most: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.read_at(hash, 0, most.saturating_add(1))?;
        if bytes.len() > most {
            return Ok(None);
        }
        if ContentHash::from_bytes(Sha256::digest(&bytes).into()) != hash {
            return Err(StoreError::DamagedContent);
        }
        Ok(Some(bytes))
    }
}

/// A content that is still arriving; if dropped before it is finished, nothing is kept.
#[derive(Debug)]
pub(crate) struct Incoming {
    file: File,
    path: PathBuf,
    finished: PathBuf,
    hash: Sha256,
    size: u64,
}

impl Incoming {
    /// Adds bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(|error| StoreError::file(&self.path, error))?;
        self.hash.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Gives the number of bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Keeps the content: when this returns, it is on disk under its hash.
    pub(crate) fn finish(mut self) -> Result<ContentHash, StoreError> {
        let hash = ContentHash::from_bytes(std::mem::take(&mut self.hash).finalize().into());
        let target = self.finished.join(hash.to_string());
        let keep = || {
            self.file.sync_all()?;
            // Renaming over an equal content changes nothing.
            fs::rename(&self.path, &target)?;
            File::open(&self.finished)?.sync_all()
        };
        keep().map_err(|error| StoreError::file(&target, error))?;
        Ok(hash)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `finish` there is no such file any more.
        _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(content: &Content, pieces: &[&[u8]]) -> ContentHash {
        let mut incoming = content.begin().expect("begun");
        for piece in pieces {
            incoming.push(piece).expect("written");
        }
        incoming.finish().expect("finished")
    }

    #[test]
    fn equal_contents_are_one_file_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = Content::open(folder.path()).expect("open");
        let hash = store(&content, &[b"{\"n\":", b"1}"]);
        assert_eq!(hash.to_string(), "2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd");
        assert_eq!(store(&content, &[b"{\"n\":1}"]), hash);
        assert_eq!(content.read_all(hash, 7).expect("read").as_deref(), Some(&b"{\"n\":1}"[..]));
        assert_eq!(content.read_all(hash, 6).expect("read"), None);
        assert_eq!(content.read_at(hash, 5, 100).expect("read"), b"1}");
        assert_eq!(fs::read_dir(folder.path().join("incoming")).expect("folder").count(), 0);
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = Content::open(folder.path()).expect("open");
        content.begin().expect("begun").push(b"half").expect("written");
        std::mem::forget(content.begin().expect("begun"));
        let incoming = folder.path().join("incoming");
        assert_eq!(fs::read_dir(&incoming).expect("folder").count(), 1);
        Content::open(folder.path()).expect("open");
        assert_eq!(fs::read_dir(&incoming).expect("folder").count(), 0);
    }

    #[test]
    fn damage_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = Content::open(folder.path()).expect("open");
        let hash = store(&content, &[b"good"]);
        fs::write(folder.path().join("store-sha256").join(hash.to_string()), b"evil").expect("written");
        assert!(matches!(content.read_all(hash, 100), Err(StoreError::DamagedContent)));
    }
}
