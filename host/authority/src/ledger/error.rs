use std::path::PathBuf;

use crate::grant::GrantId;

/// The ledger of grants cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The database.
    #[error("the ledger of grants cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// It is not ours, or of a later version.
    #[error("{} is no ledger of grants that this version knows; move it away to start anew", .0.display())]
    Foreign(PathBuf),
    /// What is in it cannot be understood.
    #[error("grant {0} in the ledger is damaged: {1}; revoke it and grant anew")]
    Damaged(GrantId, String),
    /// There is no such grant.
    #[error("there is no grant {0}; `powerbox grant list` shows those there are")]
    Unknown(GrantId),
}
