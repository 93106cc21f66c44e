//! Formulas, keys and roots, as rows.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::formula::Formula;
use crate::id::FormulaId;

/// The database as one operation sees it: everything before it done, and its own changes not yet on disk.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(super) connection: &'a Connection,
}

impl Tables<'_> {
    /// Gives a formula of this daemon; of another's, `None`.
    pub(crate) fn formula(self, id: FormulaId) -> Result<Option<Formula>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT body FROM formula WHERE number = ?1 AND node = ?2")?;
        let body: Option<String> =
            select.query_row([id.number.to_string(), id.node.to_string()], |row| row.get(0)).optional()?;
        body.map(|body| {
            serde_json::from_str(&body)
                .map_err(|error| StoreError::Damaged(format!("formula {}: {error}", id.number)))
        })
        .transpose()
    }

    /// Gives the type of a formula, even of one that this version cannot read.
    pub(crate) fn formula_type(self, id: FormulaId) -> Result<Option<String>, StoreError> {
        let mut select =
            self.connection.prepare_cached("SELECT type FROM formula WHERE number = ?1 AND node = ?2")?;
        Ok(select.query_row([id.number.to_string(), id.node.to_string()], |row| row.get(0)).optional()?)
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

    /// Gives the secret half of the key pair that plays a part.
    pub(crate) fn secret_key(self, role: &str) -> Result<Option<[u8; 32]>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT secret FROM node_key WHERE role = ?1")?;
        Ok(select.query_row([role], |row| row.get(0)).optional()?)
    }

    /// Keeps a key pair.
    pub(crate) fn add_key(self, role: &str, node: &str, secret: &[u8; 32]) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO node_key (role, node, secret) VALUES (?1, ?2, ?3)",
            params![role, node, secret],
        )?;
        Ok(())
    }
}

/// Reads an identifier that this crate wrote.
pub(super) fn stored_id(text: &str) -> Result<FormulaId, StoreError> {
    FormulaId::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}
