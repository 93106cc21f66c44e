use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::appender::Appender;
use super::content::Content;
use super::{AuditBounds, AuditError};

/// An [`Appender`] whose lines a thread brings to the disk, soon after they were written.
///
/// The thread starts with the first line, sleeps while there is nothing to do, and ends when this is dropped. While the
/// disk works nobody waits for it: neither a writer of this process nor one of another.
#[derive(Debug)]
pub(super) struct Syncing {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Something is to be brought to the disk, or this ends.
    changed: Condvar,
    /// Held while the disk works, so that [`Syncing::sync`] also waits for what the thread has begun. Taken before
    /// `state`.
    at_work: Mutex<()>,
}

#[derive(Debug)]
struct State {
    appender: Appender,
    started: bool,
    ends: bool,
    /// Why the disk did not take something. What is lost then, nobody knows: no line is taken any more.
    failure: Option<String>,
}

impl Syncing {
    pub(super) fn open(folder: &Path, bounds: AuditBounds) -> Result<Self, AuditError> {
        let appender = Appender::open(folder, bounds)?;
        let state = State { appender, started: false, ends: false, failure: None };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new(), at_work: Mutex::new(()) };
        Ok(Self { shared: Arc::new(shared), thread: Mutex::new(None) })
    }

    /// Writes a line, and gives its number.
    pub(super) fn append(
        &self,
        content: &Content<'_>,
        folder: &Path,
        every: Duration,
    ) -> Result<u64, AuditError> {
        let mut state = self.shared.state();
        state.check(folder)?;
        let idle = state.appender.is_synced();
        let number = state.appender.append(content)?;
        if !state.started {
            self.start(every).map_err(AuditError::Thread)?;
            state.started = true;
        } else if idle {
            self.shared.changed.notify_one();
        }
        Ok(number)
    }

    /// Brings everything that was written to the disk.
    pub(super) fn sync(&self, folder: &Path) -> Result<(), AuditError> {
        self.shared.sync();
        self.shared.state().check(folder)
    }

    fn start(&self, every: Duration) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("audit-sync".to_owned()).spawn(move || shared.run(every))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.shared.state().ends = true;
        self.shared.changed.notify_one();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that brings the audit log to the disk has failed");
        }
        self.shared.sync();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, every: Duration) {
        loop {
            let idle = |state: &mut State| !state.ends && state.appender.is_synced();
            let state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
            let (state, _) = self
                .changed
                .wait_timeout_while(state, every, |state| !state.ends)
                .unwrap_or_else(PoisonError::into_inner);
            if state.ends {
                return;
            }
            drop(state);
            self.sync();
        }
    }

    fn sync(&self) {
        let _at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let unsynced = self.state().appender.take_unsynced();
        if let Err(error) = unsynced.iter().try_for_each(|file| file.sync_data()) {
            tracing::error!(%error, "the disk does not take the audit log");
            self.state().failure = Some(error.to_string());
        }
    }
}

impl State {
    fn check(&self, folder: &Path) -> Result<(), AuditError> {
        match &self.failure {
            None => Ok(()),
            Some(reason) => Err(AuditError::Unsynced { folder: folder.to_owned(), reason: reason.clone() }),
        }
    }
}
