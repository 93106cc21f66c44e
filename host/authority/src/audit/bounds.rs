use std::time::Duration;

/// How much the log keeps, and how soon it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditBounds {
    /// How many bytes a segment may have. The next line then starts a new one.
    pub segment: u64,
    /// How many bytes all segments together may have. The oldest are removed beyond it, but never the current one.
    pub total: u64,
    /// How long after it was written a line may stay in memory only. With the time that the disk takes itself, this
    /// is what a power loss can cost.
    pub sync: Duration,
}

impl Default for AuditBounds {
    fn default() -> Self {
        Self { segment: 64 << 20, total: 1 << 30, sync: Duration::from_millis(500) }
    }
}
