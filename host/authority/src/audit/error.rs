use std::io;
use std::path::{Path, PathBuf};

/// Why the log cannot be written or read. A call whose line cannot be written must be refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The operating system refuses.
    #[error(
        "cannot {doing} {} of the audit log: {source}; see whether the disk is full and the folder is yours",
        .path.display()
    )]
    Io {
        /// What was tried, such as `write to`.
        doing: &'static str,
        /// The segment, or the folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Lines that this process knows of are gone from the end of the log.
    #[error(
        "the audit log in {} was cut: line {known} was in it, and it now ends with line {found}; \
         find out who did that, then restart", .folder.display()
    )]
    Cut {
        /// The log.
        folder: PathBuf,
        /// The last line that this process knows of.
        known: u64,
        /// The last line that there is.
        found: u64,
    },
    /// Lines could be lost, because the disk did not take them. Nothing is recorded by this process any more.
    #[error("the disk did not take what was written to the audit log in {}: {reason}; check it, then restart", .folder.display())]
    Unsynced {
        /// The log.
        folder: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The thread that brings lines to the disk does not start.
    #[error(
        "cannot start the thread that brings the audit log to the disk: {0}; too much runs on this machine"
    )]
    Thread(#[source] io::Error),
}

impl AuditError {
    /// Makes the error for something that was tried with a path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}
