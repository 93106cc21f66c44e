use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use powerbox_sandbox::Digest;

use crate::plugin::{InstalledPlugin, Seen, signature_beside};

/// What was seen of a plugin's file, and of the signature beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) file: Option<Seen>,
    pub(crate) signature: Option<Seen>,
}

impl Look {
    /// Looks at them.
    pub(crate) fn of(file: &Path) -> Self {
        Self { file: Seen::of(file), signature: Seen::of(&signature_beside(file)) }
    }

    /// What is on record.
    pub(crate) fn on_record(record: &InstalledPlugin) -> Self {
        Self { file: record.seen, signature: record.signature_seen }
    }

    /// Whether a write just after it may have left everything as it was seen, so that only the content tells. To be asked
    /// when it was made: later nobody knows.
    pub(crate) fn is_fresh(&self) -> bool {
        [self.file, self.signature].into_iter().flatten().any(|seen| seen.is_fresh())
    }
}

/// What this process looked at last, for one plugin, so that it says everything once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Looked {
    pub(crate) look: Look,
    /// Whether the file was so young then that a change just after cannot be seen.
    pub(crate) fresh: bool,
    /// What was in the file, if it could be read.
    pub(crate) digest: Option<Digest>,
}

impl Looked {
    fn on_record(record: &InstalledPlugin) -> Self {
        Self { look: Look::on_record(record), fresh: false, digest: None }
    }

    /// Puts it on record, for processes to come; one that says too little has them look again.
    pub(crate) fn put_on(&self, record: InstalledPlugin) -> InstalledPlugin {
        let Look { file, signature } = self.look;
        InstalledPlugin { seen: file.filter(|_| !self.fresh), signature_seen: signature, ..record }
    }
}

/// What this process has looked at. Other processes look for themselves, since each has somebody of its own to tell.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    looked: Mutex<HashMap<String, Looked>>,
    /// The versions that wait until running commands are done.
    postponed: Mutex<HashMap<String, Digest>>,
    /// The versions on record that cannot be loaded here, by their digests.
    unloadable: Mutex<HashMap<String, String>>,
    /// Held by the task that looks at a plugin.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Looks {
    /// What it looked at last; if nothing, what is on record.
    pub(crate) fn last(&self, record: &InstalledPlugin) -> Looked {
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.get(&record.name).copied().unwrap_or_else(|| Looked::on_record(record))
    }

    /// What a task holds while it looks at a plugin.
    pub(crate) fn turn(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(name.to_owned()).or_default())
    }

    /// Begins with what is on record now: what was said of that, was said to whom this process has.
    pub(crate) fn begin_with(&self, record: &InstalledPlugin) {
        self.note(&record.name, Looked::on_record(record));
    }

    pub(crate) fn note(&self, name: &str, looked: Looked) {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), looked);
    }

    /// Notes that a version waits; tells which one waited already.
    pub(crate) fn postpone(&self, name: &str, digest: Digest) -> Option<Digest> {
        self.postponed.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), digest)
    }

    /// Nothing waits any more.
    pub(crate) fn decide(&self, name: &str) {
        self.postponed.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Notes that a version on record cannot be loaded; tells whether that is news.
    pub(crate) fn cannot_load(&self, record: &InstalledPlugin) -> bool {
        let mut unloadable = self.unloadable.lock().unwrap_or_else(PoisonError::into_inner);
        unloadable.insert(record.name.clone(), record.digest.clone()).as_ref() != Some(&record.digest)
    }

    pub(crate) fn waits(&self, name: &str) -> bool {
        self.postponed.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }
}
