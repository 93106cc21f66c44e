//! The names of directories, and what changes when they are written.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::tables::stored_id;
use super::{StoreError, Tables};
use crate::id::{FormulaId, FormulaNumber};
use crate::name::{PetName, sort_key};

/// One step of what happened to the names of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) directory: FormulaNumber,
    pub(crate) name: Arc<str>,
    /// What the name means now, or meant until now.
    pub(crate) id: FormulaId,
    pub(crate) kind: ChangeKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Removed,
}

/// Why a name was not written.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NameError {
    #[error("there is no name {0}")]
    Absent(String),
    #[error("a directory holds at most {0} names")]
    Full(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn absent(name: &PetName) -> NameError {
    NameError::Absent(name.as_str().to_owned())
}

impl From<rusqlite::Error> for NameError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Tables<'_> {
    /// Gives what a name stands for.
    pub(crate) fn named(
        self,
        directory: FormulaNumber,
        name: &PetName,
    ) -> Result<Option<FormulaId>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT formula FROM name WHERE directory = ?1 AND sort_key = ?2")?;
        let id: Option<String> = select
            .query_row(params![directory.to_string(), sort_key(name.as_str())], |row| row.get(0))
            .optional()?;
        id.map(|id| stored_id(&id)).transpose()
    }

    /// Gives all names, sorted, with what they stand for.
    pub(crate) fn names(self, directory: FormulaNumber) -> Result<Vec<(Arc<str>, FormulaId)>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT name, formula FROM name WHERE directory = ?1 ORDER BY sort_key")?;
        let mut rows = select.query([directory.to_string()])?;
        let mut names = Vec::new();
        while let Some(row) = rows.next()? {
            names.push((row.get(0)?, stored_id(&row.get::<_, String>(1)?)?));
        }
        Ok(names)
    }

    /// Gives the names of a formula, in the order in which they were given.
    pub(crate) fn names_of(self, directory: FormulaNumber, id: FormulaId) -> Result<Vec<String>, StoreError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT name FROM name WHERE directory = ?1 AND formula = ?2 ORDER BY seq")?;
        let names = select.query_map([directory.to_string(), id.to_string()], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Lets a name stand for a formula, whatever it stood for before.
    pub(crate) fn store_name(
        self,
        directory: FormulaNumber,
        name: &PetName,
        id: FormulaId,
        most: usize,
    ) -> Result<Vec<Change>, NameError> {
        let before = self.named(directory, name)?;
        if before == Some(id) {
            return Ok(Vec::new());
        }
        let mut changes = Vec::with_capacity(2);
        match before {
            Some(before) => {
                self.delete_name(directory, name)?;
                changes.push(Change::new(directory, name, before, ChangeKind::Removed));
            }
            None if self.name_count(directory)? >= most => return Err(NameError::Full(most)),
            None => (),
        }
        self.insert_name(directory, name, id)?;
        changes.push(Change::new(directory, name, id, ChangeKind::Added));
        Ok(changes)
    }

    /// Forgets a name.
    pub(crate) fn remove_name(
        self,
        directory: FormulaNumber,
        name: &PetName,
    ) -> Result<Vec<Change>, NameError> {
        let id = self.named(directory, name)?.ok_or_else(|| absent(name))?;
        self.delete_name(directory, name)?;
        Ok(vec![Change::new(directory, name, id, ChangeKind::Removed)])
    }

    /// Exchanges a name for another of the same directory. A name is never exchanged for itself, not even an absent
    /// one: Endo does nothing then.
    pub(crate) fn rename(
        self,
        directory: FormulaNumber,
        from: &PetName,
        to: &PetName,
    ) -> Result<Vec<Change>, NameError> {
        if from == to {
            return Ok(Vec::new());
        }
        let id = self.named(directory, from)?.ok_or_else(|| absent(from))?;
        let mut changes = Vec::with_capacity(3);
        if let Some(overwritten) = self.named(directory, to)? {
            self.delete_name(directory, to)?;
            changes.push(Change::new(directory, to, overwritten, ChangeKind::Removed));
        }
        self.delete_name(directory, from)?;
        self.insert_name(directory, to, id)?;
        changes.push(Change::new(directory, from, id, ChangeKind::Removed));
        changes.push(Change::new(directory, to, id, ChangeKind::Added));
        Ok(changes)
    }

    fn insert_name(self, directory: FormulaNumber, name: &PetName, id: FormulaId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO name (directory, sort_key, name, formula) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                directory.to_string(),
                sort_key(name.as_str()),
                name.as_str(),
                id.to_string()
            ])?;
        Ok(())
    }

    fn delete_name(self, directory: FormulaNumber, name: &PetName) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM name WHERE directory = ?1 AND sort_key = ?2")?
            .execute(params![directory.to_string(), sort_key(name.as_str())])?;
        Ok(())
    }

    fn name_count(self, directory: FormulaNumber) -> Result<usize, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT count(*) FROM name WHERE directory = ?1")?;
        let count: i64 = select.query_row([directory.to_string()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl Change {
    fn new(directory: FormulaNumber, name: &PetName, id: FormulaId, kind: ChangeKind) -> Self {
        Self { directory, name: Arc::from(name.as_str()), id, kind }
    }
}
