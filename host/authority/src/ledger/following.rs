use notify::Watcher as _;

use super::Ledger;

/// Listens for what other processes do to the grants, until it is dropped.
pub struct Following {
    _watcher: notify::RecommendedWatcher,
}

impl Ledger {
    /// Begins to listen for what other processes do to the grants, so that calls under way end when their grant does.
    ///
    /// Calls that follow look for themselves; without this only those that wait would wait on.
    ///
    /// # Errors
    ///
    /// If this machine watches no files, or no more of them.
    pub fn follow_others(&self) -> Result<Following, notify::Error> {
        let ledger = self.clone();
        let mut watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| {
            if let Err(error) = ledger.keep_up() {
                tracing::warn!(%error, "the grants cannot be read");
            }
        })?;
        watcher.watch(self.changed_file(), notify::RecursiveMode::NonRecursive)?;
        Ok(Following { _watcher: watcher })
    }
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Following")
    }
}
