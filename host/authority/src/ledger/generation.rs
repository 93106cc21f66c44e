use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::LedgerError;

/// The number of the latest change of the ledger, in a file. Reading it is one system call, which is what a process can
/// afford before each call that it lets through.
///
/// It is written before the change is committed. A process that is killed in between leaves a number that no change
/// has, for which others look in vain before each call, until the next change; the other way round they would not
/// learn of a change that was made.
pub(super) struct Generation {
    file: File,
    path: PathBuf,
}

impl Generation {
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let failed = |error| LedgerError::File { path: path.to_owned(), error };
        Ok(Self { file: file.map_err(failed)?, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> Result<i64, LedgerError> {
        let mut bytes = [0; 8];
        let read = self.file.read_at(&mut bytes, 0).map_err(|error| self.failed(error))?;
        // A new file is empty.
        Ok(if read == bytes.len() { i64::from_le_bytes(bytes) } else { 0 })
    }

    pub(super) fn write(&self, generation: i64) -> Result<(), LedgerError> {
        self.file.write_all_at(&generation.to_le_bytes(), 0).map_err(|error| self.failed(error))
    }

    /// Wakes those who wait for the file to change: what was written before the commit, they may have looked for before
    /// it was there. The number stays as it is, which may be a later process's by now.
    pub(super) fn wake(&self) -> Result<(), LedgerError> {
        self.file.write_all_at(&[0], 8).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: std::io::Error) -> LedgerError {
        LedgerError::File { path: self.path.clone(), error }
    }
}
