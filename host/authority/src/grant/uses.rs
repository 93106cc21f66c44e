use std::sync::atomic::{AtomicU64, Ordering};

/// How often a grant was used, and when last, since that was written down.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    calls: AtomicU64,
    last: AtomicU64,
}

impl Uses {
    pub(super) fn count(&self, now: u64) {
        self.last.fetch_max(now, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes what there is to be written down; `None` if the grant was not used.
    pub(crate) fn take(&self) -> Option<(u64, u64)> {
        let calls = self.calls.swap(0, Ordering::Relaxed);
        (calls > 0).then(|| (calls, self.last.load(Ordering::Relaxed)))
    }
}
