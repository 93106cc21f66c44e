use std::collections::HashMap;
use std::sync::atomic::Ordering;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::agents::names;
use super::{Ledger, LedgerError};
use crate::grant::{Ending, GrantId, Holder, Record, Target, Use};

const COLUMNS: &str = "id, parent, holder, slot, target, caveats, giver, made, ended, calls, last_call";

impl Ledger {
    /// One grant, ended or not.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn get(&self, id: GrantId) -> Result<Option<Record>, LedgerError> {
        get(&self.connection(), id)
    }

    /// All grants, in the order in which they were made; those that ended only if `ended` is set.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn list(&self, ended: bool) -> Result<Vec<Record>, LedgerError> {
        let condition = if ended { "true" } else { "ended IS NULL" };
        self.select(condition, [])
    }

    /// The live grants of a holder.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn held_by(&self, holder: &Holder) -> Result<Vec<Record>, LedgerError> {
        self.select("ended IS NULL AND holder = ?1", [holder.as_stored()])
    }

    /// The grant that fills a holder's slot, if one lives.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn filling(&self, holder: &Holder, slot: &str) -> Result<Option<Record>, LedgerError> {
        let found = self.select("ended IS NULL AND holder = ?1 AND slot = ?2", [holder.as_stored(), slot])?;
        Ok(found.into_iter().next())
    }

    /// The slots for which a holder was ever given something, whatever became of it; not those of a holder of the
    /// same name that is gone.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn ever_filled(&self, holder: &Holder) -> Result<Vec<String>, LedgerError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT slot FROM grants WHERE holder = ?1 AND ended IS NOT 'removed'",
        )?;
        let slots = statement.query_map([holder.as_stored()], |row| row.get(0))?;
        Ok(slots.collect::<rusqlite::Result<_>>()?)
    }

    fn select<P: rusqlite::Params>(&self, condition: &str, params: P) -> Result<Vec<Record>, LedgerError> {
        let connection = self.connection();
        let sql = format!("SELECT {COLUMNS} FROM grants WHERE {condition} ORDER BY id");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        let names = names(&connection)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            match record(row, &names) {
                Ok(record) => records.push(record),
                // It was damaged, and was revoked for that: nobody shall be kept from the others.
                Err(LedgerError::Damaged(id, what)) if row.get_ref("ended")? != ValueRef::Null => {
                    tracing::warn!(grant = %id, what, "an ended grant in the ledger cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }

    /// The holders of all grants, of ended and damaged ones, too.
    pub(super) fn holders(&self) -> Result<Vec<(GrantId, Holder)>, LedgerError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT id, holder FROM grants")?;
        let holders = statement
            .query_map([], |row| Ok((GrantId(row.get(0)?), Holder::stored(row.get(1)?, |_| None))))?;
        Ok(holders.collect::<Result<_, _>>()?)
    }

    /// Takes over changes that are newer than what this process knows.
    pub(super) fn follow(&self) -> Result<(), LedgerError> {
        let known = self.0.seen.load(Ordering::SeqCst);
        // Read before the rows, which so are as new as this at least.
        let revision = self.revision()?;
        let changed = {
            let connection = self.connection();
            let sql = format!("SELECT {COLUMNS} FROM grants WHERE revision > ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([known])?;
            let names = names(&connection)?;
            let mut changed = Vec::new();
            while let Some(row) = rows.next()? {
                changed.push((GrantId(row.get(0)?), record(row, &names)));
            }
            changed
        };
        for (id, record) in changed {
            let Some(grant) = self.live().get(&id).and_then(std::sync::Weak::upgrade) else { continue };
            match record {
                Ok(record) => grant.follow(&record),
                Err(error) => {
                    // It could say anything; the others are as good as before.
                    tracing::error!(%error, "a grant is taken for revoked");
                    grant.end(Ending::Revoked);
                }
            }
        }
        self.0.seen.fetch_max(revision, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn revision(&self) -> Result<i64, LedgerError> {
        let sql = "SELECT value FROM state WHERE name = 'revision'";
        Ok(self.connection().query_row(sql, [], |row| row.get(0))?)
    }
}

pub(super) fn get(connection: &Connection, id: GrantId) -> Result<Option<Record>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM grants WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let names = names(connection)?;
    // Two kinds of errors: the database's, and what is damaged in a row.
    statement.query_row([id.0], |row| Ok(record(row, &names))).optional()?.transpose()
}

fn record(row: &Row<'_>, names: &HashMap<String, String>) -> Result<Record, LedgerError> {
    let id = GrantId(row.get(0)?);
    let damaged = |what: &str| LedgerError::Damaged(id, what.to_owned());
    let json = |column: usize, what: &str| -> Result<serde_json::Value, LedgerError> {
        let text: String = row.get(column)?;
        serde_json::from_str(&text).map_err(|_| damaged(what))
    };
    let number = |column: usize| -> Result<u64, LedgerError> {
        let number: i64 = row.get(column)?;
        u64::try_from(number).map_err(|_| damaged("a negative number"))
    };
    let ended: Option<String> = row.get(8)?;
    let ended = match ended.as_deref() {
        None => None,
        Some("revoked") => Some(Ending::Revoked),
        Some("expired") => Some(Ending::Expired),
        Some("removed") => Some(Ending::Removed),
        Some(_) => return Err(damaged("its end")),
    };
    let last: Option<i64> = row.get(10)?;
    let mut target = serde_json::from_value(json(4, "its target")?).map_err(|_| damaged("its target"))?;
    if let Target::Agent { name, id: Some(id) } = &mut target {
        // The name that it had when it was granted may be another agent's by now.
        let now = names.get(id.key().as_str());
        *name = now.map(|now| now.split('/').map(str::to_owned).collect()).unwrap_or_default();
    }
    Ok(Record {
        id,
        parent: row.get::<_, Option<i64>>(1)?.map(GrantId),
        holder: Holder::stored(row.get(2)?, |key| names.get(key.as_str()).cloned()),
        slot: row.get(3)?,
        target,
        // A caveat that is not understood could be any: the grant is not to be used.
        caveats: serde_json::from_value(json(5, "its caveats")?).map_err(|_| damaged("its caveats"))?,
        giver: row.get(6)?,
        made: number(7)?,
        ended,
        used: Use { calls: number(9)?, last: last.and_then(|last| u64::try_from(last).ok()) },
    })
}
