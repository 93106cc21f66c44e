//! Formulas, keys and roots, as rows.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::formula::Formula;
use crate::id::{FormulaId, FormulaNumber, NodeId};
use crate::key::Key;

/// The database as one operation sees it: everything before it done, and its own changes not yet on disk.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(super) connection: &'a Connection,
}

/// Why there is no formula for an identifier.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum FormulaError {
    #[error("there is no formula {0}")]
    Absent(FormulaNumber),
    #[error("the formula is kept by another daemon, {0}")]
    Foreign(NodeId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for FormulaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Tables<'_> {
    /// Gives a formula.
    pub(crate) fn formula(self, id: FormulaId) -> Result<Formula, FormulaError> {
        let body = self.column("SELECT body FROM formula WHERE number = ?1 AND node = ?2", id)?;
        let read = serde_json::from_str(&body);
        Ok(read.map_err(|error| StoreError::Damaged(format!("formula {}: {error}", id.number)))?)
    }

    /// Gives the type of a formula, even of one that this version cannot read.
    pub(crate) fn formula_type(self, id: FormulaId) -> Result<String, FormulaError> {
        self.column("SELECT type FROM formula WHERE number = ?1 AND node = ?2", id)
    }

    fn column(self, select: &str, id: FormulaId) -> Result<String, FormulaError> {
        let mut select = self.connection.prepare_cached(select)?;
        let found = select.query_row([id.number.to_string(), id.node.to_string()], |row| row.get(0));
        match found.optional()? {
            Some(text) => Ok(text),
            None if self.has_node(id.node)? => Err(FormulaError::Absent(id.number)),
            None => Err(FormulaError::Foreign(id.node)),
        }
    }

    /// Keeps a new formula.
    pub(crate) fn add_formula(self, id: FormulaId, formula: &Formula) -> Result<(), StoreError> {
        let body = serde_json::to_string(formula).map_err(|error| StoreError::Damaged(error.to_string()))?;
        self.connection
            .prepare_cached("INSERT INTO formula (number, node, type, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id.number.to_string(), id.node.to_string(), formula.type_name(), body])?;
        Ok(())
    }

    /// Counts the formulas.
    pub(crate) fn formula_count(self) -> Result<u64, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT count(*) FROM formula")?;
        let count: i64 = select.query_row([], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Gives the formula that plays a part in every daemon, such as the root host.
    pub(crate) fn root(self, role: &str) -> Result<Option<FormulaId>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT formula FROM root WHERE role = ?1")?;
        let id: Option<String> = select.query_row([role], |row| row.get(0)).optional()?;
        id.map(|id| stored_id(&id)).transpose()
    }

    /// Keeps a formula and the part that it plays.
    pub(crate) fn add_root(self, role: &str, id: FormulaId, formula: &Formula) -> Result<(), StoreError> {
        self.add_formula(id, formula)?;
        self.connection
            .execute("INSERT INTO root (role, formula) VALUES (?1, ?2)", [role, &id.to_string()])?;
        Ok(())
    }

    /// Gives the key pair that plays a part.
    pub(crate) fn key(self, role: &str) -> Result<Option<Key>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT secret FROM node_key WHERE role = ?1")?;
        let secret = select.query_row([role], |row| row.get(0)).optional()?;
        Ok(secret.map(Key::from_secret))
    }

    /// Keeps a key pair and the part that it plays.
    pub(crate) fn add_key(self, role: &str, key: &Key) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO node_key (role, node, secret) VALUES (?1, ?2, ?3)",
            params![role, key.node().to_string(), key.secret()],
        )?;
        Ok(())
    }

    /// Tells whether a node is this daemon or one of its agents.
    fn has_node(self, node: NodeId) -> Result<bool, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT 1 FROM node_key WHERE node = ?1")?;
        Ok(select.exists([node.to_string()])?)
    }
}

/// Reads an identifier that this crate wrote.
pub(super) fn stored_id(text: &str) -> Result<FormulaId, StoreError> {
    FormulaId::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}
