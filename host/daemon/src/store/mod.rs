//! What the daemon keeps on disk, and the one thread that writes it.
//!
//! All operations, reads included, are done in the order in which they were handed over, so each sees everything
//! before it. Those that are waiting when the disk becomes free are committed together; an answer is given only when
//! the commit that it depends on is on disk.

mod content;
pub(crate) use content::Content;

mod error;
pub use error::StoreError;

mod names;
pub(crate) use names::{Change, ChangeKind, NameError};

mod operation;

mod schema;

mod tables;
pub(crate) use tables::{FormulaError, Tables};

mod writer;

use std::path::Path;
use std::sync::Mutex;
use std::thread::JoinHandle;

use rusqlite::TransactionBehavior;
use tokio::sync::{mpsc, oneshot};

use operation::Work;
use writer::Job;

/// The database.
#[derive(Debug)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens the database of a daemon, lets `prepare` fill in what every daemon has, and starts its thread.
    pub(crate) fn open<T>(
        path: &Path,
        queued_operations: usize,
        prepare: impl FnOnce(Tables<'_>) -> Result<T, StoreError>,
    ) -> Result<(Self, T), StoreError> {
        let mut connection = schema::open(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let prepared = prepare(Tables { connection: &transaction })?;
        transaction.commit()?;
        let (jobs, inbox) = mpsc::channel(queued_operations.max(1));
        let thread = std::thread::Builder::new()
            .name("daemon-store".to_owned())
            .spawn(move || writer::run(connection, inbox))
            .map_err(|error| StoreError::file(path, error))?;
        Ok((Self { jobs, thread: Mutex::new(Some(thread)) }, prepared))
    }

    /// Reads.
    ///
    /// The operation takes its place in the order now, not when the answer is awaited.
    pub(crate) fn read<R, T, E>(&self, read: R) -> impl Future<Output = Result<T, E>> + Send + use<R, T, E>
    where
        R: FnOnce(Tables<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(|answer| Job::Read(Work::boxed(read, |_: &T| (), answer)))
    }

    /// Reads, and does something with what was read before any later change is made known.
    pub(crate) fn read_then<R, N, T, E>(
        &self,
        read: R,
        then: N,
    ) -> impl Future<Output = Result<T, E>> + Send + use<R, N, T, E>
    where
        R: FnOnce(Tables<'_>) -> Result<T, E> + Send + 'static,
        N: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(|answer| Job::Read(Work::boxed(read, then, answer)))
    }

    /// Changes something, and once that is on disk makes it known.
    ///
    /// If the operation fails, nothing of it is kept. It is done even if nobody waits for the answer.
    pub(crate) fn write<W, N, T, E>(
        &self,
        write: W,
        then: N,
    ) -> impl Future<Output = Result<T, E>> + Send + use<W, N, T, E>
    where
        W: FnOnce(Tables<'_>) -> Result<T, E> + Send + 'static,
        N: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(|answer| Job::Write(Work::boxed(write, then, answer)))
    }

    fn submit<J, T, E>(&self, job: J) -> impl Future<Output = Result<T, E>> + Send + use<J, T, E>
    where
        J: FnOnce(oneshot::Sender<Result<T, E>>) -> Job,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // A full queue holds the call back; only then may it lose its place in the order.
        let held_back = match self.jobs.try_send(job(answer)) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Full(job)) => Some((self.jobs.clone(), job)),
            Err(mpsc::error::TrySendError::Closed(_)) => None,
        };
        async move {
            if let Some((jobs, job)) = held_back {
                _ = jobs.send(job).await;
            }
            answered.await.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
        }
    }

    /// Ends the thread after the operations handed over so far, and closes the database.
    ///
    /// Blocks until that is done.
    pub(crate) fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            if self.jobs.blocking_send(Job::Stop).is_ok() {
                tracing::debug!("closing the database");
            }
            if thread.join().is_err() {
                tracing::error!("the thread of the database panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
