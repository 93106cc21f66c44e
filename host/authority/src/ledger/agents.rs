use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{Ledger, LedgerError};
use crate::grant::{Agent, AgentId, AgentKey};

/// An agent as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// What stands for it in records.
    pub key: AgentKey,
    /// Who it is.
    pub id: AgentId,
    /// What it was called when it was last looked for, if it had a name.
    pub name: Option<String>,
}

impl Ledger {
    /// Keeps what an agent is called now. Another agent that had this name has none until it is found again.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written.
    pub fn note_agent(&self, agent: &Agent) -> Result<(), LedgerError> {
        if self.agent_name(agent.key())?.as_deref() == Some(agent.name()) {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "UPDATE agent SET name = NULL WHERE name = ?1 AND key <> ?2";
        transaction.execute(sql, params![agent.name(), agent.key().as_str()])?;
        transaction.execute(
            "INSERT INTO agent (key, id, name) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET name = ?3",
            params![agent.key().as_str(), agent.id().as_str(), agent.name()],
        )?;
        Ok(transaction.commit()?)
    }

    /// Keeps that an agent has no name any more.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be written.
    pub fn note_unnamed(&self, key: &AgentKey) -> Result<(), LedgerError> {
        self.connection().execute("UPDATE agent SET name = NULL WHERE key = ?1", [key.as_str()])?;
        Ok(())
    }

    /// The agents that anything was ever done for.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn agents(&self) -> Result<Vec<KnownAgent>, LedgerError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT key, id, name FROM agent ORDER BY name, key")?;
        let mut rows = statement.query([])?;
        let mut agents = Vec::new();
        while let Some(row) = rows.next()? {
            let (key, id): (String, String) = (row.get(0)?, row.get(1)?);
            // A row that is damaged names nobody.
            if let (Some(key), Ok(id)) = (AgentKey::stored(&key), AgentId::parse(&id)) {
                agents.push(KnownAgent { key, id, name: row.get(2)? });
            }
        }
        Ok(agents)
    }

    /// What an agent is called, as far as the ledger knows.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn agent_name(&self, key: &AgentKey) -> Result<Option<String>, LedgerError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT name FROM agent WHERE key = ?1")?;
        let name = statement.query_row([key.as_str()], |row| row.get(0)).optional()?;
        Ok(name.flatten())
    }

    /// Whether an earlier version of the ledger had a grant for an agent by this path. The agent that it was for cannot
    /// be told from another that has the path now.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn had_path(&self, path: &str) -> Result<bool, LedgerError> {
        // As that version wrote it.
        let holder = format!("agent {}", crate::text::clean_line(path).replace('>', "\\u{3e}"));
        let sql = "SELECT EXISTS (SELECT 1 FROM grants WHERE holder = ?1)";
        Ok(self.connection().query_row(sql, [holder], |row| row.get(0))?)
    }

    /// Keeps that sections of the configuration were written about an agent, and gives all that ever were: they go with
    /// the agent and not with the name.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read or written.
    pub fn note_sections(
        &self,
        key: &AgentKey,
        paths: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, LedgerError> {
        let connection = self.connection();
        for path in paths {
            let sql = "INSERT INTO agent_section (path, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            connection.execute(sql, params![path, key.as_str()])?;
        }
        sections(&connection, key)
    }

    /// The sections of the configuration that were written about an agent, as far as is known.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn sections(&self, key: &AgentKey) -> Result<BTreeSet<String>, LedgerError> {
        sections(&self.connection(), key)
    }
}

fn sections(connection: &Connection, key: &AgentKey) -> Result<BTreeSet<String>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT path FROM agent_section WHERE key = ?1")?;
    let paths = statement.query_map([key.as_str()], |row| row.get(0))?;
    Ok(paths.collect::<rusqlite::Result<_>>()?)
}

/// What agents are called, by key.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<HashMap<String, String>> {
    let mut statement = connection.prepare_cached("SELECT key, name FROM agent WHERE name IS NOT NULL")?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    names.collect()
}
