use std::fmt;

use serde::{Serialize, Serializer};

use super::{Agent, AgentKey};

/// Who holds a grant: a chain of principals without the person at its head, whose host this is.
///
/// An agent is kept by its [key](AgentKey) and shown by its present name. Two holders are equal if they are the same,
/// whatever they are called.
#[derive(Clone, Debug)]
pub struct Holder {
    /// As the ledger keeps it.
    stored: String,
    /// What the agent at the head is called now, if it has a name.
    called: Option<String>,
}

/// What stands before an agent's key. Earlier versions of the ledger had a path in its place.
const AGENT: &str = "agent #";

impl Holder {
    /// An agent.
    pub fn agent(agent: &Agent) -> Self {
        Self { stored: format!("{AGENT}{}", agent.key()), called: Some(agent.name().to_owned()) }
    }

    /// A plugin that acts for an agent, or for the person.
    pub fn plugin(agent: Option<&Agent>, plugin: &str) -> Self {
        match agent {
            Some(agent) => {
                let Self { stored, called } = Self::agent(agent);
                Self { stored: format!("{stored} > plugin {}", link(plugin)), called }
            }
            None => Self { stored: format!("plugin {}", link(plugin)), called: None },
        }
    }

    /// Whoever has an attenuated reference, by the name under which it was made.
    pub fn reference(name: &str) -> Self {
        Self { stored: format!("reference {}", link(name)), called: None }
    }

    /// As the ledger keeps it, with keys in place of names.
    pub fn as_stored(&self) -> &str {
        &self.stored
    }

    /// Takes it as it was stored, with the name that its agent has now.
    pub(crate) fn stored(stored: String, called: impl FnOnce(&AgentKey) -> Option<String>) -> Self {
        let mut holder = Self { stored, called: None };
        holder.called = holder.agent_key().as_ref().and_then(called);
        holder
    }

    /// The plugin at the end of the chain.
    pub fn plugin_name(&self) -> Option<&str> {
        self.stored.rsplit(" > ").next()?.strip_prefix("plugin ")
    }

    /// The agent at the head of the chain.
    pub fn agent_key(&self) -> Option<AgentKey> {
        AgentKey::stored(self.stored.split(" > ").next()?.strip_prefix(AGENT)?)
    }

    /// What the agent at the head of the chain is called now, if it has a name.
    pub fn agent_name(&self) -> Option<&str> {
        self.called.as_deref()
    }

    /// Whether an agent is at the head of the chain.
    pub fn is_for_agent(&self) -> bool {
        self.stored.starts_with("agent ")
    }

    /// Whether it has an attenuated reference.
    pub fn is_reference(&self) -> bool {
        self.stored.starts_with("reference ")
    }

    /// In words and with the key of its agent, for records that must not change their meaning with a name.
    pub fn with_key(&self) -> String {
        match self.agent_key() {
            Some(key) => format!("{self} (agent {key})"),
            None => self.to_string(),
        }
    }
}

/// One link of the chain. A name is not taken for two links, whatever is in it.
fn link(name: &str) -> String {
    crate::text::clean_line(name).replace('>', "\\u{3e}")
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(key) = self.agent_key() else { return f.write_str(&self.stored) };
        match &self.called {
            Some(name) => write!(f, "agent {}", link(name))?,
            None => write!(f, "agent #{} without a name", key.short())?,
        }
        self.stored.split_once(" > ").map_or(Ok(()), |(_, rest)| write!(f, " > {rest}"))
    }
}

impl PartialEq for Holder {
    fn eq(&self, other: &Self) -> bool {
        self.stored == other.stored
    }
}

impl Eq for Holder {}

impl PartialOrd for Holder {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Holder {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.stored.cmp(&other.stored)
    }
}

impl std::hash::Hash for Holder {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.stored.hash(state);
    }
}

impl Serialize for Holder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
