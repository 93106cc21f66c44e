use std::io;
use std::path::PathBuf;

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
    /// The folder could be entered or changed by others, who would then hold the daemon's authority.
    #[error("the folder {} is open to others: it must be yours and have mode 700, not {mode:03o}", path.display())]
    FolderOpen {
        /// Which one.
        path: PathBuf,
        /// The mode that it has.
        mode: u32,
    },
    /// The folder belongs to someone else.
    #[error("the folder {} belongs to someone else", .0.display())]
    FolderForeign(PathBuf),
    /// What should be a folder is none. A symbolic link is none either: whoever made it could change it.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
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
