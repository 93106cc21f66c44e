//! What every daemon has from its first start on: its keys, and the formulas it starts from.

use crate::formula::Formula;
use crate::id::{FormulaId, FormulaNumber, NodeId};
use crate::key::Key;
use crate::store::{StoreError, Tables};

/// The node of a daemon, and its first formulas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roots {
    /// The daemon; the root host and each guest have a key of their own.
    pub(crate) node: NodeId,
    pub(crate) endo: FormulaId,
    pub(crate) host: FormulaId,
    pub(crate) handle: FormulaId,
    pub(crate) inspector: FormulaId,
    pub(crate) networks: FormulaId,
    pub(crate) least_authority: FormulaId,
    pub(crate) pins: FormulaId,
}

impl Roots {
    /// Reads them, or makes those that are not there.
    pub(crate) fn prepare(tables: Tables<'_>) -> Result<Self, StoreError> {
        let node = node_of(tables, "daemon")?;
        let agent = node_of(tables, "host")?;
        let root = |role, node, formula: Formula| root(tables, role, node, &formula);
        let host = root("host", agent, Formula::Host {})?;
        Ok(Self {
            node,
            endo: root("endo", node, Formula::Endo {})?,
            host,
            handle: root("handle", agent, Formula::Handle { agent: host })?,
            inspector: root("inspector", agent, Formula::PetInspector {})?,
            networks: root("networks", node, Formula::Directory {})?,
            least_authority: root("least-authority", node, Formula::LeastAuthority {})?,
            pins: root("pins", node, Formula::Directory {})?,
        })
    }

    /// Gives the special names of the root host, in the order in which Endo keeps them.
    ///
    /// `@main`, `@node` and `@mail` are missing: this daemon has no workers and no mail yet.
    pub(crate) fn special_names(&self) -> Vec<(&'static str, FormulaId)> {
        vec![
            ("@agent", self.host),
            ("@self", self.handle),
            ("@host", self.handle),
            ("@endo", self.endo),
            ("@nets", self.networks),
            ("@pins", self.pins),
            ("@info", self.inspector),
            ("@none", self.least_authority),
        ]
    }
}

fn node_of(tables: Tables<'_>, role: &str) -> Result<NodeId, StoreError> {
    if let Some(key) = tables.key(role)? {
        return Ok(key.node());
    }
    let key = Key::random()?;
    tables.add_key(role, &key)?;
    Ok(key.node())
}

fn root(tables: Tables<'_>, role: &str, node: NodeId, formula: &Formula) -> Result<FormulaId, StoreError> {
    if let Some(id) = tables.root(role)? {
        return Ok(id);
    }
    let id = FormulaId { number: FormulaNumber::random()?, node };
    tables.add_root(role, id, formula)?;
    Ok(id)
}
