//! What is being done to the plugins, written down before it is: whoever comes after a crash does it to the end.
//!
//! Grants are in a database and records in a file, so that no single write changes both. Until the intent is on disk
//! nothing has happened; from then on it will have.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

use powerbox_authority::grant::Target;
use serde::{Deserialize, Serialize};

use crate::local::store::KeptId;

use super::{Installed, InstalledPlugin, StoreError, write_aside};

/// One change of what is installed. Doing it twice is doing it once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Intent {
    /// A version becomes the one that runs.
    Install {
        /// What is put on record. Its component is in the store already.
        record: Box<InstalledPlugin>,
        /// What the person bound, by slot.
        bound: BTreeMap<String, Target>,
        /// Whether no plugin of this name was there: what one had that was there earlier is not for this one.
        fresh: bool,
        /// What an earlier installation kept that this one begins with.
        #[serde(default)]
        adopt: Option<KeptId>,
    },
    /// A plugin goes, with all that it was granted.
    Remove {
        /// Which.
        name: String,
        /// What becomes of what it kept.
        #[serde(default)]
        data: Data,
    },
}

/// What becomes of what a plugin kept when it is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// It is put aside, and an installation of the same plugin can find it again.
    #[default]
    Keep,
    /// It is deleted, for the person said so.
    Delete,
}

/// The right to change what is installed, of one process at a time.
pub(crate) struct Changing {
    path: PathBuf,
    _lock: File,
}

impl Installed {
    /// Takes the right to change what is installed, unless another process has it.
    pub(crate) fn try_begin(&self) -> Result<Option<Changing>, StoreError> {
        let path = self.records().with_file_name("installing.json");
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.with_extension("guard"));
        match lock.map(|file| (file.try_lock(), file)) {
            Ok((Ok(()), file)) => Ok(Some(Changing { path, _lock: file })),
            Ok((Err(TryLockError::WouldBlock), _)) => Ok(None),
            Ok((Err(TryLockError::Error(error)), _)) | Err(error) => Err(StoreError::Io { path, error }),
        }
    }
}

impl Changing {
    /// What was begun and not ended, by a process that is gone.
    pub(crate) fn left_over(&self) -> Result<Option<Intent>, StoreError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.io(error)),
        };
        let damaged = |error: serde_json::Error| StoreError::Damaged {
            path: self.path.clone(),
            error: error.to_string(),
        };
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// Writes an intent down.
    pub(crate) fn intend(&self, intent: &Intent) -> Result<(), StoreError> {
        let text = serde_json::to_vec(intent).map_err(|error| self.io(error.into()))?;
        write_aside(&self.path, &text).map_err(|error| self.io(error))
    }

    /// It is done, or was undone.
    pub(crate) fn end(&self) -> Result<(), StoreError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(error)),
            _ => Ok(()),
        }
    }

    fn io(&self, error: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), error }
    }
}

/// A place where a test kills the process: `POWERBOX_DIE_AT` names it. Not in a release.
pub(crate) fn may_die_at(step: &str) {
    #[cfg(debug_assertions)]
    if std::env::var_os("POWERBOX_DIE_AT").is_some_and(|at| at == step) {
        std::process::abort();
    }
    let _ = step;
}
