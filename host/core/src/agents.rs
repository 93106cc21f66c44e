//! Agents: from a path in the person's names to who that is, each time anew.
//!
//! An agent is its formula identifier. Grants, stores, limits and counts go by that, so a name that was given to
//! another agent brings that one nothing.

use std::collections::BTreeSet;

use powerbox_authority::grant::{Agent, AgentId, AgentKey};
use powerbox_authority::ledger::LedgerError;
use powerbox_captp::{Answer, Object, Value};

use crate::allowance::Allowance;
use crate::daemon::{ConnectError, Daemon, Dialect, locate, located};
use crate::designation::{lookup, parse_path};
use crate::host::Host;
use crate::membrane::Problem;
use crate::text::clean_line;

/// An agent cannot be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// There is no daemon.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is nothing by that name, or it cannot be looked at.
    #[error("the agent `{}` cannot be found: {problem}", clean_line(.name))]
    Name {
        /// The name.
        name: String,
        /// Why not.
        #[source]
        problem: Problem,
    },
    /// The name holds something else.
    #[error("`{}` is {found}, not an agent; `powerbox mkguest` makes one", clean_line(.name))]
    NotAnAgent {
        /// The name.
        name: String,
        /// What it holds, in words.
        found: &'static str,
    },
    /// What holds the name does not know identifiers.
    #[error(
        "`{}` has no identifier, so nothing can be kept for it; copy the agent to a name of your own and use that",
        clean_line(.0)
    )]
    NoIdentifier(String),
    /// The ledger of grants.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Host {
    /// Finds the agent at a path of the person's names, and keeps what it is called now.
    ///
    /// # Errors
    ///
    /// If there is no daemon, no agent at that path, or one without an identifier.
    pub async fn agent(&self, path: &str) -> Result<Agent, AgentError> {
        let daemon = self.daemon().await?;
        let agent = find(&daemon, path).await?;
        self.ledger().note_agent(&agent)?;
        let mut sections = BTreeSet::new();
        // Asked all at once: none waits for the one before.
        let asked = self.allowances().agents.keys().map(|section| {
            let named = parse_path(section).map(|names| ask(&daemon, "identify", names));
            (section, named)
        });
        for (section, asked) in asked.collect::<Vec<_>>() {
            let is_it = match asked {
                _ if section == agent.name() => true,
                Ok(asked) => {
                    matches!(asked.await, Ok(Value::Text(id)) if id.as_str() == Some(agent.id().as_str()))
                }
                // A section that names nothing is about nobody.
                _ => false,
            };
            if is_it {
                sections.insert(section.clone());
            }
        }
        if !sections.is_empty() {
            self.ledger().note_sections(agent.key(), &sections)?;
        }
        Ok(agent)
    }

    /// Finds the agent at a path of the person's names without keeping anything: for completion.
    ///
    /// # Errors
    ///
    /// As [`agent`](Self::agent).
    pub(crate) async fn look_for_agent(&self, path: &str) -> Result<Agent, AgentError> {
        find(&self.daemon().await?, path).await
    }

    /// Looks up what the agents are called now that the ledger knows, so that what is shown after this is true. Asks no
    /// daemon if it knows none.
    ///
    /// # Errors
    ///
    /// If there is no daemon or the ledger cannot be used. What is shown is then as it was last known.
    pub async fn refresh_agent_names(&self) -> Result<(), AgentError> {
        let known = self.ledger().agents()?;
        if known.is_empty() {
            return Ok(());
        }
        let daemon = self.daemon().await?;
        for agent in known {
            let named = match agent.name.as_deref().map(parse_path) {
                Some(Ok(names)) => identified(&daemon, names).await.ok().flatten(),
                _ => None,
            };
            if named.as_deref() == Some(agent.id.as_str()) {
                continue;
            }
            let id = Value::text(agent.id.as_str());
            let names = daemon.host().call("reverseIdentify", vec![id]).await;
            let names = names.ok();
            let name = names.as_ref().and_then(Value::as_list).and_then(|names| {
                names.iter().filter_map(Value::as_str).find(|name| !daemon.dialect().is_special(name))
            });
            match name {
                Some(name) => self.ledger().note_agent(&Agent::new(agent.id, name))?,
                None => self.ledger().note_unnamed(&agent.key)?,
            }
        }
        Ok(())
    }

    /// The names of an agent, or the person's own, to ask about.
    ///
    /// # Errors
    ///
    /// If the agent is gone.
    pub async fn agent_names(&self, daemon: &Daemon, agent: Option<&Agent>) -> Result<Object, AgentError> {
        let name = agent.map(Agent::name).unwrap_or_default().to_owned();
        agent_object(daemon, agent).await.map_err(|problem| AgentError::Name { name, problem })
    }

    /// What holds for a plugin that acts for an agent, or for the person: by all sections of the configuration that
    /// name the agent now or ever did.
    ///
    /// # Errors
    ///
    /// If the ledger cannot be read.
    pub fn allowance(&self, plugin: &str, agent: Option<&AgentKey>) -> Result<Allowance, LedgerError> {
        Ok(self.allowances().of(plugin, &self.sections_of(agent)?))
    }

    /// The sections of the configuration that are about an agent.
    pub(crate) fn sections_of(&self, agent: Option<&AgentKey>) -> Result<BTreeSet<String>, LedgerError> {
        match agent {
            Some(agent) if !self.allowances().agents.is_empty() => self.ledger().sections(agent),
            _ => Ok(BTreeSet::new()),
        }
    }
}

/// The object of an agent, or the person's own: the very one, whatever its name holds by now.
pub(crate) async fn agent_object(daemon: &Daemon, agent: Option<&Agent>) -> Result<Object, Problem> {
    let Some(agent) = agent else { return Ok(daemon.host().clone()) };
    match daemon.dialect() {
        Dialect::Llm | Dialect::Embedded => {
            match daemon.host().call("lookupById", vec![Value::text(agent.id().as_str())]).await? {
                Value::Capability(object) => Ok(object),
                other => {
                    let found = crate::bridge::kind(&other);
                    Err(Problem::Invalid(format!("`{}` is {found}, not an agent", agent.name())))
                }
            }
        }
        Dialect::Master => {
            let names = parse_path(agent.name()).map_err(Problem::Invalid)?;
            let object = lookup(daemon.host(), daemon.dialect(), names.clone(), agent.name()).await?;
            // This dialect looks up names only, and the name may have changed hands before it was looked up.
            if identified(daemon, names).await?.as_deref() != Some(agent.id().as_str()) {
                return Err(Problem::Other(format!(
                    "`{}` was given to another agent just now",
                    agent.name()
                )));
            }
            Ok(object)
        }
    }
}

async fn find(daemon: &Daemon, path: &str) -> Result<Agent, AgentError> {
    let failed = |problem| AgentError::Name { name: path.to_owned(), problem };
    let names = parse_path(path).map_err(|reason| failed(Problem::Invalid(reason)))?;
    let held = locate(daemon.host(), &daemon.dialect().path(names.clone()));
    let id = match identified(daemon, names).await {
        Ok(Some(id)) => id,
        Ok(None) => return Err(failed(Problem::NotFound(path.to_owned()))),
        // Not everything that names things knows identifiers.
        Err(Problem::Remote { name, .. }) if name == "TypeError" => {
            return Err(AgentError::NoIdentifier(path.to_owned()));
        }
        Err(problem) => return Err(failed(problem)),
    };
    let Ok(id) = AgentId::parse(&id) else { return Err(AgentError::NoIdentifier(path.to_owned())) };
    // The daemon's own record of what it keeps there decides, not what the object says that it is. A directory has names,
    // too, but nobody acts with it.
    let held = held.await.map_err(|error| failed(error.into()))?;
    match located(&held) {
        Some(held) if held.is_agent() => Ok(Agent::new(id, path)),
        Some(held) => Err(AgentError::NotAnAgent { name: path.to_owned(), found: held.in_words() }),
        None => Err(failed(Problem::NotFound(path.to_owned()))),
    }
}

/// The identifier that a path leads to; none if it leads to nothing.
async fn identified(daemon: &Daemon, names: Vec<String>) -> Result<Option<String>, Problem> {
    match ask(daemon, "identify", names).await? {
        Value::Text(id) => Ok(id.as_str().map(str::to_owned)),
        _ => Ok(None),
    }
}

/// Asks the person's names about a path.
fn ask(daemon: &Daemon, method: &str, names: Vec<String>) -> Answer {
    let path = daemon.dialect().path(names);
    daemon.host().call(method, path.iter().map(|name| Value::text(name.as_str())).collect())
}
