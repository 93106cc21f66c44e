//! The thread that owns the database connection, and its group commits.

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::operation::Operation;
use super::{StoreError, Tables};

/// How many operations are committed together at most; bounds how long the first of them waits.
const GROUP: usize = 256;

/// What the thread is asked to do.
pub(super) enum Job {
    /// Look something up.
    Read(Box<dyn Operation>),
    /// Change something.
    Write(Box<dyn Operation>),
    /// End the thread.
    Stop,
}

/// Works until told to stop, or until nobody can ask for anything any more.
pub(super) fn run(connection: Connection, mut inbox: mpsc::Receiver<Job>) {
    let mut poisoned = false;
    while let Some(job) = inbox.blocking_recv() {
        match job {
            // Nothing uncommitted can be seen here.
            Job::Read(mut read) => {
                read.run(Tables { connection: &connection });
                read.finish(Ok(()));
            }
            Job::Write(write) if poisoned => write.finish(Err(StoreError::Poisoned)),
            Job::Write(write) => match commit_group(&connection, write, &mut inbox) {
                Next::Continue => (),
                Next::Poison => poisoned = true,
                Next::Stop => break,
            },
            Job::Stop => break,
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::error!(%error, "the database was not closed in order");
    }
}

enum Next {
    Continue,
    Poison,
    Stop,
}

/// Does the first operation and those that are already waiting behind it, and commits them together.
fn commit_group(connection: &Connection, first: Box<dyn Operation>, inbox: &mut mpsc::Receiver<Job>) -> Next {
    let mut done = Vec::new();
    let (ended, stop) = fill_group(connection, first, inbox, &mut done);
    let (told, next) = match ended.and_then(|()| execute(connection, "COMMIT")) {
        Ok(()) => (Ok(()), Next::Continue),
        Err(error) => {
            tracing::error!(%error, operations = done.len(), "a commit failed");
            let poison = !is_harmless(&error) || !roll_back(connection);
            (Err(StoreError::from(error)), if poison { Next::Poison } else { Next::Continue })
        }
    };
    for operation in done {
        operation.finish(told.clone());
    }
    if stop { Next::Stop } else { next }
}

/// Does operations in one transaction, and tells whether one of them was the end. After an error, what was done must
/// be taken back.
fn fill_group(
    connection: &Connection,
    first: Box<dyn Operation>,
    inbox: &mut mpsc::Receiver<Job>,
    done: &mut Vec<Box<dyn Operation>>,
) -> (rusqlite::Result<()>, bool) {
    let begun = execute(connection, "BEGIN IMMEDIATE");
    if begun.is_err() {
        done.push(first);
        return (begun, false);
    }
    let mut job = Job::Write(first);
    loop {
        match job {
            Job::Read(mut read) => {
                read.run(Tables { connection });
                done.push(read);
            }
            Job::Write(mut write) => {
                let ended = run_guarded(connection, &mut *write);
                done.push(write);
                if ended.is_err() {
                    return (ended, false);
                }
            }
            Job::Stop => return (Ok(()), true),
        }
        if done.len() >= GROUP {
            return (Ok(()), false);
        }
        match inbox.try_recv() {
            Ok(next) => job = next,
            Err(_) => return (Ok(()), false),
        }
    }
}

/// Does one operation so that its own failure leaves nothing behind.
fn run_guarded(connection: &Connection, write: &mut dyn Operation) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT operation")?;
    if !write.run(Tables { connection }) {
        execute(connection, "ROLLBACK TO operation")?;
    }
    execute(connection, "RELEASE operation")
}

/// Tells whether a failed commit surely left the disk as it was: no room, or someone else was writing.
fn is_harmless(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            rusqlite::ErrorCode::DiskFull
                | rusqlite::ErrorCode::DatabaseBusy
                | rusqlite::ErrorCode::DatabaseLocked
        )
    )
}

fn roll_back(connection: &Connection) -> bool {
    // A failed commit may have ended the transaction already.
    connection.is_autocommit() || execute(connection, "ROLLBACK").is_ok()
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(|_| ())
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read(_) => "Read",
            Self::Write(_) => "Write",
            Self::Stop => "Stop",
        })
    }
}
