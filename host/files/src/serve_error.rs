use std::io;
use std::path::PathBuf;

use crate::{FolderError, Running};

/// Why a process cannot take its place: a lock, or a socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another process is there.
    #[error("it is already running{}", .0.describe())]
    AlreadyRunning(Running),
    /// Something that has no lock answers at the socket.
    #[error("another program serves {}", .0.display())]
    SocketInUse(PathBuf),
    /// Where the socket should be, there is something that is no socket, and is not touched.
    #[error("{} is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The path of the socket has no folder, or is longer than the operating system takes.
    #[error("{} cannot be the path of a socket", .0.display())]
    SocketPath(PathBuf),
    /// Others can enter or change the folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file failed.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl ServeError {
    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}
