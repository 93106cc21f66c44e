//! A file that one process at a time holds locked, and that says which.
//!
//! The lock goes with the process however it ends, so a file that stays behind means nothing: only the lock does.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::ServeError;

/// A process that serves, as its lock tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process, if it has already said.
    pub pid: Option<u32>,
    /// Where it serves.
    pub socket: Option<PathBuf>,
    /// Its version.
    pub version: Option<String>,
}

impl Running {
    /// Which process it is, as the end of a sentence.
    pub fn describe(&self) -> String {
        match (self.pid, &self.socket) {
            (Some(pid), Some(socket)) => format!(" as process {pid} at {}", socket.display()),
            (Some(pid), None) => format!(" as process {pid}"),
            _ => String::new(),
        }
    }
}

/// A held lock.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock for this process, which serves at `socket`, or tells who has it.
    ///
    /// # Errors
    ///
    /// If another process holds it, or the file cannot be used.
    pub fn take(path: &Path, socket: &Path) -> Result<Self, ServeError> {
        let failed = |error| ServeError::file(path, error);
        let mut file = open(path, true).map_err(failed)?;
        if !try_lock(&file).map_err(failed)? {
            return Err(ServeError::AlreadyRunning(read(&mut file)));
        }
        let running = Running {
            pid: Some(std::process::id()),
            socket: Some(socket.to_owned()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let text = serde_json::to_string(&running).map_err(|error| failed(io::Error::other(error)))?;
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "{text}")
        };
        write(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }

    /// Tells who holds the lock, without ever taking it for longer than that needs.
    ///
    /// # Errors
    ///
    /// If the file cannot be used.
    pub fn holder(path: &Path) -> io::Result<Option<Running>> {
        let mut file = match open(path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(read(&mut file))),
            Err(error) => Err(error.into()),
        }
    }
}

fn open(path: &Path, create: bool) -> io::Result<File> {
    // Not truncated: what is in it belongs to whoever holds the lock.
    OpenOptions::new().read(true).write(create).create(create).truncate(false).mode(0o600).open(path)
}

fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads what the holder says; nothing, if it has just begun.
fn read(file: &mut File) -> Running {
    const MOST: u64 = 1 << 16;
    let mut text = String::new();
    match file.take(MOST).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Running::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_to_take_a_lock_is_told_of_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let socket = Path::new("/run/socket");
        assert_eq!(Lock::holder(&path).expect("no lock"), None);
        let lock = Lock::take(&path, socket).expect("free");
        let Err(ServeError::AlreadyRunning(running)) = Lock::take(&path, socket) else {
            panic!("taken twice");
        };
        assert_eq!(running.pid, Some(std::process::id()));
        assert_eq!(running.socket.as_deref(), Some(socket));
        assert_eq!(Lock::holder(&path).expect("a lock"), Some(running));
        drop(lock);
        assert_eq!(Lock::holder(&path).expect("no lock"), None);
        Lock::take(&path, socket).expect("free again");
    }
}
