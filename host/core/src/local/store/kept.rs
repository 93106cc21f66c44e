use std::fmt;

use powerbox_authority::grant::AgentKey;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::spaces::{AGENT, Result, Spaces};

/// For whom a plugin kept something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum For {
    /// The person.
    Person,
    /// An agent.
    Agent(AgentKey),
    /// An agent that an earlier version knew by this path: which agent that was cannot be told, so none has it.
    Path(String),
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Keys.
    pub keys: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// What a plugin keeps in one slot for one for whom it acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSpace {
    /// For whom.
    pub whom: For,
    /// The slot.
    pub slot: String,
    /// How much.
    pub amount: Amount,
}

/// The number of what was kept at one removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeptId(i64);

/// What a plugin kept that is not installed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptData {
    /// Its number.
    pub id: KeptId,
    /// The name of the plugin.
    pub name: String,
    /// The name of the key that had signed the plugin.
    pub signer: Option<String>,
    /// The plugin's version.
    pub version: Option<String>,
    /// When it was removed, in milliseconds since 1970.
    pub at: u64,
    /// What there is.
    pub spaces: Vec<KeptSpace>,
}

/// Whose data it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept<'a> {
    pub(crate) name: &'a str,
    pub(crate) signer: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl Amount {
    /// All of several.
    pub fn sum(spaces: &[KeptSpace]) -> Self {
        spaces.iter().fold(Self::default(), |sum, space| Self {
            keys: sum.keys.saturating_add(space.amount.keys),
            bytes: sum.bytes.saturating_add(space.amount.bytes),
        })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        write!(f, "{} ({})", count(self.keys, "key"), count(self.bytes, "byte"))
    }
}

impl Spaces {
    /// What an installed plugin keeps.
    pub(crate) fn kept_by(&self, plugin: &str) -> Result<Vec<KeptSpace>> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        self.read(|connection| spaces(connection, plugin))
    }

    /// Puts what a plugin keeps aside, for when it comes back. Gives nothing if it keeps nothing.
    pub(crate) fn put_aside(&self, whose: Kept<'_>, now: u64) -> Result<Option<KeptId>> {
        if !self.exists() {
            return Ok(None);
        }
        self.change(|tx| put_aside(tx, whose, now))
    }

    /// What was put aside of plugins of a name, the latest first.
    pub(crate) fn kept_of(&self, name: &str) -> Result<Vec<KeptData>> {
        if !self.exists() {
            return Ok(Vec::new());
        }
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, signer, version, at FROM kept WHERE name = ?1 ORDER BY id DESC",
            )?;
            let mut rows = statement.query([name])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let id = KeptId(row.get(0)?);
                let at: i64 = row.get(3)?;
                all.push(KeptData {
                    id,
                    name: name.to_owned(),
                    signer: row.get(1)?,
                    version: row.get(2)?,
                    at: u64::try_from(at).unwrap_or_default(),
                    spaces: spaces(connection, &id.place())?,
                });
            }
            Ok(all)
        })
    }

    /// Gives a plugin that was just installed what was put aside. What it has already, of an installation of which
    /// nothing is on record, is put aside in turn. Doing it twice is doing it once.
    pub(crate) fn begin_with(&self, name: &str, digest: &str, kept: Option<KeptId>, now: u64) -> Result<()> {
        if !self.exists() {
            return Ok(());
        }
        self.change(|tx| {
            let whose = match kept {
                Some(id) => {
                    let sql = "SELECT version, digest FROM kept WHERE id = ?1 AND name = ?2";
                    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                    let found: Option<(Option<String>, Option<String>)> =
                        tx.query_row(sql, params![id.0, name], read).optional()?;
                    // It was taken up already.
                    let Some(found) = found else { return Ok(()) };
                    Some((id, found))
                }
                None => None,
            };
            put_aside(tx, Kept { name, ..Kept::default() }, now)?;
            let Some((id, (version, old_digest))) = whose else { return Ok(()) };
            let same = old_digest.as_deref() == Some(digest);
            // Another version finds it in the form of the one that kept it.
            tx.execute(
                "UPDATE space SET plugin = ?1, behind = CASE WHEN ?3 THEN behind ELSE coalesce(behind, ?4) END
                 WHERE plugin = ?2",
                params![name, id.place(), same, version.unwrap_or_default()],
            )?;
            tx.execute("DELETE FROM kept WHERE id = ?1", [id.0])?;
            Ok(())
        })
    }

    /// Deletes what was put aside.
    pub(crate) fn forget_kept(&self, id: KeptId) -> Result<()> {
        self.change(|tx| {
            tx.execute("DELETE FROM space WHERE plugin = ?1", [id.place()])?;
            tx.execute("DELETE FROM kept WHERE id = ?1", [id.0])?;
            Ok(())
        })
    }
}

impl KeptId {
    /// What stands in place of a plugin. No plugin has such a name.
    fn place(self) -> String {
        format!("@kept {}", self.0)
    }
}

fn put_aside(tx: &Transaction<'_>, whose: Kept<'_>, now: u64) -> Result<Option<KeptId>> {
    // Drafts and empty spaces are nothing to come back to.
    tx.execute("DELETE FROM space WHERE plugin = ?1 AND (draft = 1 OR keys = 0)", [whose.name])?;
    let sql = "SELECT EXISTS (SELECT 1 FROM space WHERE plugin = ?1)";
    if !tx.query_row(sql, [whose.name], |row| row.get(0))? {
        return Ok(None);
    }
    tx.execute(
        "INSERT INTO kept (name, signer, version, digest, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            whose.name,
            whose.signer,
            whose.version,
            whose.digest,
            i64::try_from(now).unwrap_or(i64::MAX)
        ],
    )?;
    let id = KeptId(tx.last_insert_rowid());
    tx.execute("UPDATE space SET plugin = ?2 WHERE plugin = ?1", params![whose.name, id.place()])?;
    Ok(Some(id))
}

fn spaces(connection: &Connection, plugin: &str) -> Result<Vec<KeptSpace>> {
    let mut statement = connection.prepare_cached(
        "SELECT agent, slot, keys, bytes FROM space WHERE plugin = ?1 AND draft = 0 AND keys > 0 ORDER BY agent, slot",
    )?;
    let spaces = statement.query_map([plugin], |row| {
        let agent: String = row.get(0)?;
        let whom = match agent.strip_prefix(AGENT).and_then(AgentKey::stored) {
            Some(key) => For::Agent(key),
            None if agent.is_empty() => For::Person,
            None => For::Path(agent.strip_prefix("path ").unwrap_or(&agent).to_owned()),
        };
        let (keys, bytes): (i64, i64) = (row.get(2)?, row.get(3)?);
        let amount = Amount { keys: keys.unsigned_abs(), bytes: bytes.unsigned_abs() };
        Ok(KeptSpace { whom, slot: row.get(1)?, amount })
    })?;
    Ok(spaces.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::super::{Change, Owner};
    use super::*;

    fn keep(spaces: &Spaces, agent: Option<&AgentKey>, value: &str) {
        let owner = Owner { plugin: "a".into(), agent: agent.cloned(), slot: "s".into() };
        let space = spaces.of(&owner).unwrap();
        let change = Change { key: "k".into(), value: Some(value.as_bytes().to_vec()) };
        spaces.apply(space, 1 << 20, None, &[change]).unwrap();
    }

    fn value(spaces: &Spaces, agent: Option<&AgentKey>) -> Option<Vec<u8>> {
        let owner = Owner { plugin: "a".into(), agent: agent.cloned(), slot: "s".into() };
        spaces.get(spaces.of(&owner).unwrap(), "k").unwrap()
    }

    const OF_ANNA: Kept<'_> =
        Kept { name: "a", signer: Some("anna"), version: Some("1"), digest: Some("00") };

    #[test]
    fn what_is_put_aside_is_nobodys_until_it_is_taken_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        let scout = AgentKey::stored(&"a".repeat(32)).unwrap();
        assert_eq!(spaces.put_aside(OF_ANNA, 1).unwrap(), None);
        keep(&spaces, None, "mine");
        keep(&spaces, Some(&scout), "theirs");
        let id = spaces.put_aside(OF_ANNA, 1).unwrap().unwrap();
        assert_eq!(value(&spaces, None), None);
        let kept = spaces.kept_of("a").unwrap();
        assert_eq!((kept.len(), kept[0].signer.as_deref(), kept[0].id), (1, Some("anna"), id));
        let whom: Vec<_> = kept[0].spaces.iter().map(|space| space.whom.clone()).collect();
        assert_eq!(whom, [For::Person, For::Agent(scout.clone())]);
        assert_eq!(Amount::sum(&kept[0].spaces), Amount { keys: 2, bytes: 12 });
        spaces.begin_with("a", "00", Some(id), 2).unwrap();
        // The second time it is there already.
        spaces.begin_with("a", "00", Some(id), 2).unwrap();
        assert_eq!(value(&spaces, None).as_deref(), Some(&b"mine"[..]));
        assert_eq!(value(&spaces, Some(&scout)).as_deref(), Some(&b"theirs"[..]));
        assert_eq!(spaces.kept_of("a").unwrap(), []);
        let owners = spaces.owners("a").unwrap();
        assert!(owners.iter().all(|(_, behind)| behind.is_none()), "it is the same version");
    }

    #[test]
    fn another_version_finds_it_in_the_form_of_the_one_that_kept_it() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        keep(&spaces, None, "mine");
        let id = spaces.put_aside(OF_ANNA, 1).unwrap();
        spaces.begin_with("a", "01", id, 2).unwrap();
        assert_eq!(spaces.owners("a").unwrap()[0].1.as_deref(), Some("1"));
    }

    #[test]
    fn what_an_installation_left_that_is_not_on_record_is_put_aside_and_not_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        keep(&spaces, None, "old");
        spaces.begin_with("a", "00", None, 1).unwrap();
        assert_eq!(value(&spaces, None), None);
        let left = spaces.kept_of("a").unwrap();
        assert_eq!((left.len(), left[0].signer.as_deref()), (1, None));
        spaces.forget_kept(left[0].id).unwrap();
        assert_eq!(spaces.kept_of("a").unwrap(), []);
    }

    #[test]
    fn what_an_earlier_version_kept_for_an_agent_by_path_goes_to_no_agent() {
        let folder = tempfile::tempdir().unwrap();
        let spaces = Spaces::new(folder.path());
        keep(&spaces, None, "mine");
        let connection = Connection::open(folder.path().join("store.sqlite")).unwrap();
        connection
            .execute_batch(
                "INSERT INTO space (plugin, agent, slot, keys, bytes) VALUES ('a', 'scout', 's', 1, 5);
                 INSERT INTO entry SELECT id, x'6b', x'74' FROM space WHERE agent = 'scout';
                 DROP TABLE kept; ALTER TABLE space DROP COLUMN behind; PRAGMA user_version = 1;",
            )
            .unwrap();
        let spaces = Spaces::new(folder.path());
        assert_eq!(value(&spaces, None).as_deref(), Some(&b"mine"[..]));
        let scout = AgentKey::stored(&"a".repeat(32)).unwrap();
        assert_eq!(value(&spaces, Some(&scout)), None);
        assert_eq!(spaces.owners("a").unwrap().len(), 1);
        // It is still there for the person to see.
        let whom: Vec<_> = spaces.kept_by("a").unwrap().into_iter().map(|space| space.whom).collect();
        assert_eq!(whom, [For::Person, For::Path("scout".into())]);
    }
}
