//! Compiled code on disk.
//!
//! Compiled code is run as it is found, so whoever can write here can do whatever this process can. The directory must
//! belong to this user and be closed to others; files are written beside their place and renamed, and never changed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use wasmtime::component::Component;

use crate::digest::Digest;
use crate::engine::Engine;

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
    #[error("{} is not a directory that only its owner can write to: {reason}", .path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
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

const SUFFIX: &str = ".cwasm";
const TEMPORARY: &str = ".writing-";

/// A file counts as used when it was loaded; the time is noted at most this often, to save a write per start.
const TOUCH: Duration = Duration::from_secs(24 * 60 * 60);

impl CodeCache {
    /// Opens the directory, or makes it with mode 0700.
    pub fn open(directory: impl Into<PathBuf>, bounds: CacheBounds) -> Result<CodeCache, CacheError> {
        let directory = directory.into();
        let io = |error| CacheError::Io { path: directory.clone(), error };
        match fs::symlink_metadata(&directory) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(io)?;
            }
            Err(error) => return Err(io(error)),
        }
        let metadata = fs::symlink_metadata(&directory).map_err(io)?;
        let refuse = |reason| Err(CacheError::Unsafe { path: directory.clone(), reason });
        if !metadata.is_dir() {
            return refuse("it is no directory");
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return refuse("it belongs to another user");
        }
        if metadata.mode() & 0o022 != 0 {
            return refuse("others may write to it");
        }
        Ok(CodeCache { directory, bounds })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, engine: &Engine, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{digest}-{}{SUFFIX}", engine.compatibility()))
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
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let code = component.serialize().map_err(|error| CacheError::Serialize(format!("{error:#}")))?;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = self.directory.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        let written = self.write(&temporary, &code, &self.path(engine, digest));
        if let Err(error) = written {
            let _ = fs::remove_file(&temporary);
            return Err(CacheError::Io { path: temporary, error });
        }
        self.evict();
        Ok(())
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
        let mut files = Vec::new();
        for entry in entries.flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().unwrap_or(now);
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with(TEMPORARY) {
                if now.duration_since(used).unwrap_or_default() > Duration::from_secs(60 * 60) {
                    let _ = fs::remove_file(entry.path());
                }
            } else if name.ends_with(SUFFIX) {
                files.push((used, metadata.len(), entry.path()));
            }
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
