//! The socket: where it may be, and what to do with one that is left over.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::{Lock, Others, ServeError, private_folder};

/// A socket that is being served. Its file goes away with it.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    /// Which file it is: a later process's socket at the same path must stay.
    inode: (u64, u64),
    _lock: Lock,
}

impl Socket {
    /// Binds a socket that only this user can reach, clearing away one that nobody serves any more. The listener does not
    /// block.
    ///
    /// # Errors
    ///
    /// If somebody serves it, or it cannot be there.
    pub fn bind(path: &Path) -> Result<(Self, UnixListener), ServeError> {
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .ok_or_else(|| ServeError::SocketPath(path.to_owned()))?;
        private_folder(parent, Others::StayOut)?;
        // Two processes with states of their own may still be told to use one socket; between finding that nobody
        // serves it and binding it anew, only one may act.
        let lock = Lock::take(&lock_path(path), path)?;
        clear_stale(path)?;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidInput => ServeError::SocketPath(path.to_owned()),
            _ => ServeError::file(path, error),
        };
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let metadata = fs::symlink_metadata(path).map_err(failed)?;
        let inode = (metadata.dev(), metadata.ino());
        Ok((Self { path: path.to_owned(), inode, _lock: lock }, listener))
    }
}

impl Socket {
    /// Whether it is still at its path, so that somebody can find it.
    pub fn is_in_place(&self) -> bool {
        let is_ours = |metadata: fs::Metadata| (metadata.dev(), metadata.ino()) == self.inode;
        fs::symlink_metadata(&self.path).is_ok_and(is_ours)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_in_place() {
            _ = fs::remove_file(&self.path);
        }
    }
}

fn lock_path(socket: &Path) -> PathBuf {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Removes the file of a socket that refuses connections: its process has ended without removing it.
fn clear_stale(path: &Path) -> Result<(), ServeError> {
    let failed = |error| ServeError::file(path, error);
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => (),
        Ok(_) => return Err(ServeError::NotASocket(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(ServeError::SocketInUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!(path = %path.display(), "clearing a socket that nobody serves");
            fs::remove_file(path).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_reachable_by_its_owner_alone_and_goes_away() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("run/socket");
        let (socket, listener) = Socket::bind(&path).expect("bound");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
        assert!(matches!(Socket::bind(&path), Err(ServeError::AlreadyRunning(_))));
        drop((socket, listener));
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_cleared_and_a_live_or_foreign_one_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("run/socket");
        private_folder(path.parent().expect("a folder"), Others::StayOut).expect("made");

        let live = UnixListener::bind(&path).expect("bound");
        assert!(matches!(Socket::bind(&path), Err(ServeError::SocketInUse(_))));
        drop(live);
        assert!(path.exists());
        drop(Socket::bind(&path).expect("cleared"));

        fs::write(&path, "precious").expect("written");
        assert!(matches!(Socket::bind(&path), Err(ServeError::NotASocket(_))));
        assert_eq!(fs::read(&path).expect("kept"), b"precious");
    }

    #[test]
    fn a_path_that_is_too_long_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("run").join("x".repeat(120));
        assert!(matches!(Socket::bind(&path), Err(ServeError::SocketPath(_))));
    }
}
