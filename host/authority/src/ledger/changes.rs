use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::reading::get;
use super::{Ledger, LedgerError};
use crate::caveat::Caveat;
use crate::grant::{Ending, GrantId, Holder, Record, Target};

/// A grant to be made.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Where it comes from.
    pub origin: Origin,
    /// Who shall hold it.
    pub holder: Holder,
    /// The slot that it fills, [`Record::DESIGNATION`], or the name of a reference.
    pub slot: String,
    /// What it shall not allow.
    pub caveats: Vec<Caveat>,
    /// Who gives it.
    pub giver: String,
}

/// Where a grant comes from. A child has no object of its own: it is to what its parent is to.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The person gives something of his own.
    Object(Target),
    /// It is a part of another grant.
    Child(GrantId),
    /// It is a part of another grant, which is to an agent with all that it has: to this.
    OfAgent(GrantId, Target),
}

/// A grant was not made or narrowed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The parent has ended.
    #[error("the grant {0} has ended, so nothing can come of it")]
    Ended(GrantId),
    /// It would allow what the parent does not.
    #[error("this would allow more than grant {parent} does: {what}")]
    Wider {
        /// The parent, or one of its parents.
        parent: GrantId,
        /// What is wider.
        what: String,
    },
    /// The parent is to something else than an agent.
    #[error("the grant {0} is not to an agent, so only what it is to can be granted from it")]
    NoAgent(GrantId),
    /// Grants of an agent were made by an earlier version, which knew agents by path, and whether they were this one's
    /// cannot be told.
    #[error(
        "an earlier version of powerbox kept grants for the agent `{0}` by its name alone; they have ended, because the name may be another agent's by now"
    )]
    Unproven(String),
    /// It would never allow anything.
    #[error("`{0}` is over already")]
    Over(Caveat),
    /// It would take the place of what it comes from.
    #[error(
        "grant {0} fills this slot, and what comes of it would end with it; choose another slot or holder"
    )]
    Replaces(GrantId),
    /// Nobody can count more.
    #[error("a grant can have {0} caveats at most")]
    TooMany(usize),
}

impl From<rusqlite::Error> for AddError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// The most caveats of one grant.
const MOST_CAVEATS: usize = 64;

impl Ledger {
    /// Makes a grant. One that fills the same slot of the same holder ends, in the same step.
    ///
    /// # Errors
    ///
    /// If it would widen its parent, or never allow anything, or cannot be written.
    pub fn add(&self, new: &NewGrant) -> Result<Record, AddError> {
        let now = self.clock().now();
        self.change(|transaction, revision| add_one(transaction, revision, now, new))
    }

    /// Makes several grants, all or none.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_all(&self, new: &[NewGrant]) -> Result<Vec<Record>, AddError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock().now();
        self.change(|transaction, revision| {
            new.iter().map(|new| add_one(transaction, revision, now, new)).collect()
        })
    }

    /// Makes those of several grants whose slots were never filled, or not since their holder was removed. Two processes
    /// that want the same at once make it once.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn add_first(&self, new: &[NewGrant]) -> Result<Vec<Record>, AddError> {
        let now = self.clock().now();
        self.change(|transaction, revision| {
            let mut made = Vec::new();
            for new in new {
                let ever: bool = transaction.query_row(
                    "SELECT EXISTS (SELECT 1 FROM grants WHERE holder = ?1 AND slot = ?2 AND ended IS NOT 'removed')",
                    params![new.holder.as_stored(), new.slot],
                    |row| row.get(0),
                )?;
                if !ever {
                    made.push(add_one(transaction, revision, now, new)?);
                }
            }
            Ok(made)
        })
    }

    /// Adds caveats to a grant.
    ///
    /// # Errors
    ///
    /// If the grant has ended, one of them is wider than what holds already, or they cannot be written.
    pub fn narrow(&self, id: GrantId, caveats: &[Caveat]) -> Result<Record, AddError> {
        let now = self.clock().now();
        self.change(|transaction, revision| {
            check(caveats, now)?;
            let mut record = parent_of(transaction, id, caveats, now)?;
            record.caveats.extend_from_slice(caveats);
            if record.caveats.len() > MOST_CAVEATS {
                return Err(AddError::TooMany(MOST_CAVEATS));
            }
            transaction.execute(
                "UPDATE grants SET caveats = ?2, revision = ?3 WHERE id = ?1",
                params![id.0, json(&record.caveats), revision],
            )?;
            Ok(record)
        })
    }

    /// Takes a grant back, with all that came of it. Gives those that ended now, the one that was named first.
    ///
    /// # Errors
    ///
    /// If there is none of this number, or it cannot be written.
    pub fn revoke(&self, id: GrantId) -> Result<Vec<GrantId>, LedgerError> {
        self.end(id, Ending::Revoked)
    }

    pub(super) fn end(&self, id: GrantId, ending: Ending) -> Result<Vec<GrantId>, LedgerError> {
        let now = self.clock().now();
        self.change(|transaction, revision| {
            // Not read as a record: one that is damaged must be possible to end.
            exists(transaction, id)?;
            Ok(end_subtree(transaction, id, ending, now, revision)?)
        })
    }

    /// Takes back all that holders have who are gone; who comes in their place starts anew.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn remove_holders(&self, holders: impl Fn(&Holder) -> bool) -> Result<Vec<GrantId>, LedgerError> {
        let held: Vec<_> = self.holders()?.into_iter().filter(|(_, holder)| holders(holder)).collect();
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock().now();
        self.change(|transaction, revision| {
            let mut ended = Vec::new();
            for (id, _) in held {
                ended.extend(end_subtree(transaction, id, Ending::Removed, now, revision)?);
                // What ended before is forgotten, too: it says nothing about who comes next.
                let sql = "UPDATE grants SET ended = 'removed' WHERE id = ?1";
                transaction.execute(sql, [id.0])?;
            }
            Ok(ended)
        })
    }

    /// Allows one call that a `confirm` caveat asks for, by its digest, within the next ten minutes.
    ///
    /// # Errors
    ///
    /// If there is no such grant, or it cannot be written.
    pub fn approve(&self, id: GrantId, digest: &str) -> Result<(), LedgerError> {
        /// How long the person's word holds.
        const HOLDS: u64 = 10 * 60 * 1000;
        let until = self.clock().now().saturating_add(HOLDS);
        self.change(|transaction, _| {
            exists(transaction, id)?;
            transaction.execute(
                "INSERT OR REPLACE INTO approval VALUES (?1, ?2, ?3)",
                params![id.0, digest, sql_time(until)],
            )?;
            Ok(())
        })
    }

    /// Makes a change, makes it known to other processes, and takes it over in this one.
    fn change<T, E: From<LedgerError>>(
        &self,
        change: impl FnOnce(&Transaction<'_>, i64) -> Result<T, E>,
    ) -> Result<T, E> {
        let database = |error: rusqlite::Error| E::from(LedgerError::from(error));
        let changed = {
            let mut connection = self.connection();
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
            let sql = "UPDATE state SET value = value + 1 WHERE name = 'revision' RETURNING value";
            let revision = transaction.query_row(sql, [], |row| row.get(0)).map_err(database)?;
            let changed = change(&transaction, revision)?;
            // No other process is at this place: the transaction locks them out.
            self.0.generation.write(revision)?;
            transaction.commit().map_err(database)?;
            changed
        };
        if let Err(error) = self.0.generation.wake() {
            tracing::warn!(%error, "calls that wait in other processes may go on waiting");
        }
        // It is done. If this cannot be read back now, no call is let through until it can be.
        if let Err(error) = self.follow() {
            tracing::error!(%error, "a change of the ledger is not taken over yet");
        }
        Ok(changed)
    }
}

fn add_one(
    transaction: &Transaction<'_>,
    revision: i64,
    now: u64,
    new: &NewGrant,
) -> Result<Record, AddError> {
    check(&new.caveats, now)?;
    let (parent, target) = match &new.origin {
        Origin::Object(target) => (None, target.clone()),
        Origin::Child(parent) => (Some(*parent), parent_of(transaction, *parent, &new.caveats, now)?.target),
        Origin::OfAgent(parent, target) => {
            let record = parent_of(transaction, *parent, &new.caveats, now)?;
            if !matches!(record.target, Target::Agent { .. }) {
                return Err(AddError::NoAgent(*parent));
            }
            (Some(*parent), target.clone())
        }
    };
    let sql = "SELECT id FROM grants WHERE holder = ?1 AND slot = ?2 AND ended IS NULL";
    let before: Option<i64> =
        transaction.query_row(sql, params![new.holder.as_stored(), new.slot], |row| row.get(0)).optional()?;
    if let Some(before) = before.map(GrantId) {
        let ended = end_subtree(transaction, before, Ending::Revoked, now, revision)?;
        if parent.is_some_and(|parent| ended.contains(&parent)) {
            return Err(AddError::Replaces(before));
        }
    }
    transaction.execute(
        "INSERT INTO grants (parent, holder, slot, target, caveats, giver, made, revision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            parent.map(|parent| parent.0),
            new.holder.as_stored(),
            new.slot,
            json(&target),
            json(&new.caveats),
            new.giver,
            sql_time(now),
            revision,
        ],
    )?;
    let id = GrantId(transaction.last_insert_rowid());
    get(transaction, id)?.ok_or(AddError::Ledger(LedgerError::Unknown(id)))
}

fn exists(transaction: &Transaction<'_>, id: GrantId) -> Result<(), LedgerError> {
    let found =
        transaction.query_row("SELECT true FROM grants WHERE id = ?1", [id.0], |_| Ok(())).optional()?;
    found.ok_or(LedgerError::Unknown(id))
}

/// Reads the grant that something shall come of, and refuses what is wider than it or any it came from.
fn parent_of(
    transaction: &Transaction<'_>,
    id: GrantId,
    caveats: &[Caveat],
    now: u64,
) -> Result<Record, AddError> {
    let mut link = Some(id);
    let mut parent = None;
    while let Some(id) = link {
        let record = get(transaction, id)?.ok_or(LedgerError::Unknown(id))?;
        if record.ended.is_some() || over(&record.caveats, now).is_some() {
            return Err(AddError::Ended(id));
        }
        for caveat in caveats {
            caveat.within(&record.caveats).map_err(|what| AddError::Wider { parent: id, what })?;
        }
        link = record.parent;
        parent.get_or_insert(record);
    }
    parent.ok_or(AddError::Ledger(LedgerError::Unknown(id)))
}

fn check(caveats: &[Caveat], now: u64) -> Result<(), AddError> {
    if caveats.len() > MOST_CAVEATS {
        return Err(AddError::TooMany(MOST_CAVEATS));
    }
    over(caveats, now).map_or(Ok(()), |over| Err(AddError::Over(over.clone())))
}

/// The caveat by which a grant has expired.
fn over(caveats: &[Caveat], now: u64) -> Option<&Caveat> {
    caveats.iter().find(|caveat| matches!(caveat, Caveat::Expires(expiry) if expiry.is_over(now)))
}

fn end_subtree(
    transaction: &Transaction<'_>,
    id: GrantId,
    ending: Ending,
    now: u64,
    revision: i64,
) -> rusqlite::Result<Vec<GrantId>> {
    let word = match ending {
        Ending::Revoked => "revoked",
        Ending::Expired => "expired",
        Ending::Removed => "removed",
    };
    let mut statement = transaction.prepare_cached(
        "WITH RECURSIVE subtree (id) AS (
             SELECT ?1 UNION SELECT grants.id FROM grants JOIN subtree ON grants.parent = subtree.id
         )
         UPDATE grants SET ended = ?2, ended_at = ?3, revision = ?4
         WHERE ended IS NULL AND id IN (SELECT id FROM subtree)
         RETURNING id",
    )?;
    let ended =
        statement.query_map(params![id.0, word, sql_time(now), revision], |row| row.get(0).map(GrantId))?;
    let mut ended = ended.collect::<rusqlite::Result<Vec<_>>>()?;
    ended.sort_by_key(|ended| (*ended != id, *ended));
    Ok(ended)
}

fn json(value: &impl serde::Serialize) -> String {
    // These types are plain data with texts as keys, which always is JSON.
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn sql_time(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
