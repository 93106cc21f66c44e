use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::content::Content;
use super::syncing::Syncing;
use super::{AuditBounds, AuditError, Decision, Entry, Number};

/// The audit log, as it is written: see [the module](super).
///
/// Several of them, in one process or in many, may write to one folder. Writing takes some microseconds and blocks:
/// it is fit for being called where nothing may wait for long.
#[derive(Debug)]
pub struct Audit(Kept);

#[derive(Debug)]
enum Kept {
    Nowhere { next: AtomicU64 },
    Folder { folder: PathBuf, bounds: AuditBounds, lines: Syncing },
}

impl Audit {
    /// Opens the log in a folder, which is made if it is not there and is for its owner only.
    pub fn open(folder: &Path, bounds: AuditBounds) -> Result<Arc<Self>, AuditError> {
        let lines = Syncing::open(folder, bounds)?;
        Ok(Arc::new(Self(Kept::Folder { folder: folder.to_owned(), bounds, lines })))
    }

    /// A log that keeps nothing, for checks that must not touch a disk.
    pub fn discarding() -> Arc<Self> {
        Arc::new(Self(Kept::Nowhere { next: AtomicU64::new(1) }))
    }

    /// Records an allowed crossing before its call is made.
    ///
    /// On an error the call must not be made.
    pub fn begin(&self, entry: &Entry<'_>) -> Result<Number, AuditError> {
        self.append(&Content::Begin(entry))
    }

    /// Records what came of a crossing that [`Audit::begin`] numbered, before its answer is passed on.
    ///
    /// On an error the answer must not be passed on.
    pub fn end(&self, number: Number, outcome: &str, micros: u64) -> Result<(), AuditError> {
        self.append(&Content::End { begin: number.0, outcome, micros }).map(drop)
    }

    /// Records a crossing that is over already: denied, by the rule that the outcome names, or answered at once.
    pub fn record(
        &self,
        entry: &Entry<'_>,
        decision: Decision,
        outcome: &str,
        micros: u64,
    ) -> Result<Number, AuditError> {
        self.append(&Content::Crossing { entry, decision, outcome, micros })
    }

    /// Records an act of the person's, such as a grant revoked: `what` is a short verb, `detail` says more, up to
    /// 4 KiB.
    pub fn act(&self, who: &str, what: &str, grant: Option<u64>, detail: &str) -> Result<Number, AuditError> {
        self.append(&Content::Act { who, what, grant, detail })
    }

    /// Brings everything that was recorded to the disk, so that it survives a power loss too.
    pub fn sync(&self) -> Result<(), AuditError> {
        match &self.0 {
            Kept::Nowhere { .. } => Ok(()),
            Kept::Folder { folder, lines, .. } => lines.sync(folder),
        }
    }

    /// The folder in which the log is, if it is kept.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Kept::Nowhere { .. } => None,
            Kept::Folder { folder, .. } => Some(folder),
        }
    }

    fn append(&self, content: &Content<'_>) -> Result<Number, AuditError> {
        match &self.0 {
            Kept::Nowhere { next } => Ok(Number(next.fetch_add(1, Ordering::Relaxed))),
            Kept::Folder { folder, bounds, lines } => lines.append(content, folder, bounds.sync).map(Number),
        }
    }
}
