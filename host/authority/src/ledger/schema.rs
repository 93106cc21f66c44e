//! The tables, and how older ones become them.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::LedgerError;

/// Marks the file as ours: the bytes of `pbgr`.
const APPLICATION_ID: i64 = 0x7062_6772;

/// How long a process waits for another to finish its change.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon it is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// One step for each version; a database at version n has had the first n.
const STEPS: &[&str] = &["
    -- Times are milliseconds since 1970. revision numbers changes, so that other processes read only what is new.
    CREATE TABLE grants (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        parent INTEGER REFERENCES grants (id),
        holder TEXT NOT NULL,
        slot TEXT NOT NULL,
        target TEXT NOT NULL,
        caveats TEXT NOT NULL,
        giver TEXT NOT NULL,
        made INTEGER NOT NULL,
        ended TEXT,
        ended_at INTEGER,
        revision INTEGER NOT NULL,
        calls INTEGER NOT NULL DEFAULT 0,
        last_call INTEGER
    ) STRICT;
    -- One holder has one live grant for a slot.
    CREATE UNIQUE INDEX grants_live ON grants (holder, slot) WHERE ended IS NULL;
    CREATE INDEX grants_parent ON grants (parent);
    CREATE INDEX grants_revision ON grants (revision);

    -- What each counting caveat has let through, by the caveat's place in its grant.
    CREATE TABLE meter (
        grant_id INTEGER NOT NULL REFERENCES grants (id),
        place INTEGER NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (grant_id, place)
    ) STRICT, WITHOUT ROWID;

    -- Calls that the person allowed beforehand, by their digest, once each.
    CREATE TABLE approval (
        grant_id INTEGER NOT NULL REFERENCES grants (id),
        digest TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (grant_id, digest)
    ) STRICT, WITHOUT ROWID;

    -- The latest time that was told, and the number of the latest change.
    CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO state VALUES ('time', 0), ('revision', 0);
", "
    -- Agents by the digest of their identifier, which is what holders are kept by, with what they are called now.
    CREATE TABLE agent (
        key TEXT PRIMARY KEY,
        id TEXT NOT NULL,
        name TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX agent_name ON agent (name) WHERE name IS NOT NULL;

    -- The sections of the configuration that were written about an agent, by the paths that they name.
    CREATE TABLE agent_section (
        path TEXT NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (path, key)
    ) STRICT, WITHOUT ROWID;

    -- Until here agents were known by path. Which agent had a path when its grant was made is nowhere on record, so the
    -- one that has it now may be another: these grants end, with all that came of them, and the person gives anew.
    UPDATE state SET value = value + 1
        WHERE name = 'revision' AND EXISTS (SELECT 1 FROM grants WHERE holder LIKE 'agent %');
    WITH RECURSIVE subtree (id) AS (
        SELECT id FROM grants WHERE holder LIKE 'agent %'
        UNION SELECT grants.id FROM grants JOIN subtree ON grants.parent = subtree.id
    )
    UPDATE grants SET
        ended = 'removed',
        ended_at = (SELECT value FROM state WHERE name = 'time'),
        revision = (SELECT value FROM state WHERE name = 'revision')
    WHERE ended IS NULL AND id IN (SELECT id FROM subtree);
"];

/// Opens the database, making or converting it as needed.
///
/// A process that sets the log up at the same moment is waited for: SQLite itself does not wait then.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match open_once(path) {
            Err(LedgerError::Database(error)) if is_busy(&error) && Instant::now() < end => {
                thread::sleep(AGAIN)
            }
            opened => return opened,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn open_once(path: &Path) -> Result<Connection, LedgerError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    file.map_err(|error| LedgerError::File { path: path.to_owned(), error })?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    // Looked at before anything is set: setting is writing, and the file may be another program's.
    let found = version(&connection, path, known)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    if found == known {
        return Ok(connection);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    let found = version(&transaction, path, known)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(connection)
}

/// The version of the database, which is ours; 0 if it is new.
fn version(connection: &Connection, path: &Path, known: i64) -> Result<i64, LedgerError> {
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number("user_version")?, number("application_id")?, tables))
    };
    match read() {
        Ok((0, 0, 0)) => Ok(0),
        Ok((found, APPLICATION_ID, _)) if (1..=known).contains(&found) => Ok(found),
        Ok(_) => Err(LedgerError::Foreign(path.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(LedgerError::Foreign(path.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}
