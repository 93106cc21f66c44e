//! The tables, and how older ones become them.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Marks the file as ours: the bytes of `pbox`.
const APPLICATION_ID: i64 = 0x7062_6f78;

/// One step for each version; a database at version n has had the first n.
const STEPS: &[&str] = &["
    -- Key pairs of the daemon and its agents.
    CREATE TABLE node_key (
        role TEXT PRIMARY KEY,
        node TEXT NOT NULL UNIQUE,
        secret BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- How to make each value again. The body is JSON.
    CREATE TABLE formula (
        number TEXT PRIMARY KEY,
        node TEXT NOT NULL,
        type TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The formulas that a daemon starts with.
    CREATE TABLE root (
        role TEXT PRIMARY KEY,
        formula TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Names of directories and agents. seq is the order in which names were given; sort_key that in which they are
    -- listed.
    CREATE TABLE name (
        seq INTEGER PRIMARY KEY,
        directory TEXT NOT NULL,
        sort_key BLOB NOT NULL,
        name TEXT NOT NULL,
        formula TEXT NOT NULL,
        UNIQUE (directory, sort_key)
    ) STRICT;
    CREATE INDEX name_by_formula ON name (directory, formula, seq);
"];

/// Opens the database of a daemon, making or converting it as needed.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    // It holds the daemon's keys. SQLite gives the files beside it the same mode.
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    file.and_then(|file| file.sync_all()).map_err(|error| StoreError::file(path, error))?;
    if let Some(folder) = path.parent() {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::file(folder, error))?;
    }
    let mut connection = Connection::open(path)?;
    // Another process cannot hold the database, since the daemon's lock is held; a backup tool may, for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // With WAL, only FULL makes a commit wait until it is on disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    convert(&mut connection, path)?;
    Ok(connection)
}

fn convert(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = tables == 0 && found == 0 && application == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    let done = usize::try_from(found).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    if done < STEPS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_is_made_and_opens_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("daemon.sqlite");
        for _ in 0..2 {
            let connection = open(&path).expect("a database");
            let mode: String =
                connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("mode");
            let synchronous: i64 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("sync");
            assert_eq!((mode.as_str(), synchronous), ("wal", 2));
        }
    }

    #[test]
    fn a_later_version_and_a_foreign_database_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("daemon.sqlite");
        open(&path).expect("a database").pragma_update(None, "user_version", 99).expect("written");
        assert!(matches!(open(&path), Err(StoreError::TooNew { found: 99, .. })));

        let path = folder.path().join("foreign.sqlite");
        Connection::open(&path).expect("a database").execute_batch("CREATE TABLE x (y)").expect("written");
        assert!(matches!(open(&path), Err(StoreError::Foreign(_))));
    }
}
