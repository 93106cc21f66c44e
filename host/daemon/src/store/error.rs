use std::path::PathBuf;
use std::sync::Arc;

/// Why something could not be kept or read.
///
/// Clone, because one failed commit is the answer to every operation of its group.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite failed.
    #[error("the daemon's database failed")]
    Database(#[source] Arc<rusqlite::Error>),
    /// A file or folder of the store failed.
    #[error("cannot use {path}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// An earlier failure left unknown what is on disk, so nothing more is acknowledged until a restart.
    #[error("the daemon's database failed before, so nothing is changed until the daemon is started again")]
    Poisoned,
    /// The daemon is being stopped.
    #[error("the daemon is stopping")]
    Stopped,
    /// What was read is not what this version writes.
    #[error("the daemon's database is damaged: {0}")]
    Damaged(String),
    /// The content of a blob is not what it was when it was stored.
    #[error("the content of a blob is damaged")]
    DamagedContent,
    /// The database was written by a later version.
    #[error("the database has version {found}, but this program knows versions up to {known}")]
    TooNew {
        /// Its version.
        found: i64,
        /// The latest that can be read.
        known: i64,
    },
    /// The file is an SQLite database of some other program.
    #[error("{0} is not a database of this daemon")]
    Foreign(PathBuf),
    /// The operating system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<getrandom::Error> for StoreError {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error.to_string())
    }
}

impl StoreError {
    pub(crate) fn file(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File { path: path.into(), source: Arc::new(source) }
    }
}
