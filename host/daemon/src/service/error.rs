use std::io;
use std::path::PathBuf;

use powerbox_files::{FolderError, Running, ServeError};

use crate::store::StoreError;

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process runs a daemon on this state, or on this socket.
    #[error("a daemon is already running{}", .0.describe())]
    AlreadyRunning(Running),
    /// Others can enter or change the folder, who would then hold the daemon's authority.
    #[error("{0}; {remedy}", remedy = .0.remedy(powerbox_authority::text::word))]
    Folder(#[from] FolderError),
    /// The socket, or the lock of the state.
    #[error(transparent)]
    Serve(ServeError),
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

impl From<ServeError> for OpenError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::AlreadyRunning(running) => Self::AlreadyRunning(running),
            ServeError::Folder(error) => Self::Folder(error),
            error => Self::Serve(error),
        }
    }
}
