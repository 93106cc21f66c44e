use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use powerbox_authority::grant::AgentKey;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::Owner;

/// The longest key, and the largest value, in bytes. A value crosses into a compartment byte by byte, each of which takes
/// many times its size on the way.
pub(super) const LONGEST_KEY: usize = 512;
pub(super) const LARGEST_VALUE: usize = 128 << 10;
/// The most keys of one space.
pub(super) const MOST_KEYS: u64 = 100_000;
/// The most changes of one call.
pub(super) const MOST_CHANGES: usize = 10_000;
/// The most keys of one answer, and about the most bytes of them.
const PAGE: usize = 1_000;
const PAGE_BYTES: usize = 256 << 10;

/// How long a process waits for another to finish its change.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon it is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// Marks the file as ours: the bytes of `pbst`.
const APPLICATION_ID: i64 = 0x7062_7374;

const TABLES: &str = "
    -- A draft is a copy that a migration works on; done_for is the digest of the version that it was made for, once it
    -- is whole.
    CREATE TABLE space (
        id INTEGER PRIMARY KEY,
        plugin TEXT NOT NULL,
        agent TEXT NOT NULL,
        slot TEXT NOT NULL,
        draft INTEGER NOT NULL DEFAULT 0,
        done_for TEXT,
        keys INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        UNIQUE (plugin, agent, slot, draft)
    ) STRICT;
    CREATE TABLE entry (
        space INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
        key BLOB NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
";

/// What made a database of version 1 one of version 2.
const SECOND: &str = "
    -- The version whose form a space is in, if its plugin has gone on to another without bringing it along.
    ALTER TABLE space ADD COLUMN behind TEXT;

    -- What plugins kept that are not installed any more. Its spaces have '@kept ID' in place of a plugin.
    CREATE TABLE kept (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        signer TEXT,
        version TEXT,
        digest TEXT,
        at INTEGER NOT NULL
    ) STRICT;

    -- Until here agents were known by path. Which agent had the path is nowhere on record, so that no agent gets what
    -- was kept for it; it stays where only the person sees it.
    UPDATE space SET agent = 'path ' || agent WHERE agent <> '';
";

/// The version of the database.
const VERSION: i64 = 2;

/// One change of a space: a key, and its new value, or none to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Option<Vec<u8>>,
}

/// A space cannot be read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// Something is too large, or there is too much of it.
    #[error("{0}")]
    Limit(String),
    /// The file is another program's, or of another version.
    #[error("{} is not a store of this version of powerbox; move it away to start anew", .0.display())]
    Foreign(PathBuf),
    /// The file cannot be used.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The database.
    #[error("the plugins' store cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
}

/// The spaces of all plugins, in one database that several processes of one user share. What a call that succeeded
/// wrote is on disk.
#[derive(Clone)]
pub struct Spaces(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// Opened when a plugin first uses its store.
    connection: Mutex<Option<Connection>>,
}

/// What stands before the key of an agent for whom a space is.
pub(super) const AGENT: &str = "#";

fn agent_column(agent: Option<&AgentKey>) -> String {
    agent.map(|key| format!("{AGENT}{key}")).unwrap_or_default()
}

/// A space in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpaceId(i64);

pub(super) type Result<T> = std::result::Result<T, SpaceError>;

impl Spaces {
    /// The spaces in a state folder. Opens nothing yet.
    pub fn new(state: &Path) -> Self {
        Self(Arc::new(Inner { path: state.join("store.sqlite"), connection: Mutex::default() }))
    }

    /// Gives the space of an owner, empty if there was none.
    pub(crate) fn of(&self, owner: &Owner) -> Result<SpaceId> {
        self.change(|tx| {
            let agent = agent_column(owner.agent.as_ref());
            tx.execute(
                "INSERT INTO space (plugin, agent, slot) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![owner.plugin, agent, owner.slot],
            )?;
            Ok(SpaceId(tx.query_row(
                "SELECT id FROM space WHERE plugin = ?1 AND agent = ?2 AND slot = ?3 AND draft = 0",
                params![owner.plugin, agent, owner.slot],
                |row| row.get(0),
            )?))
        })
    }

    /// Gives the value of a key.
    pub(crate) fn get(&self, space: SpaceId, key: &str) -> Result<Option<Vec<u8>>> {
        self.read(|connection| Ok(value(connection, space, key)?))
    }

    /// Lists the keys with a prefix after one of them, sorted by bytes, as many as fit into one answer.
    pub(crate) fn keys(&self, space: SpaceId, prefix: &str, after: Option<&str>) -> Result<Vec<String>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key FROM entry WHERE space = ?1 AND key >= ?2 AND (?3 IS NULL OR key > ?3) ORDER BY key LIMIT ?4",
            )?;
            let after = after.map(str::as_bytes);
            let mut rows =
                statement.query(params![space.0, prefix.as_bytes(), after, i64::try_from(PAGE).unwrap_or(1)])?;
            let (mut keys, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let key: Vec<u8> = row.get(0)?;
                bytes += key.len();
                if !key.starts_with(prefix.as_bytes()) || bytes > PAGE_BYTES {
                    break;
                }
                keys.push(String::from_utf8_lossy(&key).into_owned());
            }
            Ok(keys)
        })
    }

    /// Makes changes, all or none, if a key holds what is expected. Tells whether it did, and for each change whether
    /// its key was there.
    pub(crate) fn apply(
        &self,
        space: SpaceId,
        most_bytes: u64,
        expected: Option<(&str, Option<&[u8]>)>,
        changes: &[Change],
    ) -> Result<Option<Vec<bool>>> {
        if changes.len() > MOST_CHANGES {
            return Err(SpaceError::Limit(format!("one call makes at most {MOST_CHANGES} changes")));
        }
        for change in changes {
            check_key(&change.key)?;
            if change.value.as_ref().is_some_and(|value| value.len() > LARGEST_VALUE) {
                return Err(SpaceError::Limit(format!("a value has at most {LARGEST_VALUE} bytes")));
            }
        }
        self.change(|tx| {
            if let Some((key, expected)) = expected
                && value(tx, space, key)?.as_deref() != expected
            {
                return Ok(None);
            }
            let mut there = Vec::with_capacity(changes.len());
            for change in changes {
                there.push(put(tx, space, change)?);
            }
            let (keys, bytes): (i64, i64) =
                tx.query_row("SELECT keys, bytes FROM space WHERE id = ?1", [space.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            // What is too full already can still be made less full.
            let grows = changes.iter().any(|change| change.value.is_some());
            if grows && keys.unsigned_abs() > MOST_KEYS {
                return Err(SpaceError::Limit(format!("a store has at most {MOST_KEYS} keys")));
            }
            if grows && bytes.unsigned_abs() > most_bytes {
                return Err(SpaceError::Limit(format!(
                    "the store is full: it has at most {} MiB",
                    most_bytes >> 20
                )));
            }
            Ok(Some(there))
        })
    }

    /// Forgets all that a plugin has, for whomever it acted.
    pub(crate) fn forget(&self, plugin: &str) -> Result<()> {
        if !self.0.path.exists() {
            return Ok(());
        }
        self.change(|tx| {
            tx.execute("DELETE FROM space WHERE plugin = ?1", [plugin])?;
            Ok(())
        })
    }

    /// Whose spaces of a plugin there are, with something in them, and the version whose form each is in if that is not
    /// the one that runs. Those of agents that an earlier version knew by path are nobody's.
    pub(crate) fn owners(&self, plugin: &str) -> Result<Vec<(Owner, Option<String>)>> {
        if !self.0.path.exists() {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT agent, slot, behind FROM space WHERE plugin = ?1 AND draft = 0 AND keys > 0 ORDER BY agent, slot",
            )?;
            let mut rows = statement.query([plugin])?;
            let mut owners = Vec::new();
            while let Some(row) = rows.next()? {
                let agent: String = row.get(0)?;
                let agent = match agent.strip_prefix(AGENT).map(AgentKey::stored) {
                    None if agent.is_empty() => None,
                    Some(Some(key)) => Some(key),
                    _ => continue,
                };
                owners.push((Owner { plugin: plugin.to_owned(), agent, slot: row.get(1)? }, row.get(2)?));
            }
            Ok(owners)
        })
    }

    /// Makes a copy of an owner's space for a migration to work on, in place of one that was left behind. `behind` is
    /// the version whose form it stays in, if it is not to be migrated; one that is older already stays noted.
    pub(crate) fn draft(&self, owner: &Owner, behind: Option<&str>) -> Result<SpaceId> {
        let live = self.of(owner)?;
        self.change(|tx| {
            tx.execute(
                "DELETE FROM space WHERE draft = 1 AND (plugin, agent, slot) = (SELECT plugin, agent, slot FROM space WHERE id = ?1)",
                [live.0],
            )?;
            tx.execute(
                "INSERT INTO space (plugin, agent, slot, draft, keys, bytes, behind)
                 SELECT plugin, agent, slot, 1, keys, bytes, CASE WHEN ?2 IS NULL THEN NULL ELSE coalesce(behind, ?2) END
                 FROM space WHERE id = ?1",
                params![live.0, behind],
            )?;
            let draft = tx.last_insert_rowid();
            tx.execute(
                "INSERT INTO entry (space, key, value) SELECT ?2, key, value FROM entry WHERE space = ?1",
                [live.0, draft],
            )?;
            Ok(SpaceId(draft))
        })
    }

    /// Says that all drafts of a plugin are whole, and for which version: when that one is current they take the place
    /// of what they are copies of.
    pub(crate) fn drafts_done(&self, plugin: &str, digest: &str) -> Result<()> {
        self.change(|tx| {
            tx.execute("UPDATE space SET done_for = ?2 WHERE plugin = ?1 AND draft = 1", [plugin, digest])?;
            Ok(())
        })
    }

    /// Throws away the drafts of a plugin: its migration did not come to its end.
    pub(crate) fn drop_drafts(&self, plugin: &str) -> Result<()> {
        self.change(|tx| {
            tx.execute("DELETE FROM space WHERE plugin = ?1 AND draft = 1", [plugin])?;
            Ok(())
        })
    }

    /// Puts the drafts of a plugin in place if they were made for the version that is current, and throws them away
    /// else: a migration may have been broken off at any point.
    pub(crate) fn settle(&self, plugin: &str, current: &str) -> Result<()> {
        if !self.0.path.exists() {
            return Ok(());
        }
        let drafts = self.read(|connection| {
            let drafts = connection
                .prepare_cached("SELECT 1 FROM space WHERE plugin = ?1 AND draft = 1")?
                .query_row([plugin], |_| Ok(()))
                .optional()?;
            Ok(drafts.is_some())
        })?;
        if !drafts {
            return Ok(());
        }
        self.change(|tx| {
            tx.execute(
                "DELETE FROM space WHERE plugin = ?1 AND draft = 1 AND done_for IS NOT ?2",
                [plugin, current],
            )?;
            tx.execute(
                "DELETE FROM space WHERE plugin = ?1 AND draft = 0 AND EXISTS (SELECT 1 FROM space AS d
                 WHERE d.plugin = space.plugin AND d.agent = space.agent AND d.slot = space.slot AND d.draft = 1)",
                [plugin],
            )?;
            tx.execute("UPDATE space SET draft = 0, done_for = NULL WHERE plugin = ?1 AND draft = 1", [plugin])?;
            Ok(())
        })
    }

    pub(super) fn exists(&self) -> bool {
        self.0.path.exists()
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.with(|connection| read(connection))
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        self.with(|connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = change(&tx)?;
            tx.commit()?;
            Ok(changed)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let mut connection = self.0.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &mut *connection {
            Some(connection) => connection,
            none => none.insert(open(&self.0.path)?),
        };
        work(connection)
    }
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(SpaceError::Limit(format!("a key has 1 to {LONGEST_KEY} bytes")));
    }
    Ok(())
}

fn value(connection: &Connection, space: SpaceId, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM entry WHERE space = ?1 AND key = ?2")?;
    statement.query_row(params![space.0, key.as_bytes()], |row| row.get(0)).optional()
}

/// Makes one change, and keeps the space's sums. Tells whether the key was there.
fn put(tx: &Transaction<'_>, space: SpaceId, change: &Change) -> rusqlite::Result<bool> {
    let key = change.key.as_bytes();
    let old: Option<i64> = tx
        .prepare_cached("SELECT length(value) FROM entry WHERE space = ?1 AND key = ?2")?
        .query_row(params![space.0, key], |row| row.get(0))
        .optional()?;
    let key_bytes = i64::try_from(key.len()).unwrap_or(i64::MAX);
    let size = |value: i64| value.saturating_add(key_bytes);
    let new = match &change.value {
        Some(value) => {
            tx.prepare_cached("INSERT OR REPLACE INTO entry (space, key, value) VALUES (?1, ?2, ?3)")?
                .execute(params![space.0, key, value])?;
            Some(i64::try_from(value.len()).unwrap_or(i64::MAX))
        }
        None => {
            tx.prepare_cached("DELETE FROM entry WHERE space = ?1 AND key = ?2")?
                .execute(params![space.0, key])?;
            None
        }
    };
    let keys = i64::from(new.is_some()) - i64::from(old.is_some());
    let bytes = new.map_or(0, size) - old.map_or(0, size);
    tx.prepare_cached("UPDATE space SET keys = keys + ?2, bytes = bytes + ?3 WHERE id = ?1")?
        .execute(params![space.0, keys, bytes])?;
    Ok(old.is_some())
}

/// Opens the database. A process that sets the log up at the same moment is waited for: SQLite itself does not wait then.
fn open(path: &Path) -> Result<Connection> {
    let end = Instant::now() + PATIENCE;
    loop {
        match open_once(path) {
            Err(SpaceError::Database(error)) if is_busy(&error) && Instant::now() < end => {
                thread::sleep(AGAIN)
            }
            opened => return opened,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn open_once(path: &Path) -> Result<Connection> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    file.map_err(|error| SpaceError::File { path: path.to_owned(), error })?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    let number = |connection: &Connection, name| connection.pragma_query_value(None, name, |row| row.get(0));
    let found = |connection: &Connection| -> Result<i64> {
        let about: (i64, i64) = (number(connection, "application_id")?, number(connection, "user_version")?);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        match about {
            (APPLICATION_ID, version @ 1..=VERSION) => Ok(version),
            (0, 0) if tables == 0 => Ok(0),
            _ => Err(SpaceError::Foreign(path.to_owned())),
        }
    };
    let version = found(&connection).map_err(|error| match error {
        SpaceError::Database(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
        {
            SpaceError::Foreign(path.to_owned())
        }
        error => error,
    })?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if version < VERSION {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been quicker.
        let version = found(&tx)?;
        if version < 1 {
            tx.execute_batch(TABLES)?;
        }
        if version < 2 {
            tx.execute_batch(SECOND)?;
        }
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", VERSION)?;
        tx.commit()?;
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(plugin: &str, agent: Option<&str>, slot: &str) -> Owner {
        Owner { plugin: plugin.into(), agent: agent.and_then(AgentKey::stored), slot: slot.into() }
    }

    fn set(spaces: &Spaces, space: SpaceId, key: &str, value: &[u8]) -> Result<()> {
        let change = Change { key: key.into(), value: Some(value.to_vec()) };
        spaces.apply(space, LARGEST_VALUE as u64, None, &[change]).map(drop)
    }

    #[test]
    fn each_slot_of_each_plugin_for_each_agent_is_a_space_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let mine = spaces.of(&owner("a", None, "store")).unwrap();
        set(&spaces, mine, "k", b"v").unwrap();
        // The control: it is there for its owner, after a restart too.
        let again = Spaces::new(folder.path());
        assert_eq!(again.of(&owner("a", None, "store")).unwrap(), mine);
        assert_eq!(again.get(mine, "k").unwrap().as_deref(), Some(&b"v"[..]));
        for other in
            [owner("b", None, "store"), owner("a", Some(&"a".repeat(32)), "store"), owner("a", None, "other")]
        {
            let space = spaces.of(&other).unwrap();
            assert_eq!(spaces.get(space, "k").unwrap(), None, "{other:?}");
            assert_eq!(spaces.keys(space, "", None).unwrap(), Vec::<String>::new());
        }
        spaces.forget("a").unwrap();
        let anew = spaces.of(&owner("a", None, "store")).unwrap();
        assert_eq!(spaces.get(anew, "k").unwrap(), None);
    }

    #[test]
    fn keys_are_listed_by_prefix_and_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let space = spaces.of(&owner("a", None, "s")).unwrap();
        let changes: Vec<_> =
            (0..1500).map(|n| Change { key: format!("n{n:04}"), value: Some(vec![]) }).collect();
        spaces.apply(space, 1 << 20, None, &changes).unwrap();
        set(&spaces, space, "a\0b", b"").unwrap();
        set(&spaces, space, "ö", b"").unwrap();
        let first = spaces.keys(space, "n", None).unwrap();
        assert_eq!((first.len(), first[0].as_str()), (1000, "n0000"));
        let second = spaces.keys(space, "n", first.last().map(String::as_str)).unwrap();
        assert_eq!((second.len(), second[0].as_str()), (500, "n1000"));
        assert_eq!(spaces.keys(space, "ö", None).unwrap(), ["ö"]);
        assert_eq!(spaces.keys(space, "a", None).unwrap(), ["a\0b"]);
    }

    #[test]
    fn what_is_too_much_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let space = spaces.of(&owner("a", None, "s")).unwrap();
        set(&spaces, space, &"k".repeat(LONGEST_KEY), &vec![0; LARGEST_VALUE - LONGEST_KEY]).unwrap();
        for (key, size) in
            [("", 0), (&*"k".repeat(LONGEST_KEY + 1), 0), ("v", LARGEST_VALUE + 1), ("full", 100)]
        {
            let refused = set(&spaces, space, key, &vec![0; size]);
            assert!(matches!(refused, Err(SpaceError::Limit(_))), "{key:?} {refused:?}");
        }
        assert_eq!(spaces.keys(space, "", None).unwrap().len(), 1);
        // All or none.
        let changes =
            [Change { key: "one".into(), value: Some(vec![1]) }, Change { key: String::new(), value: None }];
        assert!(spaces.apply(space, 1 << 20, None, &changes).is_err());
        assert_eq!(spaces.get(space, "one").unwrap(), None);
    }

    #[test]
    fn a_value_is_replaced_only_where_it_is_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let space = spaces.of(&owner("a", None, "s")).unwrap();
        let replace = |expected: Option<&[u8]>, value: &[u8]| {
            let change = Change { key: "k".into(), value: Some(value.to_vec()) };
            spaces.apply(space, 1 << 20, Some(("k", expected)), &[change]).unwrap().is_some()
        };
        assert!(!replace(Some(b"x"), b"1"));
        assert!(replace(None, b"1"));
        assert!(!replace(None, b"2"));
        assert!(replace(Some(b"1"), b"2"));
        assert_eq!(spaces.get(space, "k").unwrap().as_deref(), Some(&b"2"[..]));
    }

    #[test]
    fn a_draft_counts_only_when_its_version_is_current() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let mine = owner("a", None, "s");
        let space = spaces.of(&mine).unwrap();
        set(&spaces, space, "k", b"old").unwrap();
        let now = |spaces: &Spaces| spaces.get(spaces.of(&mine).unwrap(), "k").unwrap().unwrap();
        for (done, current, expected) in
            [(None, "2", "old"), (Some("2"), "1", "old"), (Some("2"), "2", "new")]
        {
            let draft = spaces.draft(&mine, None).unwrap();
            assert_eq!(spaces.get(draft, "k").unwrap().as_deref(), Some(&b"old"[..]));
            set(&spaces, draft, "k", b"new").unwrap();
            assert_eq!(now(&spaces), b"old");
            if let Some(digest) = done {
                spaces.drafts_done("a", digest).unwrap();
            }
            spaces.settle("a", current).unwrap();
            assert_eq!(now(&spaces), expected.as_bytes());
        }
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("store.sqlite"), "something else, and long enough to be looked at")
            .unwrap();
        let spaces = Spaces::new(folder.path());
        assert!(matches!(spaces.of(&owner("a", None, "s")), Err(SpaceError::Foreign(_))));
    }
}
