//! Compiled code on disk.
//!
//! Compiled code is run as it is found, so whoever can write here can do whatever this process can. The directory must
//! belong to this user and be closed to others; files are written beside their place and renamed, and never changed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use powerbox_files::{FolderError, Others, private_folder, read_regular};
use serde::{Deserialize, Serialize};
use wasmtime::component::Component;

use crate::digest::Digest;
use crate::engine::Engine;
use crate::manifest::Manifest;

/// How much the cache may hold. The oldest files go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheBounds {
    /// Files, default 200: a file is one component for one set of engine options.
    pub files: usize,
    /// Bytes, default 512 MiB. A plugin takes about half a MiB, a Python one 40.
    pub bytes: u64,
}

impl Default for CacheBounds {
    fn default() -> Self {
        CacheBounds { files: 200, bytes: 512 << 20 }
    }
}

/// A directory of compiled code, shared safely by several processes of one user.
#[derive(Clone, Debug)]
pub struct CodeCache {
    directory: PathBuf,
    bounds: CacheBounds,
}

/// The cache directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Others could put code there, or it is somebody else's.
    #[error(transparent)]
    Unsafe(#[from] FolderError),
    /// It cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What happened.
        #[source]
        error: io::Error,
    },
    /// The code cannot be written out.
    #[error("compiled code cannot be written out: {0}")]
    Serialize(String),
}

const CODE: &str = "cwasm";
const MANIFEST: &str = "manifest";
/// Everything else that is kept for a component.
const OTHERS: [&str; 3] = [MANIFEST, "failed", "lock"];
const TEMPORARY: &str = ".writing-";

/// The largest manifest that is kept, in bytes.
const MOST_MANIFEST: u64 = 8 << 20;
/// Manifests are read by the version that wrote them.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct KeptManifest {
    version: String,
    manifest: Manifest,
}

/// A file counts as used when it was loaded; the time is noted at most this often, to save a write per start.
const TOUCH: Duration = Duration::from_secs(24 * 60 * 60);

impl CodeCache {
    /// Opens the directory, or makes it with mode 0700.
    pub fn open(directory: impl Into<PathBuf>, bounds: CacheBounds) -> Result<CodeCache, CacheError> {
        let directory = directory.into();
        // What is run as it is found must not be reached by way of a link.
        if fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(FolderError::NotAFolder(directory).into());
        }
        private_folder(&directory, Others::MayRead)?;
        Ok(CodeCache { directory, bounds })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        self.beside(engine, digest, CODE)
    }

    /// Where something is that is kept for a component and an engine.
    pub(crate) fn beside(&self, engine: &Engine, digest: &Digest, suffix: &str) -> PathBuf {
        self.directory.join(format!("{digest}-{}.{suffix}", engine.compatibility()))
    }

    /// A place for a file that is not complete yet. What stays there is removed some time.
    pub(crate) fn temporary(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{TEMPORARY}{name}"))
    }

    /// Whether code and manifest of a component are there.
    pub(crate) fn has(&self, engine: &Engine, digest: &Digest) -> bool {
        let there = |suffix| {
            fs::symlink_metadata(self.beside(engine, digest, suffix)).is_ok_and(|metadata| metadata.is_file())
        };
        there(CODE) && there(MANIFEST)
    }

    /// The manifest of a component that was compiled aside.
    pub(crate) fn manifest(&self, engine: &Engine, digest: &Digest) -> Option<Manifest> {
        let path = self.beside(engine, digest, MANIFEST);
        let text = read_regular(&path, MOST_MANIFEST).ok()?;
        match serde_json::from_slice::<KeptManifest>(&text) {
            Ok(kept) if kept.version == VERSION && kept.manifest.digest == *digest => Some(kept.manifest),
            _ => {
                // Of another version; it is read again.
                let _ = fs::remove_file(path);
                None
            }
        }
    }

    /// Keeps a manifest. Tells whether it is small enough for that.
    pub(crate) fn put_manifest(
        &self,
        engine: &Engine,
        digest: &Digest,
        manifest: &Manifest,
    ) -> io::Result<bool> {
        let kept = KeptManifest { version: VERSION.to_owned(), manifest: manifest.clone() };
        let text = serde_json::to_vec(&kept)?;
        if text.len() as u64 > MOST_MANIFEST {
            return Ok(false);
        }
        self.write_beside(&text, &self.beside(engine, digest, MANIFEST)).map(|()| true)
    }

    /// The code of a component for an engine, mapped into memory. A file that does not fit is removed.
    pub(crate) fn get(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.path(engine, digest);
        let metadata = fs::symlink_metadata(&path).ok()?;
        if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
            return None;
        }
        // SAFETY: the file was written by `put` of this user: nobody else can write to the directory. It is never
        // changed after it got its name, so the mapping stays as it is.
        match unsafe { Component::deserialize_file(engine.wasmtime(), &path) } {
            Ok(component) => {
                let now = SystemTime::now();
                let used = metadata.modified().unwrap_or(now);
                if now.duration_since(used).unwrap_or_default() > TOUCH {
                    let _ = File::open(&path).and_then(|file| file.set_modified(now));
                }
                Some(component)
            }
            Err(error) => {
                tracing::debug!(%digest, error = format!("{error:#}"), "compiled code is unusable, compiling again");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps the code of a component, and makes room if there is too much.
    pub(crate) fn put(
        &self,
        engine: &Engine,
        digest: &Digest,
        component: &Component,
    ) -> Result<(), CacheError> {
        let code = component.serialize().map_err(|error| CacheError::Serialize(format!("{error:#}")))?;
        let path = self.path(engine, digest);
        self.write_beside(&code, &path).map_err(|error| CacheError::Io { path, error })?;
        self.evict();
        Ok(())
    }

    /// Writes a file of the cache in one step.
    pub(crate) fn write_beside(&self, content: &[u8], path: &Path) -> io::Result<()> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = self.temporary(&format!("{}-{number}", std::process::id()));
        self.write(&temporary, content, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
    }

    fn write(&self, temporary: &Path, code: &[u8], path: &Path) -> io::Result<()> {
        // A leftover of a dead process with our number.
        let _ = fs::remove_file(temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        file.write_all(code)?;
        // Else a crash of the machine could leave the name with other bytes, which would be run.
        file.sync_all()?;
        fs::rename(temporary, path)
    }

    /// Removes the least recently used files above the bounds, and what dead writers left. Failing costs only space.
    fn evict(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let now = SystemTime::now();
        let (mut files, mut others) = (Vec::new(), Vec::new());
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(now);
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with(TEMPORARY) {
                if now.duration_since(used).unwrap_or_default() > Duration::from_secs(60 * 60) {
                    let _ = fs::remove_file(entry.path());
                }
            } else if name.ends_with(CODE) {
                files.push((used, metadata.len(), entry.path()));
            } else if OTHERS.iter().any(|suffix| name.ends_with(suffix)) {
                others.push((used, entry.path()));
            }
        }
        others.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        // Small, and cheap to make again. Who holds a lock that is removed finds out.
        for (_, path) in others.iter().skip(self.bounds.files.saturating_mul(OTHERS.len())) {
            let _ = fs::remove_file(path);
        }
        files.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut bytes = 0u64;
        for (index, (_, size, path)) in files.iter().enumerate() {
            bytes = bytes.saturating_add(*size);
            if index > 0 && (index >= self.bounds.files || bytes > self.bounds.bytes) {
                let _ = fs::remove_file(path);
            }
        }
    }
}
