//! Counts, rates, budgets and time: what caveats take from what is left.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::changes::sql_time;
use super::{Ledger, LedgerError};
use crate::caveat::{Caveat, Rate};
use crate::grant::{Ending, GrantId, Refusal};

/// What one call owes to one caveat.
#[derive(Clone, Debug)]
pub(crate) struct Toll {
    /// Whose caveat.
    pub(crate) grant: GrantId,
    /// Its place among the grant's caveats.
    pub(crate) place: usize,
    /// The caveat.
    pub(crate) caveat: Caveat,
}

/// What is asked of the ledger for one call.
#[derive(Debug, Default)]
pub(crate) struct Charge<'a> {
    pub(crate) tolls: Vec<Toll>,
    /// How many calls each count and rate is charged with.
    pub(crate) calls: u64,
    /// How many bytes each budget is charged with.
    pub(crate) bytes: u64,
    /// The digest of the call, and the grant, if the person must have allowed it beforehand.
    pub(crate) approval: Option<(GrantId, &'a str)>,
}

/// What the ledger says to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charged {
    /// All is paid, and the person's word is used up.
    Paid,
    /// Everything else would be paid, but the person has not said a word. Nothing was charged.
    Unapproved,
}

impl Ledger {
    /// Takes what a call costs, all or nothing.
    pub(crate) fn charge(&self, charge: &Charge<'_>) -> Result<Charged, Refusal> {
        let charged = self.charge_in_one(charge);
        self.mark_unsynced();
        charged.unwrap_or_else(|error| Err(Refusal::Ledger(error.to_string())))
    }

    fn charge_in_one(&self, charge: &Charge<'_>) -> Result<Result<Charged, Refusal>, LedgerError> {
        let now = self.clock().now();
        let mut connection = self.connection();
        // Not on disk at once: the flusher sees to that within its interval. The person's word is used up for good.
        let quick = charge.approval.is_none();
        if quick {
            connection.pragma_update(None, "synchronous", "NORMAL")?;
        }
        let charged = charge_all(&mut connection, charge, now);
        if quick {
            connection.pragma_update(None, "synchronous", "FULL")?;
        }
        charged
    }

    /// Notes that a grant's time is over, for good: it stays so whatever the clock says later.
    pub(crate) fn expire(&self, id: GrantId) -> Result<(), LedgerError> {
        self.end(id, Ending::Expired).map(drop)
    }

    /// Notes how late it is, once a second at most: a clock that is set back over a restart gains no more than that.
    pub(crate) fn note_time_passes(&self, now: u64) -> Result<(), LedgerError> {
        /// In milliseconds.
        const STEP: u64 = 1000;
        let noted = self.0.noted.load(Ordering::Relaxed);
        if now < noted.saturating_add(STEP) {
            return Ok(());
        }
        self.0.noted.store(now, Ordering::Relaxed);
        let connection = self.connection();
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let written = connection
            .execute("UPDATE state SET value = max(value, ?1) WHERE name = 'time'", [sql_time(now)]);
        connection.pragma_update(None, "synchronous", "FULL")?;
        drop(connection);
        self.mark_unsynced();
        Ok(written.map(drop)?)
    }

    /// Learns the latest time that was told before, and notes it if it is later now.
    pub(super) fn settle_time(&self) -> Result<(), LedgerError> {
        let connection = self.connection();
        let sql = "SELECT value FROM state WHERE name = 'time'";
        let latest: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        self.clock().not_before(latest.unsigned_abs());
        note_time(&connection, self.clock().now())?;
        Ok(())
    }

    fn mark_unsynced(&self) {
        self.0.unsynced.store(true, Ordering::SeqCst);
        self.0.flusher.get_or_init(|| Flusher::start(log_file(&self.0.path), Arc::clone(&self.0.unsynced)));
    }

    /// Sees to it that all counts are on disk.
    pub fn sync(&self) {
        flush(&log_file(&self.0.path), &self.0.unsynced);
    }
}

/// Notes how late it is, if some grant's end depends on it, so that neither start nor end cost writing otherwise.
fn note_time(connection: &Connection, now: u64) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE state SET value = ?1 WHERE name = 'time' AND value + 1000 < ?1 AND EXISTS (
             SELECT 1 FROM grants WHERE ended IS NULL
             AND (caveats LIKE '%\"expires %' OR caveats LIKE '%\"rate %'))",
        [sql_time(now)],
    )?;
    Ok(())
}

fn charge_all(
    connection: &mut Connection,
    charge: &Charge<'_>,
    now: u64,
) -> Result<Result<Charged, Refusal>, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for toll in &charge.tolls {
        if let Err(refusal) = pay(&transaction, toll, charge, now)? {
            return Ok(Err(refusal));
        }
    }
    if let Some((grant, digest)) = charge.approval {
        let mut take = transaction
            .prepare_cached("DELETE FROM approval WHERE grant_id = ?1 AND digest = ?2 AND until >= ?3")?;
        if take.execute(params![grant.0, digest, sql_time(now)])? == 0 {
            return Ok(Ok(Charged::Unapproved));
        }
    }
    let mut time =
        transaction.prepare_cached("UPDATE state SET value = max(value, ?1) WHERE name = 'time'")?;
    time.execute([sql_time(now)])?;
    drop(time);
    transaction.commit()?;
    Ok(Ok(Charged::Paid))
}

fn pay(
    transaction: &Transaction<'_>,
    toll: &Toll,
    charge: &Charge<'_>,
    now: u64,
) -> rusqlite::Result<Result<(), Refusal>> {
    let grant = toll.grant;
    // Another process may have taken it back a moment ago.
    let mut ended = transaction.prepare_cached("SELECT ended IS NOT NULL FROM grants WHERE id = ?1")?;
    if ended.query_row([grant.0], |row| row.get(0)).optional()?.unwrap_or(true) {
        return Ok(Err(Refusal::Ended { grant: Some(grant), ending: Ending::Revoked }));
    }
    let place = i64::try_from(toll.place).unwrap_or(i64::MAX);
    let mut read = transaction.prepare_cached("SELECT used FROM meter WHERE grant_id = ?1 AND place = ?2")?;
    let used: Option<i64> = read.query_row(params![grant.0, place], |row| row.get(0)).optional()?;
    let used = used.unwrap_or_default().unsigned_abs();
    let after = match &toll.caveat {
        Caveat::Calls(count) => within(used, charge.calls, count.get()),
        Caveat::Bytes(budget) => within(used, charge.bytes, budget.get()),
        Caveat::Rate(rate) if charge.calls > 0 => passes(*rate, used, now),
        _ => return Ok(Ok(())),
    };
    let Some(after) = after else {
        let rule = format!("the grant's `{}` is used up", toll.caveat);
        return Ok(Err(Refusal::Denied { grant: Some(grant), rule }));
    };
    let mut write = transaction.prepare_cached("INSERT OR REPLACE INTO meter VALUES (?1, ?2, ?3)")?;
    write.execute(params![grant.0, place, sql_time(after)])?;
    Ok(Ok(()))
}

fn within(used: u64, more: u64, limit: u64) -> Option<u64> {
    used.checked_add(more).filter(|used| *used <= limit)
}

/// The generic cell rate algorithm: `used` is the time, in microseconds, by which all calls so far would have passed at
/// an even pace. A call may be ahead of that pace by the shares of all calls but itself.
fn passes(rate: Rate, used: u64, now: u64) -> Option<u64> {
    let now = now.saturating_mul(1000);
    let period = rate.per().saturating_mul(1000);
    // Rounded up, so that never more pass in the long run than was said.
    let share = period.div_ceil(rate.calls());
    let after = used.max(now).saturating_add(share);
    (after.saturating_sub(now) <= share.saturating_mul(rate.calls())).then_some(after)
}

/// How long counts may be in the operating system's hands only.
const INTERVAL: Duration = Duration::from_millis(500);

/// A thread that brings counts to disk, from the first count until the ledger is dropped.
pub(super) struct Flusher {
    _stop: Sender<()>,
}

impl Flusher {
    fn start(log: PathBuf, unsynced: Arc<AtomicBool>) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("powerbox-ledger".to_owned()).spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                flush(&log, &unsynced);
            }
            flush(&log, &unsynced);
        });
        if let Err(error) = thread {
            tracing::warn!(%error, "counts of grants are brought to disk at the end only");
        }
        Self { _stop: stop }
    }
}

fn flush(log: &Path, unsynced: &AtomicBool) {
    if !unsynced.swap(false, Ordering::SeqCst) {
        return;
    }
    // Without a write-ahead log everything is in the database already, which SQLite has brought to disk.
    if let Err(error) = File::open(log).and_then(|log| log.sync_data())
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "counts of grants cannot be brought to disk");
    }
}

impl Drop for super::Inner {
    fn drop(&mut self) {
        let now = self.clock.now();
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = note_time(connection, now) {
            tracing::warn!(%error, "the time is not noted in the ledger of grants");
        }
        flush(&log_file(&self.path), &self.unsynced);
    }
}

fn log_file(ledger: &Path) -> PathBuf {
    let mut name = ledger.to_owned().into_os_string();
    name.push("-wal");
    name.into()
}
