//! The grants of one user on disk, for all processes of the user at once.
//!
//! Changes (grants made, narrowed, taken back) are on disk before they are told. Counts are handed to the operating
//! system before the call that they count is made: nothing is lost if a process is killed, at most the last second if
//! the power fails. A process learns of what others did by a number in a small file beside the database, which it
//! reads before each call.

mod agents;
mod changes;
mod error;
mod following;
mod generation;
mod meter;
mod reading;
mod schema;
mod use_counts;

pub use agents::KnownAgent;
pub use changes::{AddError, NewGrant, Origin};
pub use error::LedgerError;
pub use following::Following;
pub(crate) use meter::{Charge, Charged, Toll};

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::Connection;

use crate::clock::Clock;
use crate::grant::{Grant, GrantId, Uses};
use generation::Generation;

/// The ledger. Clones are the same.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    path: PathBuf,
    connection: Mutex<Connection>,
    generation: Generation,
    /// The latest change that this process has taken over.
    seen: AtomicI64,
    live: Mutex<HashMap<GrantId, Weak<Grant>>>,
    uses: Mutex<HashMap<GrantId, Arc<Uses>>>,
    clock: Clock,
    /// The latest time that was noted for grants that expire.
    noted: AtomicU64,
    unsynced: Arc<AtomicBool>,
    flusher: std::sync::OnceLock<meter::Flusher>,
}

impl Ledger {
    /// Opens the ledger, or makes one.
    ///
    /// # Errors
    ///
    /// If the file cannot be used, or is another program's or a later version's.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, LedgerError> {
        let connection = schema::open(path)?;
        let generation = Generation::open(&path.with_extension("generation"))?;
        let ledger = Self(Arc::new(Inner {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            generation,
            seen: AtomicI64::new(0),
            live: Mutex::default(),
            uses: Mutex::default(),
            clock,
            noted: AtomicU64::new(0),
            unsynced: Arc::default(),
            flusher: std::sync::OnceLock::new(),
        }));
        ledger.settle_time()?;
        // No grant is known here yet, so there is nothing to be taken over.
        let revision = ledger.revision()?;
        // A conversion may have ended grants that other processes still hold.
        if ledger.0.generation.read()? < revision {
            ledger.0.generation.write(revision)?;
        }
        ledger.0.seen.store(revision, Ordering::SeqCst);
        Ok(ledger)
    }

    /// The clock that it decides by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The file whose change tells that another process changed something, for those who wait for it.
    pub fn changed_file(&self) -> &Path {
        self.0.generation.path()
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Takes over what other processes did since this was last called. Cheap if they did nothing.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read: nothing can be told then, and nothing is to be allowed.
    pub fn keep_up(&self) -> Result<(), LedgerError> {
        if self.0.generation.read()? == self.0.seen.load(Ordering::SeqCst) { Ok(()) } else { self.follow() }
    }

    /// The number of the latest change that this process knows.
    pub fn known_revision(&self) -> i64 {
        self.0.seen.load(Ordering::SeqCst)
    }

    /// The live grant of a number: one for all in this process.
    ///
    /// # Errors
    ///
    /// If there is none of this number, or the ledger cannot be read.
    pub fn grant(&self, id: GrantId) -> Result<Arc<Grant>, LedgerError> {
        if let Some(grant) = self.live().get(&id).and_then(Weak::upgrade) {
            return Ok(grant);
        }
        let record = self.get(id)?.ok_or(LedgerError::Unknown(id))?;
        // A chain is as long as the person made it; each link is on disk, so this ends.
        let parent = record.parent.map(|parent| self.grant(parent)).transpose()?;
        let mut live = self.live();
        if let Some(grant) = live.get(&id).and_then(Weak::upgrade) {
            return Ok(grant);
        }
        let grant = Grant::listed(self.clone(), &record, parent);
        if live.len() == live.capacity() {
            live.retain(|_, grant| grant.strong_count() > 0);
        }
        live.insert(id, Arc::downgrade(&grant));
        drop(live);
        // What was changed between reading and now was told to nobody.
        if let Some(record) = self.get(id)? {
            grant.follow(&record);
        }
        Ok(grant)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<GrantId, Weak<Grant>>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ledger").field(&self.0.path).finish()
    }
}

#[cfg(test)]
mod tests;
