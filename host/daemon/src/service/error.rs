use std::io;
use std::path::PathBuf;

use powerbox_files::FolderError;

use super::Running;
use crate::store::StoreError;

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process runs a daemon on this state, or on this socket.
    #[error("a daemon is already running{}", .0.describe())]
    AlreadyRunning(Running),
    /// Something that is no daemon of ours answers at the socket.
    #[error("another program serves {}", .0.display())]
    SocketInUse(PathBuf),
    /// Where the socket should be, there is something that is no socket, and is not touched.
    #[error("{} is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// Others can enter or change the folder, who would then hold the daemon's authority.
    #[error("{0}; {remedy}", remedy = .0.remedy(powerbox_authority::text::word))]
    Folder(#[from] FolderError),
    /// The path of the socket has no folder, or is longer than the operating system takes.
    #[error("{} cannot be the path of a socket", .0.display())]
    SocketPath(PathBuf),
    /// A file or folder failed.
    #[error("cannot use {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The state cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    pub(super) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}
